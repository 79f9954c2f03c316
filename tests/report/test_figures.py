"""What the plots show, read back from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from support.reports import sample_front, sample_report

from hw_trigger.report import figures
from hw_trigger.report.data import LossCurve, ParetoFront
from hw_trigger.report.style import png


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


def test_losses_of_other_kinds_are_labelled() -> None:
    curves = [
        LossCurve("float", [0.5], [0.6], 1, "labels", "cross-entropy"),
        LossCurve("QAT", [0.5], [0.6], 1, "the net"),
    ]
    first, second = figures.loss_curves(curves).get_axes()
    assert (first.get_ylabel(), second.get_ylabel()) == ("loss (cross-entropy)", "loss (mean squared error)")
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == (
        "float: loss against labels",
        "QAT: loss against the net",
    )
    alike = figures.loss_curves(sample_report().losses).get_axes()
    assert [axes.get_ylabel() for axes in alike] == ["loss (mean squared error)", ""]


def test_loss_without_a_best_epoch_or_with_one_epoch() -> None:
    (axes,) = figures.loss_curves([LossCurve("float", [0.5], [0.6], None)]).get_axes()
    assert len(axes.get_lines()) == 2


def test_diverged_losses_are_drawn() -> None:
    assert png(figures.loss_curves([LossCurve("float", [0.5, float("nan")], [0.6, float("inf")], 1)]))


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


def test_axes_are_labelled() -> None:
    for figure in (figures.loss_curves(sample_report().losses), figures.pareto(sample_front())):
        assert all(axes.get_xlabel() for axes in figure.get_axes())
        assert figure.get_axes()[0].get_ylabel()
