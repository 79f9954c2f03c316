"""The report's plots. Each function returns a Matplotlib figure; none touches a file or Matplotlib's global state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from hw_trigger.report.data import LossCurve, Objective, ParetoFront, Telemetry
from hw_trigger.report.panels import Panel
from hw_trigger.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, SHADE, WIDTH, look
from hw_trigger.telemetry.channel import Interval

ZOOMS = 3
"""Labelled anomalies that are shown enlarged."""


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
            _label_decades(axes)
            axes.set_title(f"{curve.name}: error against {curve.against}")
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
        panels[0].set_ylabel("loss (mean squared error)")
    return figure


def reconstruction(telemetry: Telemetry) -> Figure:
    """The test samples of one column with their reconstruction: all of them, and the first labelled anomalies enlarged."""
    zooms = telemetry.anomalies[:ZOOMS]
    with look():
        figure = Figure(figsize=(WIDTH, 5.6 if zooms else 3.2))
        top, bottom = (
            figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.05])[:, 0] if zooms else (figure, figure)
        )
        axes = top.subplots()
        _draw_samples(axes, telemetry, slice(None), linewidth=0.7)
        axes.set_title(f"{telemetry.channel}: test telemetry, and its reconstruction by the {telemetry.executor}")
        axes.set_xlabel("sample of the test data")
        handles, labels = axes.get_legend_handles_labels()
        _legend(figure, handles, labels, telemetry.anomalies)
        if zooms:
            panels = bottom.subplots(1, len(zooms), sharey=True, squeeze=False)[0]
            for axes, anomaly in zip(panels, zooms, strict=True):
                margin = max(40, (anomaly.stop - anomaly.start) // 2)
                where = slice(max(0, anomaly.start - margin), min(len(telemetry.samples), anomaly.stop + margin))
                _draw_samples(axes, telemetry, where, linewidth=1.2)
                axes.set_title(f"{anomaly.kind}, samples {anomaly.start} to {anomaly.stop - 1}", fontsize=10)
                axes.set_xlabel("sample")
                axes.set_ylabel("")
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            panels[0].set_ylabel(f"value ({telemetry.unit})")
    return figure


def causal_score(telemetry: Telemetry) -> Figure:
    """The causal score of every test sample on a logarithmic axis, the threshold, labelled anomalies and alarms."""
    scores = telemetry.scores
    positive = scores[np.isfinite(scores) & (scores > 0)]
    with look():
        figure = Figure(figsize=(WIDTH, 3.6))
        axes = figure.subplots()
        _shade(axes, telemetry.anomalies)
        if len(positive):
            axes.set_yscale("log")
            # A score of zero has no place on the axis: it is drawn at its foot.
            least = min(positive.min(), telemetry.threshold) if telemetry.threshold > 0 else positive.min()
            foot = least / 2
            axes.plot(np.where(scores > 0, scores, np.where(np.isnan(scores), np.nan, foot)), color=BLUE, linewidth=0.9)
            # Room above for the strip of alarms.
            top = max(positive.max(), telemetry.threshold)
            axes.set_ylim(foot / 1.2, top * (top / foot) ** 0.14)
            _label_decades(axes)
        else:
            axes.plot(scores, color=BLUE, linewidth=0.9)
        axes.axhline(telemetry.threshold, color=ORANGE, linestyle="--", linewidth=1.4)
        alarms = _runs(np.nan_to_num(scores, nan=-np.inf) > telemetry.threshold)
        least_width = len(scores) / 700  # a pixel or two, or a short alarm is not seen
        axes.broken_barh(
            [(start, max(stop - start, least_width)) for start, stop in alarms],
            (0.945, 0.04),
            transform=axes.get_xaxis_transform(),
            facecolor=BLACK,
        )
        axes.set_xlim(0, len(scores))
        axes.set_title(f"{telemetry.channel}: causal score of the {telemetry.executor}")
        axes.set_xlabel("sample of the test data")
        axes.set_ylabel(f"mean square error\nof the window ({telemetry.score_unit})")
        score_line, threshold_line = axes.get_lines()
        handles = [score_line, threshold_line, Patch(facecolor=BLACK)]
        labels = ["causal score", f"threshold {telemetry.threshold:.3g}", f"alarms ({len(alarms)})"]
        _legend(figure, handles, labels, telemetry.anomalies)
    return figure


def windows(panels: Sequence[Panel], unit: str) -> Figure:
    """Whole windows with their reconstruction, as the network sees them."""
    with look():
        figure = Figure(figsize=(WIDTH, 3.0))
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            time = np.arange(panel.start, panel.start + len(panel.samples))
            axes.fill_between(time, panel.samples, panel.reconstruction, color=ORANGE, alpha=0.18, linewidth=0)
            axes.plot(time, panel.samples, color=BLACK, label="telemetry")
            axes.plot(time, panel.reconstruction, color=ORANGE, label="reconstruction")
            axes.set_title(panel.title, fontsize=10)
            axes.set_xlabel("sample")
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True, prune="lower"))
            axes.margins(x=0)
        grid[0].set_ylabel(f"value ({unit})")
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
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


def _draw_samples(axes: Axes, telemetry: Telemetry, where: slice, *, linewidth: float) -> None:
    time = np.arange(len(telemetry.samples))[where]
    _shade(axes, telemetry.anomalies)
    axes.plot(time, telemetry.samples[where], color=BLACK, linewidth=linewidth, label="telemetry")
    axes.plot(time, telemetry.reconstruction[where], color=ORANGE, linewidth=linewidth, label="reconstruction")
    axes.set_xlim(time[0], time[-1] + 1)
    axes.set_ylabel(f"value ({telemetry.unit})")


def _shade(axes: Axes, anomalies: Sequence[Interval]) -> None:
    """Shade labelled anomalies; the edge keeps those of a few samples visible."""
    for anomaly in anomalies:
        axes.axvspan(anomaly.start, anomaly.stop, facecolor=SHADE, edgecolor=SHADE, alpha=0.45, linewidth=1.0)


def _legend(figure: Figure, handles: Sequence[Artist], labels: Sequence[str], anomalies: Sequence[Interval]) -> None:
    """Put the legend below the plot, where it covers nothing, with the shade of anomalies where there are any."""
    shade = [Patch(facecolor=SHADE, alpha=0.45)] if anomalies else []
    names = ["labelled anomaly"] if anomalies else []
    figure.legend([*handles, *shade], [*labels, *names], loc="outside lower center", ncols=len(labels) + len(names))


def _label_decades(axes: Axes) -> None:
    """Label a logarithmic axis at 1, 2 and 5 where it spans few decades, so that it has numbers at all."""
    low, high = axes.get_ylim()
    if high / low < 100:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:.3g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of true flags, each as (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
