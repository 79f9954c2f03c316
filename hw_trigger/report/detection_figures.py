"""Plots of how well anomalies are found: curves over all thresholds, and what is right and wrong at the one that was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve, roc_auc_score, roc_curve

from hw_trigger.report.detection_data import Outcome, Telemetry
from hw_trigger.report.numbers import figure as decimals
from hw_trigger.report.numbers import share
from hw_trigger.report.style import BLUE, GREEN, GREY, ORANGE, WIDTH, look

LINES = ((ORANGE, "-", 2.6), (BLUE, "-", 1.2), (GREEN, ":", 1.2))
"""Colour, style and width of the executors' curves, which lie upon each other where the executors agree."""

DEEPEST = 0.7
"""How much of its colour a share of 100% gets: what is written on it must be read."""


def has_curves(telemetry: Telemetry) -> bool:
    """Tell whether there are curves: samples of both classes that have a score."""
    return all(len(np.unique(telemetry.labels[_scored(outcome)])) == 2 for outcome in telemetry.outcomes)


def curves(telemetry: Telemetry) -> Figure:
    """ROC and precision-recall curves of the causal scores of each executor, and where its alarms are.

    Alarms are beside the curve where they follow from more than a threshold: those of a trigger that remembers.
    """
    with look():
        figure = Figure(figsize=(WIDTH, 4.8))
        roc, pr = figure.subplots(1, 2)
        for line, outcome in zip(LINES, telemetry.outcomes, strict=False):
            _draw_curves(roc, pr, telemetry, outcome, line)
        base = float(telemetry.labels[_scored(telemetry.shown)].mean())
        roc.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="chance")
        pr.axhline(base, color=GREY, linestyle=":", linewidth=1, label=f"chance: {decimals(base)}")
        for axes, title, x, y in (
            (roc, "ROC", "false positive rate", "recall (true positive rate)"),
            (pr, "Precision and recall", "recall", "precision"),
        ):
            axes.set_title(title)
            axes.set_xlabel(x)
            axes.set_ylabel(y)
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.02)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=1)
    return figure


def confusion(telemetry: Telemetry) -> Figure:
    """The confusion matrix of each executor: samples, and their share of those with the same label."""
    with look():
        figure = Figure(figsize=(WIDTH, 3.4))
        panels = figure.subplots(1, len(telemetry.outcomes), squeeze=False)[0]
        for axes, outcome in zip(panels, telemetry.outcomes, strict=True):
            scored = _scored(outcome)
            counts = confusion_matrix(telemetry.labels[scored], outcome.alarms[scored], labels=[False, True])
            _draw_matrix(axes, counts)
            axes.set_title(outcome.executor)
            axes.set_xlabel("trigger")
        panels[0].set_ylabel("label")
    return figure


def _scored(outcome: Outcome) -> Any:
    return ~np.isnan(outcome.scores)


def _draw_curves(roc: Axes, pr: Axes, telemetry: Telemetry, outcome: Outcome, line: tuple[str, str, float]) -> None:
    colour, style, width = line
    scored = _scored(outcome)
    truth, scores, alarms = telemetry.labels[scored], outcome.scores[scored], outcome.alarms[scored]
    drawn: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": width}
    mark: dict[str, Any] = {
        "color": colour,
        "linestyle": "none",
        "marker": "o",
        "markeredgecolor": "white",
        "zorder": 5,
    }
    mark["markersize"] = 6 + 2 * width
    false_rate, recall, _ = roc_curve(truth, scores)
    name = f"{outcome.executor}: AUC {decimals(float(roc_auc_score(truth, scores)))}"
    roc.plot(false_rate, recall, label=name, **drawn)
    precision, recall, _ = precision_recall_curve(truth, scores)
    name = f"{outcome.executor}: AUC {decimals(float(average_precision_score(truth, scores)))}"
    # The last point, at a recall of 0, is no threshold's.
    pr.plot(recall[:-1], precision[:-1], drawstyle="steps-post", label=name, **drawn)
    found = float(alarms[truth].mean())
    roc.plot(float(alarms[~truth].mean()), found, **mark)
    if alarms.any():
        pr.plot(found, float(truth[alarms].mean()), **mark)


def _draw_matrix(axes: Axes, counts: Any) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), count in np.ndenumerate(counts):
        part = float(shares[row, column])
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=BLUE, alpha=part * DEEPEST, linewidth=0))
        axes.text(column, row, f"{count:,}\n{share(part)}", ha="center", va="center", fontsize=12)
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(1.5, -0.5)
    axes.set_xticks([0, 1], ["no alarm", "alarm"])
    axes.set_yticks([0, 1], ["normal", "anomalous"])
    axes.tick_params(length=0)
    axes.grid(visible=False)
