"""Affiliation precision and recall: how near alarms are to the labelled events, against alarms at random.

Huet, Navarro and Rossi, "Local Evaluation of Time Series Anomaly Detection Algorithms", KDD 2022, section 3. The time axis is
split halfway between neighbouring events into a zone for each. With X uniform in the zone E of event J:

    precision of J = mean over the times x of alarms within E, of P(dist(X, J) >= dist(x, J))
    recall of J    = mean over the times y of J, of P(|X - y| >= dist(y, alarms within E)), 0 without an alarm in E

Precision is their mean over the zones with an alarm, recall over all zones. Time is continuous, and a sample t is the interval
[t, t + 1). Alarms at random get a precision of about one half, and a recall near 1 where they are many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.detection.intervals import Marks, MarksError, marks, runs

CELLS = 4
"""Cells that a sample is split into. All probabilities are linear within a cell: events end at whole samples, zones at half
ones, and what is halfway between such at quarters. So the value in a cell's middle is its mean, and the result is exact."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Affiliation:
    """Affiliation metrics, 0 to 1.

    Attributes
    ----------
    precision
        None without an alarm, or without an event.
    recall
        None without an event.
    f1
        Their harmonic mean, 0 without an alarm, None without an event.
    """

    precision: float | None
    recall: float | None
    f1: float | None


def affiliation(alarms: ArrayLike, labels: ArrayLike) -> Affiliation:
    """Measure how near the alarms are to the labelled events.

    Parameters
    ----------
    alarms, labels
        bool, shape ``(M,)`` each.

    Raises
    ------
    MarksError
        They are not bool, or not one per sample.
    """
    alarm, truth = marks(alarms, "alarms"), marks(labels, "labels")
    if alarm.shape != truth.shape:
        raise MarksError(f"there are {len(alarm)} alarms and {len(truth)} labels; one of each per sample is needed")
    events = runs(truth)
    if not len(events):
        return Affiliation(None, None, None)
    halfway = (events[:-1, 1] + events[1:, 0]) / 2
    bounds = np.concatenate([[0.0], halfway, [len(truth)]])
    zones = [
        _Zone(*map(float, (low, high, *event))) for low, high, event in zip(bounds, bounds[1:], events, strict=False)
    ]
    precisions, recalls = zip(*(_measure(alarm, zone) for zone in zones), strict=True)
    recall = float(np.mean(recalls))
    known = [value for value in precisions if value is not None]
    if not known:
        return Affiliation(None, recall, 0.0)
    precision = float(np.mean(known))
    total = precision + recall
    return Affiliation(precision, recall, 2 * precision * recall / total if total else 0.0)


@dataclass(frozen=True)
class _Zone:
    """The zone of an event, ``low <= t < high``, and the event, in samples."""

    low: float
    high: float
    start: float
    stop: float


def _measure(alarm: Marks, zone: _Zone) -> tuple[float | None, float]:
    """Return precision and recall of one event."""
    length = zone.high - zone.low
    first, last = round(zone.low * CELLS), round(zone.high * CELLS)
    times = (np.arange(first, last) + 0.5) / CELLS
    on = alarm[np.arange(first, last) // CELLS]
    if not on.any():
        return None, 0.0
    x = times[on]
    distance = np.maximum(np.maximum(zone.start - x, x - zone.stop), 0)
    nearer = (zone.stop - zone.start) + np.minimum(distance, zone.start - zone.low)
    nearer += np.minimum(distance, zone.high - zone.stop)
    precision = np.where(distance == 0, 1.0, 1 - nearer / length)
    y = times[(times > zone.start) & (times < zone.stop)]
    distance = _distance_to(runs(on) / CELLS + zone.low, y)
    nearer = np.minimum(distance, y - zone.low) + np.minimum(distance, zone.high - y)
    return float(precision.mean()), float((1 - nearer / length).mean())


def _distance_to(intervals: Values, times: Values) -> Values:
    """Return the distance of each time to the nearest of some intervals."""
    after = np.searchsorted(intervals[:, 1], times)
    starts = np.append(intervals[:, 0], np.inf)
    stops = np.append(-np.inf, intervals[:, 1])
    return np.asarray(np.maximum(np.minimum(starts[after] - times, times - stops[after]), 0))
