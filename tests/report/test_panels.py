"""The windows that are shown are those with the scores that their titles speak of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.reports import sample_report

from hw_trigger.report.detection_data import Outcome, Telemetry
from hw_trigger.report.panels import choose
from hw_trigger.telemetry.channel import Interval


def _telemetry(anomalies: tuple[Interval, ...], scores: list[float]) -> Telemetry:
    """Windows of 3 samples; scores of samples 2, 3, ..."""
    count = len(scores)
    samples = np.arange(count + 2, dtype=np.float64)
    windows = np.arange(count)[:, None] + np.array([0.5, 1.5, 2.5])
    full = np.concatenate([[np.nan, np.nan], scores])
    outcome = Outcome("golden", full, full > 1.0, 1.0)
    return Telemetry("X", "V", "V²", 3, samples, anomalies, (outcome,), windows=windows)


def test_chooses_by_score() -> None:
    """An anomaly at sample 5 touches windows 3, 4 and 5, and only window 3 ends in it."""
    telemetry = _telemetry(
        (Interval(5, 6, "spike"), Interval(9, 11, "drift")), [0.3, 0.9, 0.1, 7.0, 50.0, 60.0, 0.2, 2.0, 3.0, 9.9, 9.9]
    )
    panels = choose(telemetry)
    assert [(panel.title, panel.start) for panel in panels] == [
        ("typical normal window\nscore 0.3", 0),
        ("worst normal window\nscore 0.9", 1),
        ("best seen anomaly (spike)\nscore 7", 3),
        ("least seen anomaly (drift)\nscore 3", 8),
    ]
    np.testing.assert_array_equal(panels[2].samples, [3, 4, 5])
    np.testing.assert_array_equal(panels[2].reconstruction, [3.5, 4.5, 5.5])


def test_without_anomalies() -> None:
    assert [panel.start for panel in choose(_telemetry((), [0.3, 0.9]))] == [1, 1]


def test_without_normal_windows() -> None:
    assert [panel.start for panel in choose(_telemetry((Interval(0, 4, "drift"),), [0.3, 0.9]))] == [1]


def test_an_anomaly_before_the_first_window_ends_is_not_shown() -> None:
    telemetry = _telemetry((Interval(0, 1, "spike"),), [0.3, 0.9, 0.5])
    assert [panel.title.split("\n")[0] for panel in choose(telemetry)] == [
        "typical normal window",
        "worst normal window",
    ]


def test_without_reconstruction() -> None:
    assert choose(replace(_telemetry((), [0.3, 0.9]), windows=None)) == ()


def test_real_telemetry() -> None:
    telemetry = sample_report().telemetry
    assert telemetry is not None
    panels = choose(telemetry)
    assert len(panels) == 4
    assert len(choose(replace(telemetry, anomalies=()))) == 2
    worst = panels[1]
    assert not telemetry.labels[worst.start : worst.start + telemetry.length].any()
