"""Plots of training and of sweeps.

Each function returns a Matplotlib figure; none touches a file or Matplotlib's global state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hw_trigger.report.data import LossCurve, Objective, ParetoFront
from hw_trigger.report.style import BLUE, GREEN, GREY, ORANGE, WIDTH, label_decades, look


def loss_curves(curves: Sequence[LossCurve]) -> Figure:
    """Training and validation loss of each network, on a logarithmic scale, the best epoch marked; a panel a network.

    The panels have scales of their own: the networks are trained to different ends.
    """
    with look():
        figure = Figure(figsize=(WIDTH, 3.4))
        panels = figure.subplots(1, len(curves), squeeze=False)[0]
        for axes, curve in zip(panels, curves, strict=True):
            epochs = np.arange(1, len(curve.train) + 1)
            axes.plot(epochs, curve.train, color=BLUE, marker="o", markersize=3, label="training")
            axes.plot(epochs, curve.validation, color=ORANGE, marker="s", markersize=3, label="validation")
            if curve.best_epoch is not None:
                best = curve.validation[curve.best_epoch - 1]
                axes.axvline(curve.best_epoch, color=GREY, linestyle=":", linewidth=1)
                axes.plot(
                    curve.best_epoch,
                    best,
                    linestyle="none",
                    marker="*",
                    markersize=13,
                    color=GREEN,
                    markeredgecolor="white",
                    label=f"best: epoch {curve.best_epoch}, {best:.3g}",
                )
            axes.set_yscale("log")
            label_decades(axes)
            axes.set_title(f"{curve.name}: loss against {curve.against}")
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
            if axes is panels[0] or curve.loss != curves[0].loss:
                axes.set_ylabel(f"loss ({curve.loss})")
    return figure


def pareto(front: ParetoFront) -> Figure:
    """The designs of a sweep by their first two objectives, those on the Pareto front joined, and this design marked.

    With more than two objectives, a design may be on the front though another is better in the two that are drawn.
    """
    first, second = front.objectives[:2]
    others = [point.values for point in front.points if not point.on_front]
    best = sorted(point.values for point in front.points if point.on_front)
    this = [point.values for point in front.points if point.this]
    with look():
        figure = Figure(figsize=(WIDTH, 4.2))
        axes = figure.subplots()
        axes.plot(*_columns(others), ".", color=GREY, markersize=4, alpha=0.6, label="other designs")
        joined = "-" if len(front.objectives) == 2 else "none"
        drawn = "steps-post" if first.better == second.better == "less" else "default"
        label = f"Pareto front ({len(best):,})"
        axes.plot(*_columns(best), marker="o", markersize=4, color=BLUE, linestyle=joined, drawstyle=drawn, label=label)
        axes.plot(*_columns(this), "*", color=ORANGE, markersize=14, markeredgecolor="white", label="this design")
        for objective, index, axis in ((first, 0, axes.xaxis), (second, 1, axes.yaxis)):
            values = [point.values[index] for point in front.points]
            if values and min(values) > 0 and max(values) > 20 * min(values):
                axes.set_xscale("log") if index == 0 else axes.set_yscale("log")
            axis.set_label_text(_label(objective))
        axes.set_title("Designs that were explored")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _columns(values: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [each[0] for each in values], [each[1] for each in values]


def _label(objective: Objective) -> str:
    unit = f" ({objective.unit})" if objective.unit else ""
    return f"{objective.name}{unit}, {objective.better} is better"
