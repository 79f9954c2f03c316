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
        A sample is an alarm where its score is above this, if alarms are not given; in the unit of the scores.
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


def evaluate(
    scores: ArrayLike, labels: ArrayLike, threshold: float, kind: ScoreKind, *, alarms: ArrayLike | None = None
) -> DetectionMetrics:
    """Measure scores against labels.

    Parameters
    ----------
    scores
        Shape ``(M,)``; samples with NaN have no score and are left out.
    labels
        bool, shape ``(M,)``.
    threshold
        Finite, in the unit of the scores.
    alarms
        bool, shape ``(M,)``, of a detector whose alarms follow from more than one threshold; by default ``scores > threshold``.

    Raises
    ------
    MetricsError
        Shapes differ, a score is infinite, no sample has a score, a sample without one is an alarm, or the threshold is not
        finite.
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
    raised = sample_alarms(values, threshold, alarms)
    counts = _Counted(values[scored], truth[scored], raised[scored], int(np.count_nonzero(~scored)))
    return _measure(counts, float(threshold), kind)


def sample_alarms(scores: NDArray[np.float64], threshold: float, alarms: ArrayLike | None) -> NDArray[np.bool_]:
    """Return which samples are alarms, shape ``(M,)``: those given, or else those whose score is above the threshold.

    Raises
    ------
    MetricsError
        The alarms are not one bool per sample, or a sample without a score is one.
    """
    if alarms is None:
        return np.asarray(scores > threshold)
    raised = np.asarray(alarms)
    if raised.shape != scores.shape or raised.dtype != np.bool_:
        raise MetricsError(
            f"alarms have the shape {raised.shape} of {raised.dtype}, and scores {scores.shape}; one bool per sample is needed"
        )
    blind = np.flatnonzero(raised & np.isnan(scores))
    if blind.size:
        raise MetricsError(f"sample {blind[0]} is an alarm, and has no score")
    return raised


@dataclass(frozen=True, eq=False)
class _Counted:
    """The samples that have a score, and how many have none."""

    values: NDArray[np.float64]
    truth: NDArray[np.bool_]
    alarms: NDArray[np.bool_]
    unscored: int


def _measure(counted: _Counted, threshold: float, kind: ScoreKind) -> DetectionMetrics:
    """Measure finite scores, and find out first which figures exist."""
    values, truth, alarms = counted.values, counted.truth, counted.alarms
    (_, false_positives), (false_negatives, true_positives) = confusion_matrix(
        truth, alarms, labels=[False, True]
    ).tolist()
    undefined: dict[str, str] = {}
    if not truth.any():
        undefined |= dict.fromkeys(("auc_roc", "auc_pr", "recall"), "no scored sample is labelled anomalous")
    elif truth.all():
        undefined |= dict.fromkeys(("auc_roc", "auc_pr"), "every scored sample is labelled anomalous")
    if not alarms.any():
        undefined["precision"] = "there is no alarm"
    if not truth.any() and not alarms.any():
        undefined["f1"] = "no scored sample is labelled anomalous, and there is no alarm"
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
        unscored=counted.unscored,
        true_positives=true_positives,
        false_positives=false_positives,
        false_negatives=false_negatives,
        undefined=undefined,
        **figures,
    )
