"""VUS: areas under the ROC and precision-recall curves, for every tolerance of the labels up to a buffer.

Paparrizos et al., "Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series Anomaly Detection", PVLDB
15(11), 2022, section 4. For a buffer of l samples, each labelled event gets slopes of ``l // 2`` samples on both sides, whose
labels are ``sqrt(1 - distance / l)``; where slopes meet, labels add up to 1 at most. At a threshold, with label r of a sample
and alarm p (0 or 1), over n samples:

    TP = sum(r p),  P = (sum(labels) + sum(r)) / 2,  E = share of the extended events with an alarm
    recall = min(TP / P, 1) E,  false positive rate = min((sum(p) - TP) / (n - P), 1),  precision = TP / sum(p)

The volume is the mean of the areas over l = 0, 1, ..., buffer. The published code samples 250 thresholds. Here every score is
one, which costs less: sorted once, the sums at all thresholds are running sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.detection.intervals import Intervals, Marks, marks, runs
from hw_trigger.errors import UserError

Values = NDArray[np.float64]


class VolumeError(UserError):
    """Scores or a buffer that no volume exists for."""


@dataclass(frozen=True)
class Volume:
    """Volumes under the surfaces, 0 to 1; None where labels are all equal, so that there is no curve.

    Attributes
    ----------
    roc
        Under the ROC curves. A random score gets more than 0.5, as slopes are rewarded: compare with one.
    pr
        Under the precision-recall curves by the trapezoidal rule, as published. Where many samples share a score, the rule
        draws a straight line that no threshold reaches: scores that are all equal get about one half.
    pr_steps
        The same by steps, as in average precision: equal scores get what they are worth. It is lower.
    """

    roc: float | None
    pr: float | None
    pr_steps: float | None


def volume_under_surface(scores: ArrayLike, labels: ArrayLike, buffer: int) -> Volume:
    """Measure the volumes under the ROC and precision-recall surfaces.

    Parameters
    ----------
    scores
        Finite, shape ``(M,)``: one for each sample, without gaps in time.
    labels
        bool, shape ``(M,)``.
    buffer
        Greatest buffer, in samples; 0 or more. A window's length, or the typical length of an anomaly.

    Raises
    ------
    VolumeError
        Scores are not finite, there is not one for each label, or `buffer` is negative.
    MarksError
        Labels are not bool.
    """
    values, truth = np.asarray(scores, np.float64), marks(labels, "labels")
    if values.shape != truth.shape:
        raise VolumeError(
            f"scores have the shape {values.shape} and labels {truth.shape}; one of each per sample is needed"
        )
    if not np.isfinite(values).all():
        raise VolumeError(f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} scores are not finite")
    if buffer < 0:
        raise VolumeError(f"the buffer must be 0 samples or more, not {buffer}")
    if truth.all() or not truth.any():
        return Volume(None, None, None)
    ranking = _Ranking.of(values)
    areas = np.mean([_areas(ranking, truth, size) for size in range(buffer + 1)], axis=0)
    return Volume(*map(float, areas))


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Scores in descending order, and the thresholds that they are.

    `order` sorts the samples; an alarm at threshold k are the first ``alarms[k]`` of them.
    """

    scores: Values
    order: NDArray[np.intp]
    thresholds: Values
    alarms: Values

    @classmethod
    def of(cls, scores: Values) -> _Ranking:
        order = np.argsort(-scores, kind="stable")
        descending = scores[order]
        last = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))
        return cls(scores, order, descending[last], np.asarray(last + 1, np.float64))

    def sums(self, weights: Values) -> Values:
        """Return the sum of the weights of the samples with an alarm, at each threshold."""
        return np.asarray(np.cumsum(weights[self.order])[self.alarms.astype(int) - 1])

    def found(self, events: Intervals) -> Values:
        """Return the share of the events with an alarm, at each threshold."""
        peaks = np.sort(np.maximum.reduceat(np.append(self.scores, -np.inf), events.ravel())[::2])
        return np.asarray((len(peaks) - np.searchsorted(peaks, self.thresholds)) / len(peaks))


def _areas(ranking: _Ranking, truth: Marks, buffer: int) -> tuple[float, float, float]:
    """Return the areas for one buffer: ROC, precision-recall by trapezoids, and by steps."""
    extended = extended_labels(truth, buffer)
    positive = (np.count_nonzero(truth) + extended.sum()) / 2
    hits = ranking.sums(extended)
    recall = np.minimum(hits / positive, 1) * ranking.found(runs(extended > 0))
    false_rate = np.minimum((ranking.alarms - hits) / (len(truth) - positive), 1)
    precision = hits / ranking.alarms
    roc = np.trapezoid(np.concatenate([[0], recall, [1]]), np.concatenate([[0], false_rate, [1]]))
    recalls = np.append(0, recall)
    pr = np.trapezoid(np.append(1, precision), recalls)
    return float(roc), float(pr), float(np.diff(recalls) @ precision)


def extended_labels(truth: Marks, buffer: int) -> Values:
    """Return the labels with their slopes, 0 to 1, shape ``(M,)``."""
    half = buffer // 2
    extended = truth.astype(np.float64)
    if half:
        slope = np.sqrt(1 - np.arange(1, half + 1) / buffer)
        for start, stop in runs(truth):
            before, after = min(half, start), min(half, len(truth) - stop)
            extended[start - before : start] += slope[:before][::-1]
            extended[stop : stop + after] += slope[:after]
    return np.minimum(extended, 1)
