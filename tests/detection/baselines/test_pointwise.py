import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hw_trigger.detection.baselines.pointwise import MovingZScore, RandomScore, TimeIndex, TrainingRange
from hw_trigger.detection.scores import ScoreKind

CAUSAL, SPREAD = ScoreKind.CAUSAL, ScoreKind.WINDOW_SPREAD


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def test_the_training_range() -> None:
    scorer = TrainingRange().fit(column(-1, 3, 1))
    assert scorer.score(column(0, 3, -1, 5, -3), CAUSAL).tolist() == [0, 0, 0, 0.5, 0.5]
    assert scorer.score(column(5), SPREAD).tolist() == [0.5]


def test_the_training_range_of_commands() -> None:
    """A command that was never sent in training counts in its own unit; the greatest column counts."""
    scorer = TrainingRange().fit(np.array([[0.0, 0.0], [4.0, 0.0]]))
    assert scorer.score(np.array([[5.0, 0.0], [5.0, 1.0], [2.0, 0.0]]), CAUSAL).tolist() == [0.25, 1.0, 0.0]


def test_the_moving_z_score() -> None:
    """The four samples before have mean 3 and variance 5; sigma in training is 2, and the floor half of it."""
    scores = MovingZScore(length=4, floor=0.5).fit(column(1, 5, 1, 5)).score(column(0, 2, 4, 6, 9, 4), CAUSAL)
    assert np.isnan(scores[:4]).all()
    before = np.array([2, 4, 6, 9])
    expected = [6 / np.sqrt(5 + 1), abs(4 - before.mean()) / np.sqrt(before.var() + 1)]
    assert scores[4:].tolist() == pytest.approx(expected, abs=1e-14)


def test_the_random_score_knows_nothing_and_its_seed() -> None:
    test = np.zeros((20_000, 1))
    labels = np.arange(20_000) % 50 < 5
    scores = RandomScore(1).fit(test).score(test, CAUSAL)
    assert roc_auc_score(labels, scores) == pytest.approx(0.5, abs=0.02)
    assert np.array_equal(scores, RandomScore(1).fit(test).score(test, SPREAD))
    assert not np.array_equal(scores, RandomScore(2).fit(test).score(test, CAUSAL))


def test_the_time_index_rewards_what_comes_late() -> None:
    scores = TimeIndex().fit(column(5, 5)).score(column(*range(10, 0, -1)), CAUSAL)
    assert scores.tolist() == list(range(10))
    assert roc_auc_score(np.arange(10) >= 8, scores) == 1.0
