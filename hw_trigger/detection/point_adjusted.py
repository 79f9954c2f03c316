"""Point-adjusted F1, and beside it what as many alarms at random get.

Point adjustment (Xu et al., WWW 2018) counts every sample of an event as found if one is. Kim et al., "Towards a Rigorous
Evaluation of Time-Series Anomaly Detection", AAAI 2022, show that a random score then looks like the state of the art. So
the figure is not to be had without its companion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hw_trigger.detection.intervals import Marks, MarksError, marks, runs

DRAWS = 20
"""Random placements that the companion is the mean of."""


@dataclass(frozen=True)
class PointAdjusted:
    """F1 with point adjustment, 0 to 1; None without a labelled sample.

    Attributes
    ----------
    f1
        Of the alarms.
    random_f1
        Of as many alarms at random samples: the mean over `DRAWS` draws.
    """

    f1: float | None
    random_f1: float | None


def point_adjusted(
    alarms: ArrayLike, labels: ArrayLike, watched: ArrayLike | None = None, *, seed: int = 0
) -> PointAdjusted:
    """Measure F1 with point adjustment, and that of as many alarms at random.

    Parameters
    ----------
    alarms, labels
        bool, shape ``(M,)`` each.
    watched
        Samples that can have an alarm, bool, shape ``(M,)``; by default all.
    seed
        Of the random alarms.

    Raises
    ------
    MarksError
        They are not bool, or not one per sample.
    """
    alarm, truth = marks(alarms, "alarms"), marks(labels, "labels")
    seen = np.ones(len(truth), bool) if watched is None else marks(watched, "watched samples")
    if not alarm.shape == truth.shape == seen.shape:
        raise MarksError(
            f"there are {len(alarm)} alarms, {len(truth)} labels and {len(seen)} watched samples; "
            "one of each per sample is needed"
        )
    if not truth.any():
        return PointAdjusted(None, None)
    generator, places = np.random.default_rng(seed), np.flatnonzero(seen)
    draws = []
    for _ in range(DRAWS):
        random = np.zeros_like(alarm)
        random[generator.choice(places, np.count_nonzero(alarm), replace=False)] = True
        draws.append(_f1(random, truth))
    return PointAdjusted(_f1(alarm, truth), float(np.mean(draws)))


def _f1(alarm: Marks, truth: Marks) -> float:
    """Return the F1 of adjusted alarms."""
    hits = sum(int(stop - start) for start, stop in runs(truth) if alarm[start:stop].any())
    false = np.count_nonzero(alarm & ~truth)
    return float(2 * hits / (hits + np.count_nonzero(truth) + false))
