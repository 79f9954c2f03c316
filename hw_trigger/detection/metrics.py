"""How well scores and a threshold find the labelled samples. Every sample counts for itself: no point adjustment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from hw_trigger.detection.scores import ScoreKind
from hw_trigger.errors import UserError


class MetricsError(UserError):
    """Scores, labels or a threshold that nothing can be measured with."""


@dataclass(frozen=True)
class DetectionMetrics:
    """Sample by sample, over the samples that have a score.

    Attributes
    ----------
    score
        Which score: causal or window-spread.
    threshold
        A sample is an alarm where its score is above this; in the unit of the scores.
    samples, anomalous
        Samples with a score, and those of them that are labelled anomalous.
    unscored
        Samples left out, as no window ends with them.
    true_positives, false_positives, false_negatives
        Alarms within labelled anomalies, alarms elsewhere, anomalous samples without an alarm.
    auc_roc, auc_pr
        Areas under the ROC curve, and under the precision-recall curve as average precision; 0 to 1.
    precision, recall, f1
        At the threshold; 0 to 1.
    undefined
        Why a figure is None, by its name: it divides by zero.
    """

    score: ScoreKind
    threshold: float
    samples: int
    anomalous: int
    unscored: int
    true_positives: int
    false_positives: int
    false_negatives: int
    auc_roc: float | None
    auc_pr: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    undefined: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name, fit for JSON: no NaN, no enumerations."""
        return {**asdict(self), "score": self.score.value}


def evaluate(scores: ArrayLike, labels: ArrayLike, threshold: float, kind: ScoreKind) -> DetectionMetrics:
    """Measure scores against labels.

    Parameters
    ----------
    scores
        Shape ``(M,)``; samples with NaN have no score and are left out.
    labels
        bool, shape ``(M,)``.
    threshold
        Finite, in the unit of the scores.

    Raises
    ------
    MetricsError
        Shapes differ, a score is infinite, no sample has a score, or the threshold is not finite.
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(labels)
    if values.ndim != 1 or values.shape != truth.shape or truth.dtype != np.bool_:
        raise MetricsError(
            f"scores have the shape {values.shape} and labels {truth.shape} of {truth.dtype}; "
            "one of each per sample is needed, labels of bool"
        )
    if np.isinf(values).any():
        raise MetricsError(f"{int(np.isinf(values).sum())} of {len(values)} scores are infinite")
    if not np.isfinite(threshold):
        raise MetricsError(f"the threshold is {threshold}, and a finite number is needed")
    scored = ~np.isnan(values)
    if not scored.any():
        raise MetricsError(f"none of the {len(values)} samples has a score; the data are shorter than a window")
    return _measure(values[scored], truth[scored], float(threshold), kind, int(np.count_nonzero(~scored)))


def _measure(
    values: NDArray[np.float64], truth: NDArray[np.bool_], threshold: float, kind: ScoreKind, unscored: int
) -> DetectionMetrics:
    """Measure finite scores, and find out first which figures exist."""
    alarms = values > threshold
    (_, false_positives), (false_negatives, true_positives) = confusion_matrix(
        truth, alarms, labels=[False, True]
    ).tolist()
    undefined: dict[str, str] = {}
    if not truth.any():
        undefined |= dict.fromkeys(("auc_roc", "auc_pr", "recall"), "no scored sample is labelled anomalous")
    elif truth.all():
        undefined |= dict.fromkeys(("auc_roc", "auc_pr"), "every scored sample is labelled anomalous")
    if not alarms.any():
        undefined["precision"] = "no score is above the threshold"
    if not truth.any() and not alarms.any():
        undefined["f1"] = "no scored sample is labelled anomalous, and no score is above the threshold"
    precision, recall, f1, _ = precision_recall_fscore_support(truth, alarms, average="binary", zero_division=0)
    figures: dict[str, float | None] = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    figures["auc_roc"] = None if "auc_roc" in undefined else float(roc_auc_score(truth, values))
    figures["auc_pr"] = None if "auc_pr" in undefined else float(average_precision_score(truth, values))
    figures |= dict.fromkeys(undefined)
    return DetectionMetrics(
        score=kind,
        threshold=threshold,
        samples=len(values),
        anomalous=int(truth.sum()),
        unscored=unscored,
        true_positives=true_positives,
        false_positives=false_positives,
        false_negatives=false_negatives,
        undefined=undefined,
        **figures,
    )
