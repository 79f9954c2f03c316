"""What the plots show, read back from them."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from support.reports import sample_front, sample_report

from hw_trigger.report import figures
from hw_trigger.report.data import LossCurve, ParetoFront, Telemetry
from hw_trigger.report.panels import choose
from hw_trigger.report.style import png


@pytest.fixture(scope="module")
def telemetry() -> Telemetry:
    found = sample_report().telemetry
    assert found is not None
    return found


def _legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_loss_curves_mark_the_best_epoch() -> None:
    curve = LossCurve("float", [0.5, 0.2, 0.1], [0.6, 0.3, 0.4], 2)
    (axes,) = figures.loss_curves([curve]).get_axes()
    assert axes.get_yscale() == "log"
    train, validation, _, best = axes.get_lines()
    assert np.asarray(train.get_ydata()).tolist() == [0.5, 0.2, 0.1]
    assert np.asarray(validation.get_ydata()).tolist() == [0.6, 0.3, 0.4]
    assert (np.asarray(best.get_xdata()).tolist(), np.asarray(best.get_ydata()).tolist()) == ([2], [0.3])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation", "best: epoch 2, 0.3"]


def test_loss_without_a_best_epoch_or_with_one_epoch() -> None:
    (axes,) = figures.loss_curves([LossCurve("float", [0.5], [0.6], None)]).get_axes()
    assert len(axes.get_lines()) == 2


def test_diverged_losses_are_drawn() -> None:
    assert png(figures.loss_curves([LossCurve("float", [0.5, float("nan")], [0.6, float("inf")], 1)]))


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


def test_score_has_threshold_alarms_and_anomalies(telemetry: Telemetry) -> None:
    figure = figures.causal_score(telemetry)
    (axes,) = figure.get_axes()
    assert axes.get_yscale() == "log"
    score, threshold = axes.get_lines()
    np.testing.assert_array_equal(score.get_ydata(), telemetry.scores)
    assert set(np.asarray(threshold.get_ydata()).tolist()) == {telemetry.threshold}
    above = np.nan_to_num(telemetry.scores, nan=0.0) > telemetry.threshold
    alarms = int(np.count_nonzero(np.diff(above.astype(int)) == 1))
    assert alarms > 0
    assert _legend(figure) == [
        "causal score",
        f"threshold {telemetry.threshold:.3g}",
        f"alarms ({alarms})",
        "labelled anomaly",
    ]
    (strip,) = axes.collections
    starts = sorted({round(float(np.asarray(path.vertices)[:, 0].min())) for path in strip.get_paths()})
    assert starts == (np.flatnonzero(np.diff(above.astype(int)) == 1) + 1).tolist()


def test_zero_scores_stand_at_the_foot_of_the_logarithmic_axis(telemetry: Telemetry) -> None:
    scores = telemetry.scores.copy()
    scores[100] = 0.0
    (axes,) = figures.causal_score(replace(telemetry, scores=scores)).get_axes()
    drawn = np.asarray(axes.get_lines()[0].get_ydata(), np.float64)
    assert axes.get_ylim()[0] < drawn[100] == np.nanmin(drawn)


@pytest.mark.parametrize("threshold", [0.0, 0.1])
def test_a_perfect_network_is_drawn_too(telemetry: Telemetry, threshold: float) -> None:
    scores = np.where(np.isnan(telemetry.scores), np.nan, 0.0)
    figure = figures.causal_score(replace(telemetry, scores=scores, threshold=threshold, anomalies=()))
    (axes,) = figure.get_axes()
    assert axes.get_yscale() == "linear"
    assert _legend(figure) == ["causal score", f"threshold {threshold:.3g}", "alarms (0)"]
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


def test_pareto_front_of_three_objectives() -> None:
    (axes,) = figures.pareto(sample_front()).get_axes()
    others, best, this = axes.get_lines()
    assert np.asarray(others.get_xydata()).tolist() == [[900.0, 9500.0], [950.0, 9900.0]]
    assert np.asarray(best.get_xydata()).tolist() == [[10.0, 9000.0], [400.0, 800.0]]
    assert np.asarray(this.get_xydata()).tolist() == [[900.0, 9500.0]]
    # Better in AUC alone: a line through designs would say that nothing is beyond it.
    assert best.get_linestyle() == "None"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("latency (µs), less is better", "LUT, less is better")


def test_pareto_front_of_two_objectives_is_joined_by_steps() -> None:
    front = sample_front()
    flat = ParetoFront(
        front.objectives[:2], tuple(replace(point, values=point.values[:2]) for point in front.points), 5, 4
    )
    figure = figures.pareto(flat)
    best = figure.get_axes()[0].get_lines()[1]
    assert (best.get_linestyle(), best.get_drawstyle()) == ("-", "steps-post")
    assert _legend(figure) == ["other designs", "Pareto front (2)", "this design"]
    assert png(figures.pareto(ParetoFront(front.objectives, (), 0, 0)))


def test_all_axes_are_labelled(telemetry: Telemetry) -> None:
    plots = [
        figures.loss_curves(sample_report().losses),
        figures.reconstruction(telemetry),
        figures.causal_score(telemetry),
        figures.windows(choose(telemetry), "V"),
        figures.pareto(sample_front()),
    ]
    for figure in plots:
        assert all(axes.get_xlabel() for axes in figure.get_axes())
        assert figure.get_axes()[0].get_ylabel()


def test_the_same_data_give_the_same_bytes_whatever_the_user_configured(telemetry: Telemetry) -> None:
    first = png(figures.causal_score(telemetry))
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "lines.linewidth": 5}):
        assert png(figures.causal_score(telemetry)) == first
        assert mpl.rcParams["font.size"] == 20
    assert b"Software" not in first
    assert b"Creation" not in first


def test_nothing_is_left_in_pyplot(telemetry: Telemetry) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    png(figures.reconstruction(telemetry))
    assert plt.get_fignums() == before
