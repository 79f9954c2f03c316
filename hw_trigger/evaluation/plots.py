"""The plots of an evaluation: figures by detector, AUC-PR by channel, events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hw_trigger.detection.aggregate import ALL
from hw_trigger.evaluation.columns import COLUMNS, Column
from hw_trigger.evaluation.comparison import bootstrap_interval
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import Role, Row
from hw_trigger.evaluation.tables import of_group
from hw_trigger.report.style import BLACK, BLUE, GREEN, GREY, ORANGE, look

PANELS = ("auc_roc", "auc_pr", "vus_roc", "vus_pr", "affiliation_f1", "event_f1")
"""Figures that are drawn by detector."""

_ROLES = {Role.CONTROL: ("#B5B5B5", "controls"), Role.BASELINE: (BLUE, "baselines"), Role.NETWORK: (ORANGE, "networks")}

_INTEGER = (GREEN, "integer program")

_MARKERS = "osD^v<>PX*"


def means_figure(results: Results) -> Figure:
    """Draw the means over all channels by detector, with intervals over channels."""
    columns = {column.figure: column for column in COLUMNS}
    rows = results.rows
    with look():
        figure = Figure(figsize=(10, 0.9 + 2 * (0.75 + 0.27 * len(rows))))
        panels = figure.subplots(2, 3, sharey=True).ravel()
        for axes, name in zip(panels, PANELS, strict=True):
            _bars(axes, results, rows, columns[name])
        panels[0].invert_yaxis()
        figure.legend(handles=_roles(rows), loc="outside lower center", ncols=4)
    return figure


def _bars(axes: Any, results: Results, rows: Sequence[Row], column: Column) -> None:
    """Draw one figure: a bar for each row, with the bootstrap interval of its mean over channels."""
    axes.set_title(column.title)
    for place, row in enumerate(rows):
        mean = of_group(results.causal[row.key], ALL).means[column.figure].value
        if mean is None:
            continue
        axes.barh(place, mean, height=0.72, color=_look(row)[0])
        values = [value for value in results.per_channel(row.key, column.figure).values() if value is not None]
        low, high = bootstrap_interval(values)
        if low is not None and high is not None:
            axes.hlines(place, low, high, color=BLACK, linewidth=1.1)
        axes.text(1.02, place, f"{mean:.3f}", va="center", ha="left", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.grid(visible=False, axis="y")


def channels_figure(results: Results, figure_name: str = "auc_pr") -> Figure:
    """Draw one figure as a table of colours, a line for each channel and a column for each detector."""
    rows, channels = results.rows, results.channels
    column = next(column for column in COLUMNS if column.figure == figure_name)
    table = np.array(
        [[np.nan if v is None else v for v in results.per_channel(row.key, figure_name).values()] for row in rows],
        float,
    ).T
    facts = {item.channel: item for item in results.records}
    with look():
        figure = Figure(figsize=(3.0 + 0.62 * len(rows), 2.2 + 0.215 * len(channels)))
        axes = figure.subplots()
        colours = mpl.colormaps["viridis"].with_extremes(bad="#E3E3E3")
        axes.imshow(table, cmap=colours, vmin=0, vmax=1, aspect="auto")
        for (y, x), value in np.ndenumerate(table):
            if np.isfinite(value):
                axes.text(
                    x,
                    y,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="black" if value > 0.6 else "white",
                )
        marks = [f"{name} {'(degenerate)' if facts[name].degenerate else ''}".rstrip() for name in channels]
        axes.set_yticks(range(len(channels)), marks, fontsize=7.5)
        axes.set_xticks(range(len(rows)), [row.title for row in rows], rotation=40, ha="left", rotation_mode="anchor")
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(visible=False)
        owners = [facts[name].spacecraft for name in channels]
        for place in range(1, len(owners)):
            if owners[place] != owners[place - 1]:
                axes.axhline(place - 0.5, color="white", linewidth=3)
        figure.supxlabel(f"{column.title}, causal; darker is less", fontsize=9)
    return figure


def events_figure(results: Results) -> Figure:
    """Draw event-wise precision over recall, of the events of all channels together, between lines of equal F1."""
    with look():
        figure = Figure(figsize=(7.6, 5.2))
        axes = figure.subplots()
        for f1 in (0.2, 0.4, 0.6, 0.8):
            recall = np.linspace(f1 / (2 - f1), 1, 200)
            axes.plot(recall, f1 * recall / (2 * recall - f1), color="#CFCFCF", linewidth=0.9, zorder=1)
            axes.annotate(
                f"F1 {f1:g}",
                (1, f1 / (2 - f1)),
                (4, 0),
                textcoords="offset points",
                fontsize=8,
                color=GREY,
                va="center",
            )
        handles = []
        for marker, row in zip(_MARKERS, results.rows, strict=False):
            counts = results.counts(row.key)
            colour = _look(row)[0]
            if counts.precision is not None and counts.recall is not None:
                size = 14 if row.key == "integer" else 8
                style: dict[str, Any] = {"color": colour, "markersize": size, "markeredgecolor": "white"}
                axes.plot(counts.recall, counts.precision, marker, zorder=3, clip_on=False, **style)
            reached = counts.f()
            label = row.title if reached is None else f"{row.title}: F1 {reached:.3f}"
            handles.append(Line2D([], [], linestyle="", marker=marker, color=colour, markersize=8, label=label))
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("recall: labelled events that are found")
        axes.set_ylabel("precision: alarms that are not false")
        figure.legend(handles=handles, loc="outside right center")
    return figure


def _look(row: Row) -> tuple[str, str]:
    """Return the colour of a row, and what the colour says."""
    return _INTEGER if row.key == "integer" else _ROLES[row.role]


def _roles(rows: Sequence[Row]) -> list[Patch]:
    looks = dict.fromkeys(_look(row) for row in rows)
    return [Patch(color=colour, label=label) for colour, label in looks]
