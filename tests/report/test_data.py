"""Data that do not fit together are the caller's bug, and found at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.reports import sample_report

from hw_trigger.report.data import DesignPoint, LossCurve, Objective, ParetoFront


def test_reconstruction_is_the_last_value_of_each_window() -> None:
    telemetry = sample_report().telemetry
    assert telemetry is not None
    length = telemetry.length
    assert np.isnan(telemetry.reconstruction[: length - 1]).all()
    np.testing.assert_array_equal(telemetry.reconstruction[length - 1 :], telemetry.windows[:, -1])
    assert telemetry.labels.sum() == sum(item.stop - item.start for item in telemetry.anomalies) > 0


def test_refuses_series_of_different_lengths() -> None:
    telemetry = sample_report().telemetry
    assert telemetry is not None
    with pytest.raises(
        ValueError, match=r"^3577 windows of 24 samples cover 3600, and there are samples \(3600,\) and scores \(3,\)$"
    ):
        replace(telemetry, scores=np.zeros(3))


def test_refuses_losses_that_do_not_pair() -> None:
    with pytest.raises(ValueError, match=r"^losses of 1 and 2 epochs; equal numbers are needed$"):
        LossCurve("float", [1.0], [1.0, 2.0], None)
    with pytest.raises(ValueError, match=r"^best epoch 3 of 2$"):
        LossCurve("float", [1.0, 1.0], [1.0, 2.0], 3)


def test_refuses_designs_without_a_value_of_each_objective() -> None:
    objectives = (Objective("latency"), Objective("LUT"))
    with pytest.raises(ValueError, match=r"^2 objectives; two at least are needed, and a value of each a point$"):
        ParetoFront(objectives, (DesignPoint("x", (1.0,), on_front=True),), 1, 1)
    with pytest.raises(ValueError, match=r"^1 objectives; two at least are needed, and a value of each a point$"):
        ParetoFront(objectives[:1], (), 0, 0)
