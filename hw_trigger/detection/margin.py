"""The threshold of a classifier's margin, chosen on validation scores: where F1 is greatest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hw_trigger.detection.threshold import ThresholdError


def best_margin(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the threshold above which scores are alarms with the greatest F1, the harmonic mean of precision and recall.

    It lies halfway between two scores that are neighbours, so that scores of other data, close to either, fall on its side. Of
    thresholds that do equally well it is the one closest to 0, where the classes are equally probable.

    Parameters
    ----------
    scores
        Margins, ``(n,)``, finite.
    labels
        Whether there is an anomaly, ``(n,)``; some are, and some are not.

    Raises
    ------
    ThresholdError
        The shapes differ, a score is not finite, or the labels are all alike.
    """
    values, wanted = np.asarray(scores, np.float64), np.asarray(labels, np.bool_)
    if values.ndim != 1 or values.shape != wanted.shape:
        raise ThresholdError(
            f"margins have the shape {values.shape}, and labels {wanted.shape}; both must be (windows,)"
        )
    if not np.isfinite(values).all():
        raise ThresholdError(f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} margins are not finite")
    if wanted.all() or not wanted.any():
        raise ThresholdError(f"all {len(wanted)} labels are alike, and a margin is chosen between anomalies and others")
    candidates, where = np.unique(values, return_inverse=True)
    anomalous = np.bincount(where, weights=wanted)
    alarms = np.cumsum(np.bincount(where)[::-1])[::-1]  # of a threshold just below each candidate
    hits = np.cumsum(anomalous[::-1])[::-1]
    f1 = 2 * hits / (alarms + wanted.sum())
    # Below the least score everything is an alarm, whatever the distance.
    thresholds = np.concatenate([[candidates[0] - 1], (candidates[:-1] + candidates[1:]) / 2])
    best = np.flatnonzero(f1 == f1.max())
    return float(min(thresholds[best], key=abs))
