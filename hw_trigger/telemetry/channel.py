"""A channel: the recorded values of one telemetry channel, its labelled anomalies, and the facts about both.

Samples are float64 of shape ``(time, columns)``, in the units of the source (the NASA channels are scaled to about
[-1, 1]). Column 0 is the telemetry value; the others, where there are any, are commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError

Samples = NDArray[np.float64]

CHANNEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What a channel may be called, as its name becomes part of the names of runs and of their directories."""

NEARLY_CONSTANT = 10
"""Test data in which at most so many samples differ from all others are flagged."""

FAR = 4.0
"""Test values further from the middle of the trained range than so many half ranges are noted."""


class SamplesError(UserError):
    """Samples that are no telemetry: a wrong shape or type, NaN or infinite values."""


class AnomalyRangeError(UserError):
    """A labelled anomaly outside the test data, or without a sample."""


@dataclass(frozen=True)
class Interval:
    """Samples ``start <= t < stop`` of the test data, and the kind of anomaly that was labelled there."""

    start: int
    stop: int
    kind: str


def sample_labels(anomalies: Iterable[Interval], count: int) -> NDArray[np.bool_]:
    """Return whether each of `count` samples is within an anomaly, shape ``(count,)``."""
    labels = np.zeros(count, bool)
    for anomaly in anomalies:
        labels[anomaly.start : anomaly.stop] = True
    return labels


@dataclass(frozen=True, eq=False)
class Channel:
    """One telemetry channel.

    Attributes
    ----------
    name, spacecraft
        As in the label file, for example ``"A-1"`` and ``"SMAP"``.
    train, test
        Samples, float64, read-only, shapes ``(N, columns)`` and ``(M, columns)``.
    anomalies
        Labelled anomalies of the test data, in the order of time and without overlap.
    source
        Where the samples are from, for people to read.
    sample_period
        Seconds from one sample to the next; None where the source does not say.

    Raises
    ------
    SamplesError
        Samples have a wrong shape or type, or are not finite.
    AnomalyRangeError
        An anomaly is not within the test data.
    """

    name: str
    spacecraft: str
    train: Samples
    test: Samples
    anomalies: tuple[Interval, ...]
    source: str
    sample_period: float | None = None

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            checked = check_samples(getattr(self, part), f"the {part} samples of channel {self.name!r}")
            object.__setattr__(self, part, checked)
        check_columns(self.train, self.test, self.name)
        for anomaly in self.anomalies:
            if not 0 <= anomaly.start < anomaly.stop <= len(self.test):
                raise AnomalyRangeError(
                    f"channel {self.name!r} has an anomaly at samples {anomaly.start} to {anomaly.stop} (exclusive), "
                    f"and its test data have samples 0 to {len(self.test)} (exclusive)"
                )

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Whether each test sample is labelled anomalous, shape ``(M,)``."""
        return sample_labels(self.anomalies, len(self.test))


@dataclass(frozen=True)
class ChannelFacts:
    """What one wants to know of a channel before training on it.

    Attributes
    ----------
    train_length, test_length, columns
        Samples of the training and test data, and columns of both.
    train_range, test_range
        Least and greatest value of column 0, in the units of the source.
    constant_training
        Column 0 has one value throughout the training data.
    test_deviating
        Test samples whose column 0 differs from its most frequent value.
    anomalies, anomalous_share
        Labelled anomalies, and the share of the test samples within them, 0 to 1.
    flags
        Why the channel is degenerate, in words; empty where it is not.
    notes
        What else one should know, in words.
    """

    name: str
    spacecraft: str
    train_length: int
    test_length: int
    columns: int
    train_range: tuple[float, float]
    test_range: tuple[float, float]
    constant_training: bool
    test_deviating: int
    anomalies: int
    anomalous_share: float
    flags: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def degenerate(self) -> bool:
        """Whether results on this channel say little about a detector."""
        return bool(self.flags)


def check_samples(samples: ArrayLike, what: str) -> Samples:
    """Return samples as a read-only float64 array of shape ``(time, columns)``; `what` names them in an error.

    Raises
    ------
    SamplesError
        They are not numbers, not two-dimensional, empty, or not finite.
    """
    array = np.asarray(samples)
    if array.dtype.kind not in "fiu" or not np.can_cast(array.dtype, np.float64):
        raise SamplesError(f"{what}: the type is {array.dtype}, and integers or floats of at most 64 bits are needed")
    if array.ndim != 2 or 0 in array.shape:
        raise SamplesError(
            f"{what}: the shape is {array.shape}, and (samples, columns) with at least 1 of each is needed"
        )
    check_finite(array, what)
    result = np.array(array, np.float64, order="C")
    result.setflags(write=False)
    return result


def check_finite(array: NDArray[np.generic], what: str) -> None:
    """Refuse NaN and infinite values.

    Raises
    ------
    SamplesError
        There are some; the message tells how many and where the first is.
    """
    finite = np.isfinite(array)
    if finite.all():
        return
    where = tuple(int(index) for index in np.argwhere(~finite)[0])
    bad = int(np.count_nonzero(~finite))
    values = f"{bad} values are" if bad > 1 else "1 value is"
    raise SamplesError(f"{what}: {values} not finite, the first is {array[where]} at index {where}")


def check_columns(train: Samples, test: Samples, name: str) -> None:
    """Refuse training and test data with different columns.

    Raises
    ------
    SamplesError
        The numbers of columns differ.
    """
    if train.shape[1] != test.shape[1]:
        raise SamplesError(
            f"channel {name!r} has {train.shape[1]} columns in its training data and {test.shape[1]} in its test data"
        )


def facts(channel: Channel, window: int | None = None) -> ChannelFacts:
    """Return the facts about a channel; with `window`, data of fewer samples than that are flagged too."""
    train, test = channel.train[:, 0], channel.test[:, 0]
    train_range = (float(train.min()), float(train.max()))
    test_range = (float(test.min()), float(test.max()))
    _, counts = np.unique(test, return_counts=True)
    found = ChannelFacts(
        name=channel.name,
        spacecraft=channel.spacecraft,
        train_length=len(train),
        test_length=len(test),
        columns=channel.train.shape[1],
        train_range=train_range,
        test_range=test_range,
        constant_training=train_range[0] == train_range[1],
        test_deviating=int(len(test) - counts.max()),
        anomalies=len(channel.anomalies),
        anomalous_share=float(channel.labels.mean()),
        flags=(),
        notes=(),
    )
    return replace(found, flags=_flags(found, window), notes=_notes(found))


def _flags(found: ChannelFacts, window: int | None) -> tuple[str, ...]:
    """Say in words what makes a channel degenerate."""
    flags = []
    if found.constant_training:
        flags.append("constant training data")
    if found.test_deviating == 0:
        flags.append("constant test data")
    elif found.test_deviating <= NEARLY_CONSTANT:
        samples = "sample" if found.test_deviating == 1 else "samples"
        flags.append(f"constant test data but for {found.test_deviating} {samples}")
    if found.anomalies == 0:
        flags.append("no anomaly")
    elif found.anomalous_share == 1.0:
        flags.append("nothing but anomaly")
    if window is not None:
        for part, length in (("training", found.train_length), ("test", found.test_length)):
            if length < window:
                flags.append(f"{part} data of {length} samples, shorter than the window of {window}")
    return tuple(flags)


def _notes(found: ChannelFacts) -> tuple[str, ...]:
    """Say in words what is no fault of the channel, but changes what a detector sees of it."""
    low, high = found.train_range
    reach = max(abs(value - (low + high) / 2) for value in found.test_range)
    if found.constant_training or reach <= FAR * (high - low) / 2:
        return ()
    test_low, test_high = found.test_range
    return (f"test data from {test_low:g} to {test_high:g}, far outside the trained {low:g} to {high:g}",)
