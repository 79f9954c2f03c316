"""Thresholds of baselines are from held-out training data: by sigmas, or by a budget of false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from hw_trigger.detection.baselines.detector import held_out_scores
from hw_trigger.detection.baselines.pointwise import MovingZScore
from hw_trigger.detection.budget import fit_budget
from hw_trigger.detection.evaluation import Protocol
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.evaluation.baseline import ThresholdRule, detect
from hw_trigger.evaluation.rows import ROWS, Role, detector_of
from hw_trigger.telemetry.synthetic import synthetic_channel

PROTOCOL = Protocol(buffer=20, gap=20)


def test_sigmas_by_hand() -> None:
    """Mean 2 and standard deviation 1 of 1, 3, 1, 3; a sample without a score is left out."""
    assert ThresholdRule(sigmas=3.0).threshold(np.array([np.nan, 1, 3, 1, 3]), PROTOCOL) == 5.0


def test_a_budget_takes_the_place_of_sigmas() -> None:
    scores = np.random.default_rng(0).exponential(size=5000)
    expected = fit_budget(scores, 2.0, sample_period=30.0, gap=7).threshold
    assert ThresholdRule(3.0, budget=2.0).threshold(scores, Protocol(gap=7, sample_period=30.0)) == expected


def test_test_data_have_no_part_in_the_threshold() -> None:
    channel = synthetic_channel("SYN-1")
    detector = MovingZScore(20)
    found = detect(detector, channel, ThresholdRule(), PROTOCOL)
    held_out = held_out_scores(detector, channel.train)
    assert found.threshold == ThresholdRule().threshold(held_out, PROTOCOL)
    scorer = detector.fit(channel.train)
    assert np.array_equal(found.causal, scorer.score(channel.test, ScoreKind.CAUSAL), equal_nan=True)
    assert np.array_equal(found.spread, scorer.score(channel.test, ScoreKind.WINDOW_SPREAD), equal_nan=True)
    assert found.alarms is None


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.role is not Role.NETWORK], ids=lambda row: row.key)
def test_every_row_without_a_network_has_its_detector(row) -> None:  # type: ignore[no-untyped-def]
    detector = detector_of(row, 20, 1)
    assert detector.name == row.title
    assert detector.window in (1, 20, 21)
