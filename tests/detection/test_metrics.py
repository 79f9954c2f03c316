import dataclasses
import json
import math
import re

import numpy as np
import pytest

from hw_trigger.detection.metrics import MetricsError, evaluate
from hw_trigger.detection.scores import ScoreKind

CAUSAL = ScoreKind.CAUSAL


def test_a_worked_example() -> None:
    """Scores 0.1 to 0.8 in order; anomalous are 0.4, 0.7 and 0.8; alarms are 0.6, 0.7 and 0.8."""
    labels = [False, False, False, True, False, False, True, True]
    metrics = evaluate([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], np.array(labels), 0.55, CAUSAL)
    assert (metrics.true_positives, metrics.false_positives, metrics.false_negatives) == (2, 1, 1)
    assert metrics.precision == 2 / 3
    assert metrics.recall == 2 / 3
    assert metrics.f1 == pytest.approx(2 / 3, abs=1e-15)
    # Of 3 * 5 pairs, 0.8 and 0.7 win all 10, 0.4 wins against 0.1, 0.2 and 0.3.
    assert metrics.auc_roc == pytest.approx(13 / 15, abs=1e-15)
    # Precision at each anomalous sample, from the highest score down: 1/1, 2/2, 3/5; each is a third of the recall.
    assert metrics.auc_pr == pytest.approx((1 + 1 + 3 / 5) / 3, abs=1e-15)
    assert (metrics.samples, metrics.anomalous, metrics.unscored, metrics.undefined) == (8, 3, 0, {})


def test_an_alarm_is_a_score_above_the_threshold() -> None:
    metrics = evaluate([1.0, 2.0, 3.0], np.array([False, True, True]), 2.0, CAUSAL)
    assert (metrics.true_positives, metrics.false_negatives) == (1, 1)


def test_tied_scores_count_half() -> None:
    metrics = evaluate([1.0, 1.0, 1.0, 1.0], np.array([False, True, True, False]), 0.5, CAUSAL)
    assert (metrics.auc_roc, metrics.auc_pr, metrics.precision, metrics.recall) == (0.5, 0.5, 0.5, 1.0)


def test_samples_without_a_score_are_left_out() -> None:
    labels = np.array([True, True, False, True])
    metrics = evaluate([math.nan, math.nan, 1.0, 2.0], labels, 1.5, CAUSAL)
    assert (metrics.samples, metrics.anomalous, metrics.unscored) == (2, 1, 2)
    assert (metrics.auc_roc, metrics.recall) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("labels", "threshold", "figures", "undefined"),
    [
        (
            [False, False],
            0.5,
            {"auc_roc": None, "auc_pr": None, "precision": 0.0, "recall": None, "f1": 0.0},
            dict.fromkeys(("auc_roc", "auc_pr", "recall"), "no scored sample is labelled anomalous"),
        ),
        (
            [False, False],
            9.0,
            {"auc_roc": None, "auc_pr": None, "precision": None, "recall": None, "f1": None},
            {
                **dict.fromkeys(("auc_roc", "auc_pr", "recall"), "no scored sample is labelled anomalous"),
                "precision": "there is no alarm",
                "f1": "no scored sample is labelled anomalous, and there is no alarm",
            },
        ),
        (
            [True, True],
            0.5,
            {"auc_roc": None, "auc_pr": None, "precision": 1.0, "recall": 0.5, "f1": 2 / 3},
            dict.fromkeys(("auc_roc", "auc_pr"), "every scored sample is labelled anomalous"),
        ),
        (
            [True, False],
            9.0,
            {"auc_roc": 0.0, "auc_pr": 0.5, "precision": None, "recall": 0.0, "f1": 0.0},
            {"precision": "there is no alarm"},
        ),
    ],
)
def test_figures_that_divide_by_zero_are_none_with_a_reason(
    labels: list[bool], threshold: float, figures: dict[str, float | None], undefined: dict[str, str]
) -> None:
    metrics = evaluate([0.0, 1.0], np.array(labels), threshold, CAUSAL)
    assert {name: getattr(metrics, name) for name in figures} == figures
    assert metrics.undefined == undefined


def test_the_figures_are_fit_for_json() -> None:
    metrics = evaluate([0.0, 1.0], np.array([False, True]), np.float64(0.5), ScoreKind.WINDOW_SPREAD)
    content = json.loads(json.dumps(metrics.to_dict(), allow_nan=False))
    assert list(content) == [field.name for field in dataclasses.fields(metrics)]
    assert content["score"] == "window-spread"
    assert content["auc_roc"] == 1.0


yes = np.array([True, False])


@pytest.mark.parametrize(
    ("scores", "labels", "threshold", "message"),
    [
        (
            [1.0],
            yes,
            1.0,
            "scores have the shape (1,) and labels (2,) of bool; one of each per sample is needed, labels of bool",
        ),
        (
            [1.0, 2.0],
            yes.astype(int),
            1.0,
            "scores have the shape (2,) and labels (2,) of int64; one of each per sample is needed, labels of bool",
        ),
        ([1.0, math.inf], yes, 1.0, "1 of 2 scores are infinite"),
        ([1.0, 2.0], yes, math.nan, "the threshold is nan, and a finite number is needed"),
        (
            [math.nan, math.nan],
            yes,
            1.0,
            "none of the 2 samples has a score; the data are shorter than a window",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(
    scores: list[float], labels: np.ndarray, threshold: float, message: str
) -> None:
    with pytest.raises(MetricsError, match=f"^{re.escape(message)}$"):
        evaluate(scores, labels, threshold, CAUSAL)
