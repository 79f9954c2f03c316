"""The bars of utilization: what the design takes of the part, in both countings, each with its error bar.

Coordinates are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from hw_trigger.report.design_tables import COUNTINGS, RESOURCE_NAMES
from hw_trigger.report.estimate_schema import Amount, Estimate
from hw_trigger.report.numbers import bar, count, share

LABELS, PLOT, TEXT = 70.0, 480.0, 440.0
"""Widths: of the resources' names, of the bars, and of the figures beside them."""

ROW, BAR, LINE, FOOT, LEGEND = 56.0, 14.0, 22.0, 34.0, 22.0
"""Heights: of a resource, of a bar, from one bar to the next, of the axis below, and of the legend below that."""

KEY = 150.0
"""Width of one key of the legend."""

MOST = 3.0
"""Shares above this go beyond the plot: a design that is far too large would leave nothing else to be seen."""


@dataclass(frozen=True)
class Bar:
    """A resource in one counting: how long the bar is, and from where to where its error bar goes."""

    y: float
    counting: str
    label: str
    width: float
    low: float
    high: float
    beyond: bool
    text: str


@dataclass(frozen=True)
class Row:
    """A resource."""

    y: float
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Key:
    """What the colour of a counting stands for."""

    x: float
    counting: str
    label: str


@dataclass(frozen=True)
class Utilization:
    """All of it; `full` is where the part ends."""

    width: float
    height: float
    foot: float
    legend_y: float
    full: float
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[Key, ...]


def draw(estimate: Estimate) -> Utilization | None:
    """Return the bars of what is used; ``None`` where it is not known what the part has."""
    names = [name for name in RESOURCE_NAMES if getattr(estimate.logic, name).share is not None]
    names = [name for name in names if any(getattr(getattr(estimate, each), name).high for each in COUNTINGS)]
    if not names:
        return None
    shares = [getattr(getattr(estimate, counting), name).share_high for counting in COUNTINGS for name in names]
    end: float = min(max(1.0, *shares), MOST)

    def at(value: float) -> float:
        return round(LABELS + PLOT * min(value, end) / end, 2)

    rows = []
    for index, name in enumerate(names):
        top = ROW * index + 8
        bars = []
        for line, (counting, label) in enumerate(COUNTINGS.items()):
            amount: Amount = getattr(getattr(estimate, counting), name)
            low, value, high = (each or 0.0 for each in (amount.share_low, amount.share, amount.share_high))
            text = f"{count(amount.value)} ({bar(amount)}), {share(value)}"
            width = max(at(value) - LABELS, 0.5)
            bars.append(Bar(top + LINE * line, counting, label, width, at(low), at(high), high > end, text))
        rows.append(Row(top + LINE - (LINE - BAR) / 2, RESOURCE_NAMES[name], tuple(bars)))
    foot = ROW * len(names)
    values = MaxNLocator(6, steps=[1, 2.5, 5, 10]).tick_values(0, end)  # 100% is one of them
    ticks = tuple((at(value), f"{value:.0%}") for value in values if 0 <= value <= end)
    legend = tuple(Key(LABELS + KEY * index, *item) for index, item in enumerate(COUNTINGS.items()))
    legend_y = foot + FOOT
    return Utilization(LABELS + PLOT + TEXT, legend_y + LEGEND, foot, legend_y, at(1), tuple(rows), ticks, legend)
