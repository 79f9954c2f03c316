"""Plots of the test data: samples, their reconstruction, scores and alarms. Each function returns a Matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hw_trigger.detection import intervals
from hw_trigger.fixedpoint.program import ErrorTrigger
from hw_trigger.report.detection_data import Telemetry
from hw_trigger.report.panels import Panel
from hw_trigger.report.style import BLACK, BLUE, GREY, ORANGE, SHADE, WIDTH, label_decades, look
from hw_trigger.telemetry.channel import Interval

ZOOMS = 3
"""Labelled anomalies that are shown enlarged."""

STRIP = (0.945, 0.04)
"""Foot and height of the strip of alarms, as shares of the axis."""


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
        axes.set_title(f"{telemetry.channel}: test telemetry, and its reconstruction by the {telemetry.shown.executor}")
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
    """The causal score of every test sample, the threshold, alarms, labelled anomalies, and the time in which none fires.

    A score that is a square has a logarithmic axis; octaves and logits are logarithms already. Where no reconstruction is shown
    elsewhere, the samples are above.
    """
    alone = telemetry.windows is not None
    with look():
        figure = Figure(figsize=(WIDTH, 3.6 if alone else 5.4))
        panels = figure.subplots(1 if alone else 2, 1, sharex=True, squeeze=False)[:, 0]
        axes = panels[-1]
        if not alone:
            _draw_samples(panels[0], telemetry, slice(None), linewidth=0.7)
        panels[0].set_title(f"{telemetry.channel}: causal score of the {telemetry.shown.executor}")
        handles = _draw_score(axes, telemetry)
        for panel in panels:
            for seam in telemetry.seams:
                handles["leap in time"] = panel.axvline(seam, color=GREY, linestyle=":", linewidth=1.2)
        axes.set_xlim(0, len(telemetry.samples))
        axes.set_xlabel("sample of the test data")
        axes.set_ylabel(f"score ({telemetry.score_unit})")
        _legend(figure, list(handles.values()), list(handles), telemetry.anomalies)
    return figure


def _draw_score(axes: Axes, telemetry: Telemetry) -> dict[str, Artist]:
    """Draw the score and what belongs to it, and return what the legend has of it."""
    shown, scores = telemetry.shown, telemetry.shown.scores
    _shade(axes, telemetry.anomalies)
    (line,) = axes.plot(_on_axis(axes, telemetry), color=BLUE, linewidth=0.9)
    (bar,) = axes.plot(telemetry.bar, color=ORANGE, linestyle="--", linewidth=1.4)
    runs = intervals.runs(shown.alarms)
    least_width = len(scores) / 700  # a pixel or two, or a short alarm is not seen
    axes.broken_barh(
        [(start, max(stop - start, least_width)) for start, stop in runs.tolist()],
        STRIP,
        transform=axes.get_xaxis_transform(),
        facecolor=BLACK,
    )
    handles: dict[str, Artist] = {
        "causal score": line,
        f"threshold {shown.threshold:.3g}{'' if telemetry.record_windows is None else ', or record'}": bar,
        _alarms(len(runs), int(np.count_nonzero(shown.alarms))): Patch(facecolor=BLACK),
    }
    if telemetry.settle:
        name = f"settling ({telemetry.settle:,} windows)"
        until = telemetry.length - 1 + telemetry.settle
        handles[name] = axes.axvspan(0, until, facecolor="none", edgecolor=GREY, hatch="///", linewidth=0)
    return handles


def _alarms(runs: int, samples: int) -> str:
    if not runs:
        return "no alarm"
    return f"{runs:,} alarm{'' if runs == 1 else 's'} ({samples:,} sample{'' if samples == 1 else 's'})"


def _on_axis(axes: Axes, telemetry: Telemetry) -> NDArray[np.float64]:
    """Choose the axis of the scores, with room for the strip of alarms above; return them as they are drawn there."""
    scores, threshold = telemetry.shown.scores, telemetry.shown.threshold
    finite = scores[np.isfinite(scores)]
    positive = finite[finite > 0]
    if telemetry.score_unit != ErrorTrigger.unit or not len(positive):
        low, high = (each((*finite, threshold)) for each in (min, max))
        margin = (high - low or 1.0) * 0.05
        low = 0.0 if low >= 0 else low - margin
        axes.set_ylim(low, low + (high + margin - low) / STRIP[0])
        return scores
    axes.set_yscale("log")
    # A score of zero has no place on the axis: it is drawn at its foot.
    foot = min(positive.min(), threshold if threshold > 0 else np.inf) / 2
    top = max(positive.max(), threshold)
    axes.set_ylim(foot / 1.2, top * (top / foot) ** 0.14)
    label_decades(axes)
    return np.where(scores > 0, scores, np.where(np.isnan(scores), np.nan, foot))


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


def _draw_samples(axes: Axes, telemetry: Telemetry, where: slice, *, linewidth: float) -> None:
    time = np.arange(len(telemetry.samples))[where]
    _shade(axes, telemetry.anomalies)
    axes.plot(time, telemetry.samples[where], color=BLACK, linewidth=linewidth, label="telemetry")
    if telemetry.reconstruction is not None:
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
