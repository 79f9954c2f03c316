"""The margin of the greatest F1, on worked examples and against all that could be chosen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from hw_trigger.detection.margin import best_margin
from hw_trigger.detection.threshold import ThresholdError


def test_worked_examples() -> None:
    # Separable: halfway. F1 of all alarms is 4/6 here.
    assert best_margin([-3, -1, 1, 5], [0, 0, 1, 1]) == 0.0
    # One alarm more is worth it: 2 of 3 right with both found, F1 4/5, against 2/3 with one of two.
    assert best_margin([-3, 1, 0, 5], [0, 0, 1, 1]) == -1.5
    # Everything is an alarm below the least score.
    assert best_margin([2, 4, 3], [1, 1, 0]) == 1.0
    # Equal scores cannot be told apart: F1 is 2/3 of the last alone, and 4/7 of all.
    assert best_margin([0, 0, 0, 0, 4], [1, 0, 0, 0, 1]) == 2.0
    # Both -1 and 2 give an F1 of 2/3.
    assert best_margin([0, 0, 0, 4], [1, 0, 0, 1]) == -1.0


@pytest.mark.parametrize("seed", range(8))
def test_no_threshold_has_a_greater_f1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.random(60) < 0.3
    scores = np.rint(rng.normal(labels * 1.5, 1.5) * 4) / 4
    found = f1_score(labels, scores > best_margin(scores, labels))
    assert found == pytest.approx(max(f1_score(labels, scores > limit) for limit in [scores.min() - 1, *scores[:-1]]))
    assert 0.4 < found < 1


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1.0, 2.0], [True], "margins have the shape (2,), and labels (1,); both must be (windows,)"),
        ([[1.0]], [[True]], "margins have the shape (1, 1), and labels (1, 1); both must be (windows,)"),
        ([1.0, np.nan, np.inf], [True, False, True], "2 of 3 margins are not finite"),
        ([1.0, 2.0], [True, True], "all 2 labels are alike, and a margin is chosen between anomalies and others"),
        ([1.0, 2.0], [False, False], "all 2 labels are alike, and a margin is chosen between anomalies and others"),
    ],
)
def test_what_gives_no_margin_is_refused(scores: list[float], labels: list[bool], message: str) -> None:
    with pytest.raises(ThresholdError) as caught:
        best_margin(scores, labels)
    assert str(caught.value) == message
