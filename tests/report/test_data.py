"""Data that do not fit together are the caller's bug, and found at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.reports import classifier_report, error_report, sample_report

from hw_trigger.report.data import DesignPoint, LossCurve, Objective, ParetoFront, ReportData
from hw_trigger.report.detection_data import Outcome, Telemetry


def test_reconstruction_is_the_last_value_of_each_window() -> None:
    telemetry = sample_report().telemetry
    assert telemetry is not None
    length = telemetry.length
    assert telemetry.windows is not None
    assert telemetry.reconstruction is not None
    assert np.isnan(telemetry.reconstruction[: length - 1]).all()
    np.testing.assert_array_equal(telemetry.reconstruction[length - 1 :], telemetry.windows[:, -1])
    assert telemetry.labels.sum() == sum(item.stop - item.start for item in telemetry.anomalies) > 0


def test_refuses_series_of_different_lengths() -> None:
    telemetry = sample_report().telemetry
    assert telemetry is not None
    short = replace(telemetry.shown, scores=np.zeros(3))
    with pytest.raises(
        ValueError,
        match=r"^there are 3600 samples, and scores \(3,\) and alarms \(3600,\) of the integer program$",
    ):
        replace(telemetry, outcomes=(short,))
    with pytest.raises(ValueError, match=r"^3600 samples have no \(3, 24\) windows of 24$"):
        replace(telemetry, windows=np.zeros((3, 24)))
    with pytest.raises(ValueError, match=r"^there is no executor's outcome$"):
        replace(telemetry, outcomes=())


def test_a_classifier_reconstructs_nothing() -> None:
    telemetry = classifier_report().telemetry
    assert telemetry is not None
    assert telemetry.reconstruction is None
    assert telemetry.shown.executor == "integer program"


def test_the_bar_is_the_threshold_or_an_earlier_record() -> None:
    scores, alarms = np.array([np.nan, 1.0, 8.0, 2.0, 7.0, 9.0]), np.zeros(6, np.bool_)
    telemetry = Telemetry("X", "V", "octaves", 2, np.zeros(6), (), (Outcome("golden", scores, alarms, 3.0),))
    assert telemetry.bar.tolist() == [3.0] * 6
    low = replace(telemetry, outcomes=(Outcome("golden", scores, alarms, -2.0),))
    assert low.bar.tolist() == [-2.0] * 6
    assert replace(telemetry, record_windows=4).bar.tolist() == [3.0, 3.0, 3.0, 8.0, 6.0, 7.0]


@pytest.mark.parametrize(
    "data", [sample_report(), error_report(), classifier_report()], ids=["deviation", "error", "margin"]
)
def test_alarms_are_the_scores_above_the_bar_once_settled(data: ReportData) -> None:
    """The bar is drawn in floating point, the program's is exact: no score of these is so close that they disagree."""
    telemetry = data.telemetry
    assert telemetry is not None
    first = int(np.flatnonzero(np.isfinite(telemetry.shown.scores))[0])
    settled = np.arange(len(telemetry.samples)) >= first + telemetry.settle
    np.testing.assert_array_equal(telemetry.shown.alarms, settled & (telemetry.shown.scores > telemetry.bar))
    assert telemetry.shown.alarms.any()


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
