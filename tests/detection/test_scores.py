import re

import numpy as np
import pytest

from hw_trigger.detection.scores import (
    ScoreError,
    ScoreKind,
    causal_scores,
    sample_scores,
    window_spread_scores,
)


def test_causal_scores_belong_to_the_last_sample() -> None:
    scores = causal_scores([5.0, 7.0, 1.0], 3)
    assert np.array_equal(scores, [np.nan, np.nan, 5.0, 7.0, 1.0], equal_nan=True)
    assert causal_scores([5.0, 7.0], 1).tolist() == [5.0, 7.0]


def test_window_spread_scores_are_means_over_the_covering_windows() -> None:
    # Windows of 3 samples: 012, 123, 234, 345.
    scores = window_spread_scores([6.0, 0.0, 3.0, 12.0], 3)
    assert scores.tolist() == [6.0, 3.0, 3.0, 5.0, 7.5, 12.0]


@pytest.mark.parametrize(("count", "length"), [(1, 4), (3, 5), (40, 7), (7, 1)])
def test_window_spread_scores_by_definition(count: int, length: int) -> None:
    scores = np.random.default_rng(count).integers(0, 1000, count)  # sums of integers are exact in any order
    spread = window_spread_scores(scores, length)
    expected = [
        float(scores[max(0, t - length + 1) : t + 1].sum()) / len(scores[max(0, t - length + 1) : t + 1])
        for t in range(count + length - 1)
    ]
    assert spread.tolist() == expected


def test_samples_with_equal_windows_have_equal_scores() -> None:
    scores = np.random.default_rng(0).random(300)
    scores[100:] = 0.1
    inner = window_spread_scores(scores, 50)[149:300]
    assert len(np.unique(inner)) == 1


def test_the_kinds_have_names() -> None:
    assert [kind.value for kind in ScoreKind] == ["causal", "window-spread"]
    assert sample_scores([1.0, 3.0], 2, ScoreKind.CAUSAL)[1:].tolist() == [1.0, 3.0]
    assert sample_scores([1.0, 3.0], 2, ScoreKind.WINDOW_SPREAD).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("scores", "length", "message"),
    [
        (np.ones((2, 2)), 3, "window scores have the shape (2, 2), and (windows,) with at least 1 is needed"),
        (np.ones(0), 3, "window scores have the shape (0,), and (windows,) with at least 1 is needed"),
        (np.ones(3), 0, "the window must be 1 sample or more, not 0"),
    ],
)
@pytest.mark.parametrize("kind", ScoreKind)
def test_bad_scores_are_refused(scores: np.ndarray, length: int, message: str, kind: ScoreKind) -> None:
    with pytest.raises(ScoreError, match=f"^{re.escape(message)}$"):
        sample_scores(scores, length, kind)
