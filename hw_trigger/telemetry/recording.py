"""What a file of the user's own says of one channel, and the way from there to training and test data.

Every layout but the original one goes this way: a recording is brought to a uniform period where that is wanted
(:func:`hold`), divided in time (:func:`divide`), and becomes a channel (:func:`to_channel`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.telemetry.channel import Channel, Interval, Samples

Codes = NDArray[np.int64]
Times = NDArray[np.datetime64]

Boundary = int | float | np.datetime64
"""Where the test data begin: the number of a sample, a share of the samples between 0 and 1, or a time."""

NOMINAL: Final = 0

MAXIMUM: Final = 200_000_000
"""So many samples a recording may have after resampling (1.6 GB a column)."""


class RecordingError(UserError):
    """A recording that cannot be divided or resampled as is asked, or a part of it that would be empty."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Samples of one channel with what is labelled in them.

    Attributes
    ----------
    values
        Samples, float64, finite, shape ``(N, columns)``.
    codes
        For each sample 0 where it is nominal, k where it is an anomaly of the kind ``kinds[k - 1]``; int64, shape ``(N,)``.
    kinds
        Kinds of anomalies, in words.
    times
        When the samples were taken, UTC, ``datetime64[ns]``, shape ``(N,)``, never going back; None where that is unknown.
    what
        Names the recording in an error.
    """

    values: Samples
    codes: Codes
    kinds: tuple[str, ...]
    times: Times | None
    what: str

    def part(self, where: slice | NDArray[np.int64]) -> Recording:
        """Return some of the samples."""
        times = None if self.times is None else self.times[where]
        return replace(self, values=self.values[where], codes=self.codes[where], times=times)


def moment(value: datetime | date | str) -> np.datetime64:
    """Return a time as NumPy has it, in UTC; a time without a zone is UTC already.

    Raises
    ------
    ValueError
        A text is no ISO 8601 time.
    """
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        return np.datetime64(found, "ns")
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(found, "ns")


def hold(recording: Recording, period: float) -> Recording:
    """Resample to a uniform period by zero-order hold, as the ESA anomaly detection benchmark does.

    The grid is the multiples of the period (since 1970) from the last one before the first sample to the first one after
    the last sample. Each of its points has the last sample up to there, the first point the first sample. Where a labelled
    sample would be lost, because a nominal one follows before the grid's next point, that point has the labelled one.
    Source: Kotowski et al., "European Space Agency Benchmark for Anomaly Detection in Satellite Telemetry", 2024.

    Parameters
    ----------
    period
        Seconds, above 0, rounded to nanoseconds.

    Raises
    ------
    RecordingError
        The recording has no times, or would have more than :data:`MAXIMUM` samples.
    """
    if recording.times is None:
        raise RecordingError(f"{recording.what} cannot be resampled to {period:g} s: it has no timestamps")
    raw = recording.times.astype("datetime64[ns]").astype(np.int64)
    step = max(1, round(period * 1e9))
    first, last = int(raw[0]) // step, -(-int(raw[-1]) // step)
    if last - first >= MAXIMUM:
        raise RecordingError(
            f"{recording.what} would have {last - first + 1} samples after resampling to {period:g} s, "
            f"and at most {MAXIMUM} are possible; choose a longer period"
        )
    grid = np.arange(first, last + 1) * step
    chosen = np.maximum(np.searchsorted(raw, grid, side="right") - 1, 0)
    labelled = np.flatnonzero(recording.codes != NOMINAL)
    at = np.searchsorted(grid, raw[labelled])
    lost = recording.codes[chosen[at]] == NOMINAL
    chosen[at[lost]] = labelled[lost]  # of several at one point, the last
    return replace(recording.part(chosen), times=grid.astype("datetime64[ns]"))


def divide(recording: Recording, boundary: Boundary) -> tuple[Recording, Recording]:
    """Return what is before `boundary`, and what is from there on: training and test data.

    Raises
    ------
    RecordingError
        One of the two would be empty, or `boundary` is a time and the recording has none.
    """
    count = len(recording.values)
    if isinstance(boundary, np.datetime64):
        if recording.times is None:
            raise RecordingError(f"{recording.what} cannot be divided at {boundary}: it has no timestamps")
        at = int(np.searchsorted(recording.times, boundary))
    elif isinstance(boundary, float):
        at = round(boundary * count)
    else:
        at = boundary
    if not 0 < at < count:
        part = "training" if at <= 0 else "test"
        raise RecordingError(
            f"{recording.what} has no {part} data: the boundary {boundary} leaves none of {count} samples"
        )
    return recording.part(slice(0, at)), recording.part(slice(at, count))


def intervals(codes: Codes, kinds: Sequence[str], offset: int = 0) -> list[Interval]:
    """Return the runs of equal codes that are anomalies; the first code is that of the sample `offset`."""
    edges = np.flatnonzero(np.diff(codes, prepend=NOMINAL, append=NOMINAL))
    return [
        Interval(offset + int(start), offset + int(stop), kinds[codes[start] - 1])
        for start, stop in itertools.pairwise(edges)
        if codes[start] != NOMINAL
    ]


def to_channel(
    name: str,
    spacecraft: str,
    parts: tuple[Recording, Recording],
    *,
    source: str,
    sample_period: float | None,
) -> Channel:
    """Make a channel of training and test data.

    An autoencoder learns what is nominal: labelled samples are left out of the training data, and what is before and after
    them is joined.

    Raises
    ------
    RecordingError
        Nothing is left of the training data.
    SamplesError
        Training and test data have different columns.
    """
    train, test = parts
    nominal = train.codes == NOMINAL
    if not nominal.any():
        raise RecordingError(f"{train.what} has no training data: all {len(nominal)} samples are labelled anomalous")
    anomalies = tuple(intervals(test.codes, test.kinds))
    return Channel(name, spacecraft, train.values[nominal], test.values, anomalies, source, sample_period)
