"""Anomalies put into telemetry that has none: what a choice can be justified by without a look at the labels of test data.

The kinds are those that surveys of time series list (Lai et al., "Revisiting Time Series Outlier Detection", NeurIPS 2021
Datasets and Benchmarks): points, levels, trends, shapes, frequencies. Sizes are drawn in ranges of the samples themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.telemetry.channel import Interval

Values = NDArray[np.float64]

LENGTHS: Final = (40, 400)
"""Samples of an anomaly; of less than 1600 samples a quarter at most."""

LEAST_SAMPLES: Final = 4 * LENGTHS[0]

LEAST_RANGE: Final = 0.05
"""What is taken for the range of samples that have less or none, in their unit."""


class InjectionError(UserError):
    """Samples that no anomaly can be put into."""


@dataclass(frozen=True, eq=False)
class _Site:
    """Where an anomaly goes: the samples ``(N,)``, its first one, its length, the samples' range, and another signal."""

    samples: Values
    start: int
    length: int
    range: float
    donor: Values

    @property
    def values(self) -> Values:
        """The samples that become the anomaly, ``(length,)``."""
        return self.samples[self.start : self.start + self.length]


def inject(samples: Values, kind: str, donor: Values, random: np.random.Generator) -> tuple[Values, Interval]:
    """Put one anomaly into the second half of samples.

    Parameters
    ----------
    samples
        Of one column, ``(N,)``, `LEAST_SAMPLES` or more.
    kind
        One of `KINDS`.
    donor
        Samples of another channel, ``(n,)``, as many as an anomaly has (`LENGTHS`) or more: the kind "foreign" is a piece of it.
    random
        Decides on place, length and size.

    Returns
    -------
    numpy.ndarray
        The samples with the anomaly, ``(N,)``. Some kinds leave some samples as they are: nothing freezes what stands still.
    Interval
        Where it is.

    Raises
    ------
    InjectionError
        There is no such kind, or there are too few samples or too few of the donor.
    """
    if kind not in KINDS:
        raise InjectionError(f"there is no anomaly {kind!r}; there are {', '.join(KINDS)}")
    for what, given, least in (("samples", samples, LEAST_SAMPLES), ("samples of a donor", donor, LENGTHS[1])):
        if given.ndim != 1 or len(given) < least:
            raise InjectionError(f"{what} have the shape {given.shape}, and (N,) with N of {least} or more is needed")
    length = int(random.integers(LENGTHS[0], min(LENGTHS[1], len(samples) // 4), endpoint=True))
    start = int(random.integers(len(samples) // 2, len(samples) - length, endpoint=True))
    site = _Site(samples, start, length, max(float(np.ptp(samples)), LEAST_RANGE), donor)
    changed = samples.copy()
    changed[start : start + length] = KINDS[kind](site, random)
    return changed, Interval(start, start + length, kind)


def mismatch(samples: Values, random: np.random.Generator) -> Values:
    """Return samples ``(N,)`` with another gain, 0.5 to 1, and an offset that leaves them within their range.

    So do the training and the test data of the NASA channels differ, which are scaled to [-1, 1] each on their own.
    """
    gain = random.uniform(0.5, 1.0)
    middle, half = (samples.max() + samples.min()) / 2, np.ptp(samples) / 2
    offset = random.uniform(-1, 1) * (1 - gain) * half
    return np.asarray(middle + gain * (samples - middle) + offset)


def _spike(site: _Site, random: np.random.Generator) -> Values:
    """Up to three samples in its first half are beside the others, all on one side."""
    changed = site.values.copy()
    places = random.integers(site.length // 8, site.length // 2, 3)
    changed[places] += _sign(random) * site.range * random.uniform(0.5, 1.5)
    return changed


def _shift(site: _Site, random: np.random.Generator) -> Values:
    return site.values + _sign(random) * site.range * random.uniform(0.3, 1.0)


def _drift(site: _Site, random: np.random.Generator) -> Values:
    return site.values + _sign(random) * site.range * random.uniform(0.5, 1.0) * np.linspace(0, 1, site.length)


def _noise(site: _Site, random: np.random.Generator) -> Values:
    return site.values + random.normal(size=site.length) * site.range * random.uniform(0.1, 0.4)


def _frozen(site: _Site, random: np.random.Generator) -> Values:
    del random
    return np.full(site.length, site.samples[site.start - 1])


def _amplitude(site: _Site, random: np.random.Generator) -> Values:
    mean = site.values.mean()
    return np.asarray(mean + (site.values - mean) * random.choice([0.3, 0.5, 1.8]))


def _speed(site: _Site, random: np.random.Generator) -> Values:
    """The signal runs at half or at twice its speed, and stands still where the samples end."""
    clock = site.start + np.arange(site.length) * random.choice([0.5, 2.0])
    return np.asarray(site.samples[np.minimum(clock.astype(int), len(site.samples) - 1)])


def _foreign(site: _Site, random: np.random.Generator) -> Values:
    """A piece of the other signal, brought to the range of this one."""
    start = int(random.integers(0, len(site.donor) - site.length, endpoint=True))
    piece, whole = site.donor[start : start + site.length], site.donor
    unit = max(float(np.ptp(whole)), LEAST_RANGE)
    middle = (site.samples.max() + site.samples.min()) / 2
    return np.asarray(middle + (piece - (whole.max() + whole.min()) / 2) * (site.range / unit))


def _sign(random: np.random.Generator) -> int:
    return int(random.choice([-1, 1]))


KINDS: Final[dict[str, Callable[[_Site, np.random.Generator], Values]]] = {
    "spike": _spike,
    "shift": _shift,
    "noise": _noise,
    "frozen": _frozen,
    "amplitude": _amplitude,
    "speed": _speed,
    "foreign": _foreign,
    "drift": _drift,
}
"""From where an anomaly goes to its samples ``(length,)``, by its kind."""
