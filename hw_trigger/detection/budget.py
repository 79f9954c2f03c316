"""A threshold for a budget of false alarms: at most so many events a day, on data that were not trained on.

Events above a threshold are counted on held-out scores. A budget that they are too few days for is reached by extrapolation:
peaks over a threshold (Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017, equation 1), of
the greatest score of each event instead of each score, as scores that follow each other are alike (Davison and Smith, 1990).
Excesses follow a generalized Pareto distribution, which is fitted by probability-weighted moments (Hosking and Wallis, 1987):
a day of telemetry gives a few dozen peaks, too few for maximum likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from hw_trigger.detection.events import SAMPLE_PERIOD, days_of
from hw_trigger.detection.intervals import runs
from hw_trigger.detection.threshold import ThresholdError

ENOUGH_EVENTS = 10
"""A budget of so many events in the held-out data is counted; of fewer, it is extrapolated."""

LEAST_PEAKS, ENOUGH_PEAKS = 3, 10
"""No tail is fitted to fewer peaks than the first, and its shape to no fewer than the second: it is taken as exponential."""

TAIL_PEAKS = 40
"""Peaks that a tail is fitted to, where there are so many."""

TAIL = 0.9
"""Quantile of the scores that no threshold is below: an alarm that is on a tenth of the time is none, however few its events."""

SHAPES = (-0.5, 0.5)
"""Shapes of the tail that probability-weighted moments are good for."""

RESAMPLES = 200
"""Sets of peaks drawn from those found, for the confidence in the extrapolation."""

Scores = NDArray[np.float64]


class Method(StrEnum):
    """How the threshold was found."""

    COUNTED = "counted"
    EXTRAPOLATED = "extrapolated"
    MAXIMUM = "maximum"


@dataclass(frozen=True)
class BudgetThreshold:
    """A threshold for a budget.

    Attributes
    ----------
    threshold
        In the unit of the scores; an alarm is a score above it.
    method
        Counted on held-out scores; extrapolated from them; or their maximum, where they have no tail to be fitted to: then
        nothing is known of the rate but that it was 0.
    days
        Length of the held-out data.
    held_out_events
        Events above the threshold in them.
    """

    threshold: float
    method: Method
    days: float
    held_out_events: int


def fit_budget(
    scores: ArrayLike,
    budget: float,
    *,
    confidence: float = 0.9,
    sample_period: float = SAMPLE_PERIOD,
    gap: int = 0,
) -> BudgetThreshold:
    """Find the threshold that has at most `budget` false alarms a day, on data like those of the scores.

    Parameters
    ----------
    scores
        Of samples that the detector was not fitted to, shape ``(N,)``; NaN where a sample has no score.
    budget
        Events a day, above 0.
    confidence
        Probability that the budget holds, above 0 and below 1: held-out data are few, and 0.5 breaks it half the time. It covers
        what chance does to them, not telemetry that changes later.
    sample_period
        Seconds between two samples.
    gap
        Alarms with so many samples or fewer between them are one event. A window's length for scores of windows: those that
        share samples cross a threshold many times, and such events do not come by chance one by one, as is assumed here.

    Raises
    ------
    ThresholdError
        No score is there, one is infinite, the budget is not a finite number above 0, or the confidence is outside its range.
    MarksError
        The sample period is not above 0, or `gap` is negative.
    """
    values = np.asarray(scores, np.float64)
    if not (np.isfinite(budget) and budget > 0):
        raise ThresholdError(f"the budget of false alarms a day is {budget:g}, and a finite number above 0 is needed")
    if not 0 < confidence < 1:
        raise ThresholdError(f"the confidence in the budget must be above 0 and below 1, not {confidence:g}")
    if values.ndim != 1 or np.isnan(values).all():
        raise ThresholdError(
            f"held-out scores have the shape {values.shape}, and (samples,) with at least 1 score is needed"
        )
    if np.isinf(values).any():
        raise ThresholdError(f"{int(np.isinf(values).sum())} of {len(values)} held-out scores are infinite")
    days = days_of(int(np.count_nonzero(~np.isnan(values))), sample_period)
    allowed = budget * days
    # So many events at most are what a rate of the budget shows with the probability 1 - confidence.
    counted = _counted(values, int(stats.poisson.ppf(1 - confidence, allowed)), gap)
    threshold, method = counted, Method.COUNTED
    if allowed < ENOUGH_EVENTS:
        level = _tail_level(values, allowed, confidence, gap)
        method = Method.MAXIMUM if level is None else Method.EXTRAPOLATED
        threshold = float(np.nanmax(values)) if level is None else max(level, counted)
    return BudgetThreshold(threshold, method, days, len(runs(values > threshold, gap)))


def _counted(values: Scores, allowed: int, gap: int) -> float:
    """Return the lowest score of the tail above which there are at most `allowed` events, and above every higher score too.

    It is not below the one with the most events: further down they grow into each other, and become fewer by being always on.
    """
    known = values[~np.isnan(values)]
    candidates = np.unique(known[known >= np.quantile(known, TAIL)])[::-1]
    counts = np.array([len(runs(values > candidate, gap)) for candidate in candidates])
    rising = counts[: counts.argmax() + 1]
    return float(candidates[np.flatnonzero(np.maximum.accumulate(rising) <= allowed)[-1]])


def _tail_level(values: Scores, allowed: float, confidence: float, gap: int) -> float | None:
    """Return the score that `allowed` events of data so long are expected to exceed, or fewer; None without a tail."""
    base = _counted(values, TAIL_PEAKS, gap)
    peaks = np.array([np.nanmax(values[start:stop]) for start, stop in runs(values > base, gap)])
    if len(peaks) < LEAST_PEAKS:
        return None
    generator = np.random.default_rng(0)
    counts = np.maximum(generator.poisson(len(peaks), RESAMPLES), 1)
    levels = [_level(generator.choice(peaks - base, count), allowed) for count in counts]
    return base + float(np.quantile(levels, confidence))


def _level(excesses: Scores, allowed: float) -> float:
    """Return the excess that `allowed` of as many peaks are expected to be above."""
    shape, scale = fit_pareto(excesses) if len(excesses) >= ENOUGH_PEAKS else (0.0, float(excesses.mean()))
    return float(stats.genpareto.isf(min(allowed / len(excesses), 1), shape, scale=scale))


def fit_pareto(excesses: ArrayLike) -> tuple[float, float]:
    """Fit the generalized Pareto distribution ``P(X > x) = (1 + shape x / scale)^(-1 / shape)`` to positive excesses ``(n,)``.

    By probability-weighted moments, ``a0 = E[X]`` and ``a1 = E[X P(X > x)]`` (Hosking and Wallis, 1987, section 3; their k is
    ``-shape``). The shape is kept within `SHAPES`, and the scale is then that of the mean.

    Returns
    -------
    tuple
        Shape and scale.
    """
    x = np.sort(np.asarray(excesses, np.float64))
    n = len(x)
    mean = float(x.mean())
    weighted = float(np.mean(x * (n - np.arange(1, n + 1) + 0.35) / n))
    free = 2 - mean / (mean - 2 * weighted) if mean > 2 * weighted else SHAPES[1]
    shape = float(np.clip(free, *SHAPES))
    return shape, mean * (1 - shape)
