"""Which threshold a classifier's trigger gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chain import small_classifier_config

from hw_trigger.detection.budget import fit_budget
from hw_trigger.stages.margin import choose_margin

SCORES = np.array([-3.0, -1.0, 0.5, 1.0, 5.0, -2.0] * 40) + np.arange(240) / 1000
LABELS = np.array([False, False, False, True, True, False] * 40)


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("trigger.margin=0", ("margin", 0.0, 0.0)),
        ("trigger.margin=-1.25", ("margin", -1.25, -1.25)),
        ("trigger.margin=f1", ("greatest F1", 0.8695, 0.8695)),
    ],
)
def test_the_configured_rule(tmp_path: Path, override: str, wanted: tuple[str, float, float]) -> None:
    rule, parameter, margin = choose_margin(small_classifier_config(tmp_path, override), SCORES, LABELS, 16)
    assert rule == wanted[0]
    assert (parameter, margin) == pytest.approx(wanted[1:])


def test_a_budget_is_kept_by_what_is_no_anomaly(tmp_path: Path) -> None:
    """Whatever the anomalies' own scores are."""
    config = small_classifier_config(tmp_path, "trigger.false_alarms_per_day=30", "data.sample_period=600")
    rule, parameter, margin = choose_margin(config, SCORES, LABELS, 2)
    alone = fit_budget(np.where(LABELS, np.nan, SCORES), 30.0, sample_period=600, gap=2)
    assert (rule, parameter, margin) == (f"budget, {alone.method.value}", 30.0, alone.threshold)
    assert choose_margin(config, np.where(LABELS, SCORES + 100, SCORES), LABELS, 2)[2] == margin
    assert margin < fit_budget(SCORES, 30.0, sample_period=600, gap=2).threshold
