"""Events: which labelled ones are found, how soon, and how often an alarm is false.

A predicted event is a run of alarms. Its protocol is the overlapping-segment one of Orion (Alnegheimish et al., "Sintel",
SIGMOD 2022; Hundman et al., KDD 2018, section 4.1): a labelled event that shares a sample with a predicted one is found, however
many do; a predicted event that shares none with any labelled one is false.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hw_trigger.detection.intervals import Marks, MarksError, marks, overlapped, runs

SECONDS_A_DAY: Final = 86_400.0

SAMPLE_PERIOD: Final = 60.0
"""Seconds between two samples of the SMAP and MSL telemetry."""


@dataclass(frozen=True)
class EventCounts:
    """Labelled events that are found and missed, and predicted events that are false.

    Attributes
    ----------
    found, missed, false
        TP, FN and FP.
    """

    found: int
    missed: int
    false: int

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP); None without a predicted event."""
        return _ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN); None without a labelled event."""
        return _ratio(self.found, self.found + self.missed)

    def f(self, beta: float = 1.0) -> float | None:
        """Return F-beta, ``(1 + b) TP / ((1 + b) TP + b FN + FP)`` with b = beta^2; None without any event."""
        weight = beta * beta
        hits = (1 + weight) * self.found
        return _ratio(hits, hits + weight * self.missed + self.false)


def event_counts(alarms: ArrayLike, labels: ArrayLike, *, gap: int = 0) -> EventCounts:
    """Count events by overlap.

    Parameters
    ----------
    alarms, labels
        bool, shape ``(M,)`` each. A sample without a score is no alarm: an event there is missed.
    gap
        Alarms with so many samples or fewer between them are one predicted event; 0 is Orion's protocol itself. The samples
        between them are no alarms: a labelled event that lies there is missed.

    Raises
    ------
    MarksError
        They are not bool, not one per sample, or `gap` is negative.
    """
    alarm, truth = _checked(alarms, labels)
    predicted, labelled = runs(alarm, gap), runs(truth)
    right = runs(alarm & truth)  # the alarms themselves, not what lies between them, find an event
    found = int(np.count_nonzero(overlapped(labelled, right)))
    false = int(np.count_nonzero(~overlapped(predicted, right)))
    return EventCounts(found, len(labelled) - found, false)


def pooled(counts: Iterable[EventCounts]) -> EventCounts:
    """Sum the counts of several channels, as Orion's leaderboard does before it divides."""
    items = list(counts)
    return EventCounts(
        sum(item.found for item in items), sum(item.missed for item in items), sum(item.false for item in items)
    )


@dataclass(frozen=True)
class Delays:
    """How long after the start of an event its first alarm comes.

    Attributes
    ----------
    samples
        One for each event with an alarm within it, in the order of time; 0 where an alarm is on as the event starts.
    missed
        Events without an alarm within them.
    """

    samples: tuple[int, ...]
    missed: int

    @property
    def mean(self) -> float | None:
        """Mean over the events that have one, in samples; None without."""
        return float(np.mean(self.samples)) if self.samples else None

    @property
    def median(self) -> float | None:
        """Median over the events that have one, in samples; None without."""
        return float(np.median(self.samples)) if self.samples else None


def detection_delays(alarms: ArrayLike, labels: ArrayLike) -> Delays:
    """Measure the delay of each labelled event; parameters and errors as `event_counts`."""
    alarm, truth = _checked(alarms, labels)
    events = runs(truth)
    delays = tuple(int(alarm[start:stop].argmax()) for start, stop in events if alarm[start:stop].any())
    return Delays(delays, len(events) - len(delays))


def false_alarms_a_day(
    alarms: ArrayLike,
    labels: ArrayLike,
    watched: ArrayLike | None = None,
    *,
    gap: int = 0,
    sample_period: float = SAMPLE_PERIOD,
) -> float | None:
    """Return false predicted events for each day of normal samples; None where no normal sample is watched.

    Parameters
    ----------
    alarms, labels, gap
        As `event_counts`.
    watched
        Samples that have a score, bool, shape ``(M,)``; by default all.
    sample_period
        Seconds between two samples.

    Raises
    ------
    MarksError
        As `event_counts`, and for a sample period that is not above 0.
    """
    alarm, truth = _checked(alarms, labels)
    seen = np.ones(len(truth), bool) if watched is None else marks(watched, "watched samples")
    days = days_of(int(np.count_nonzero(seen & ~truth)), sample_period)
    return event_counts(alarm, truth, gap=gap).false / days if days else None


def days_of(samples: int, sample_period: float) -> float:
    """Return how many days so many samples last.

    Raises
    ------
    MarksError
        The sample period is not a finite number of seconds above 0.
    """
    if not (np.isfinite(sample_period) and sample_period > 0):
        raise MarksError(f"the sample period must be a finite number of seconds above 0, not {sample_period:g}")
    return samples * sample_period / SECONDS_A_DAY


def _checked(alarms: ArrayLike, labels: ArrayLike) -> tuple[Marks, Marks]:
    alarm, truth = marks(alarms, "alarms"), marks(labels, "labels")
    if alarm.shape != truth.shape:
        raise MarksError(f"there are {len(alarm)} alarms and {len(truth)} labels; one of each per sample is needed")
    return alarm, truth


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
