"""A threshold from the spread of training scores: mean + 4 sigma, say. Test data have no part in it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from hw_trigger.errors import UserError


class ThresholdError(UserError):
    """Scores or a number of sigmas that give no threshold."""


def fit_threshold(train_scores: ArrayLike, sigmas: float = 4.0) -> float:
    """Return ``mean + sigmas * standard deviation`` of the training windows' scores, in their unit.

    The deviation is that of the population (divided by n). An alarm is a score *above* the threshold; where all training
    scores are equal, they are the threshold, and so none of them is an alarm.

    Parameters
    ----------
    train_scores
        Shape ``(n,)``, finite.

    Raises
    ------
    ThresholdError
        There are no scores, some are NaN or infinite, or `sigmas` is negative, NaN or infinite.
    """
    scores = np.asarray(train_scores, np.float64)
    if not (math.isfinite(sigmas) and sigmas >= 0):
        raise ThresholdError(f"the threshold's number of sigmas is {sigmas}, and a finite number, 0 or more, is needed")
    if scores.ndim != 1 or len(scores) == 0:
        raise ThresholdError(f"training scores have the shape {scores.shape}, and (windows,) with at least 1 is needed")
    bad = np.flatnonzero(~np.isfinite(scores))
    if bad.size:
        raise ThresholdError(
            f"{bad.size} of {len(scores)} training scores are not finite, the first is {scores[bad[0]]} at index {bad[0]}"
        )
    if scores.min() == scores.max():  # a mean of equal numbers may be off in the last place
        return float(scores[0])
    return float(scores.mean() + sigmas * scores.std())
