"""What the plots of test data show, read back from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from support.reports import classifier_report, error_report, sample_report

from hw_trigger.report import telemetry_figures as figures
from hw_trigger.report.detection_data import Telemetry
from hw_trigger.report.panels import choose
from hw_trigger.report.style import png


@pytest.fixture(scope="module")
def telemetry() -> Telemetry:
    """Of a trigger that remembers."""
    found = sample_report().telemetry
    assert found is not None
    return found


@pytest.fixture(scope="module")
def errors() -> Telemetry:
    """Of a trigger of the error."""
    found = error_report().telemetry
    assert found is not None
    return found


def _legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def _with(telemetry: Telemetry, **changes: Any) -> Telemetry:
    return replace(telemetry, outcomes=(replace(telemetry.shown, **changes),))


def _starts(axes: Axes) -> list[int]:
    """Return where the strip of alarms has its bars."""
    (strip,) = axes.collections
    return sorted({round(float(np.asarray(path.vertices)[:, 0].min())) for path in strip.get_paths()})


def test_reconstruction_enlarges_the_first_anomalies(telemetry: Telemetry) -> None:
    figure = figures.reconstruction(telemetry)
    whole, *zooms = [axes for axes in figure.get_axes() if axes.get_lines()]
    np.testing.assert_array_equal(whole.get_lines()[0].get_ydata(), telemetry.samples)
    np.testing.assert_array_equal(whole.get_lines()[1].get_ydata(), telemetry.reconstruction)
    assert [axes.get_title(loc="left") for axes in zooms] == [
        "spike, samples 800 to 805",
        "frequency, samples 1700 to 1819",
        "frozen, samples 2700 to 2789",
    ]
    for axes, anomaly in zip(zooms, telemetry.anomalies, strict=True):
        low, high = axes.get_xlim()
        assert low < anomaly.start < anomaly.stop < high
    assert _legend(figure) == ["telemetry", "reconstruction", "labelled anomaly"]


def test_error_has_threshold_alarms_and_anomalies(errors: Telemetry) -> None:
    figure = figures.causal_score(errors)
    (axes,) = figure.get_axes()
    shown = errors.shown
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "score (scaled units squared)"
    score, threshold = axes.get_lines()
    np.testing.assert_array_equal(score.get_ydata(), shown.scores)
    assert set(np.asarray(threshold.get_ydata()).tolist()) == {shown.threshold}
    above = np.nan_to_num(shown.scores, nan=0.0) > shown.threshold
    starts = (np.flatnonzero(np.diff(above.astype(int)) == 1) + 1).tolist()
    assert len(starts) > 1
    assert _legend(figure) == [
        "causal score",
        f"threshold {shown.threshold:.3g}",
        f"{len(starts)} alarms ({np.count_nonzero(above)} samples)",
        "labelled anomaly",
    ]
    assert _starts(axes) == starts


def test_deviation_has_the_record_the_alarms_that_fired_and_the_settling_time(telemetry: Telemetry) -> None:
    figure = figures.causal_score(telemetry)
    (axes,) = figure.get_axes()
    shown = telemetry.shown
    assert axes.get_yscale() == "linear"
    assert axes.get_ylabel() == "score (octaves)"
    score, bar = axes.get_lines()
    np.testing.assert_array_equal(score.get_ydata(), shown.scores)
    np.testing.assert_array_equal(bar.get_ydata(), telemetry.bar)
    fired = np.flatnonzero(shown.alarms)
    assert 0 < len(fired) < np.count_nonzero(shown.scores > shown.threshold)
    starts = fired[np.diff(fired, prepend=-2) > 1].tolist()
    assert _starts(axes) == starts
    assert _legend(figure) == [
        "causal score",
        "threshold 3, or record",
        f"{len(starts)} alarms ({len(fired)} samples)",
        "settling (256 windows)",
        "labelled anomaly",
    ]
    (settling,) = [patch for patch in axes.patches if patch.get_hatch()]
    assert settling.get_extents().x1 == pytest.approx(axes.transData.transform((256 + telemetry.length - 1, 0))[0])


def test_margin_stands_below_the_samples() -> None:
    telemetry = classifier_report().telemetry
    assert telemetry is not None
    figure = figures.causal_score(telemetry)
    above, below = figure.get_axes()
    (samples,) = above.get_lines()
    np.testing.assert_array_equal(samples.get_ydata(), telemetry.samples)
    np.testing.assert_array_equal(below.get_lines()[0].get_ydata(), telemetry.shown.scores)
    assert below.get_ylim()[0] < np.nanmin(telemetry.shown.scores) < 0
    assert (above.get_ylabel(), below.get_ylabel()) == ("value (scaled)", "score (logits)")
    assert above.get_xlim() == below.get_xlim() == (0, len(telemetry.samples))
    assert "threshold -0.25" in _legend(figure)


def test_leaps_in_time_are_marked() -> None:
    telemetry = classifier_report().telemetry
    assert telemetry is not None
    figure = figures.causal_score(replace(telemetry, seams=(100, 300)))
    for axes in figure.get_axes():
        upright = [line for line in axes.get_lines() if len(set(np.asarray(line.get_xdata()).tolist())) == 1]
        assert [np.asarray(line.get_xdata())[0] for line in upright] == [100, 300]
    assert _legend(figure).count("leap in time") == 1


def test_one_alarm_is_no_plural(telemetry: Telemetry) -> None:
    alarms = np.zeros(len(telemetry.samples), np.bool_)
    alarms[900] = True
    assert _legend(figures.causal_score(_with(telemetry, alarms=alarms)))[2] == "1 alarm (1 sample)"
    assert _legend(figures.causal_score(_with(telemetry, alarms=~alarms & False)))[2] == "no alarm"


def test_zero_errors_stand_at_the_foot_of_the_logarithmic_axis(errors: Telemetry) -> None:
    scores = errors.shown.scores.copy()
    scores[100] = 0.0
    (axes,) = figures.causal_score(_with(errors, scores=scores)).get_axes()
    drawn = np.asarray(axes.get_lines()[0].get_ydata(), np.float64)
    assert axes.get_ylim()[0] < drawn[100] == np.nanmin(drawn)


@pytest.mark.parametrize("threshold", [0.0, 0.1])
def test_a_perfect_network_is_drawn_too(errors: Telemetry, threshold: float) -> None:
    scores = np.where(np.isnan(errors.shown.scores), np.nan, 0.0)
    perfect = _with(errors, scores=scores, threshold=threshold, alarms=np.zeros(len(scores), np.bool_))
    figure = figures.causal_score(replace(perfect, anomalies=()))
    (axes,) = figure.get_axes()
    assert axes.get_yscale() == "linear"
    assert _legend(figure) == ["causal score", f"threshold {threshold:.3g}", "no alarm"]
    assert png(figure)


def test_telemetry_without_anomalies(telemetry: Telemetry) -> None:
    figure = figures.reconstruction(replace(telemetry, anomalies=()))
    assert len(figure.get_axes()) == 1
    assert _legend(figure) == ["telemetry", "reconstruction"]
    assert png(figure)


def test_windows_share_their_axis(telemetry: Telemetry) -> None:
    panels = choose(telemetry)
    grid = figures.windows(panels, "V").get_axes()
    assert [axes.get_title(loc="left") for axes in grid] == [panel.title for panel in panels]
    assert len({axes.get_ylim() for axes in grid}) == 1
    assert grid[0].get_ylabel() == "value (V)"


def test_axes_are_labelled(telemetry: Telemetry) -> None:
    plots = [
        figures.reconstruction(telemetry),
        figures.causal_score(telemetry),
        figures.windows(choose(telemetry), "V"),
    ]
    for figure in plots:
        assert all(axes.get_xlabel() for axes in figure.get_axes())
        assert figure.get_axes()[0].get_ylabel()


def test_the_same_data_give_the_same_bytes_whatever_the_user_configured(telemetry: Telemetry) -> None:
    first = png(figures.causal_score(telemetry))
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "lines.linewidth": 5, "hatch.linewidth": 9}):
        assert png(figures.causal_score(telemetry)) == first
        assert mpl.rcParams["font.size"] == 20
    assert b"Software" not in first
    assert b"Creation" not in first


def test_nothing_is_left_in_pyplot(telemetry: Telemetry) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    png(figures.reconstruction(telemetry))
    assert plt.get_fignums() == before
