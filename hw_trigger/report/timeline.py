"""The timeline of the pipeline: which layer is busy when, with windows that follow each other as soon as they can.

Coordinates are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from hw_trigger.report.estimate_schema import Estimate, EstimatedLayer
from hw_trigger.report.numbers import count, short

WINDOWS = 3
"""Windows that are shown: two overlap where the design is pipelined, the third shows that it goes on."""

LABELS, PLOT = 150.0, 830.0
"""Widths of the layers' names, and of the time."""

TOP, ROW, BAR, FOOT = 64.0, 30.0, 20.0, 44.0
"""Heights: of the two dimensions above, of a layer, of its bar, and of the axis below."""

TITLE_CHARACTERS = 19


@dataclass(frozen=True)
class Bar:
    """A layer at work on a window, counted from 1."""

    x: float
    y: float
    width: float
    window: int
    text: str


@dataclass(frozen=True)
class Row:
    """A layer."""

    y: float
    name: str
    bottleneck: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Dimension:
    """A length of time above the plot."""

    x: float
    y: float
    width: float
    text: str


@dataclass(frozen=True)
class Tick:
    """A time on the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """All of it.

    Attributes
    ----------
    starts
        Where the first sample of each window comes in.
    """

    width: float
    height: float
    foot: float
    rows: tuple[Row, ...]
    dimensions: tuple[Dimension, ...]
    starts: tuple[float, ...]
    ticks: tuple[Tick, ...]
    unit: str


def draw(estimate: Estimate) -> Timeline:
    """Return the timeline of a design."""
    interval, latency = estimate.interval.cycles, estimate.latency.cycles
    end = latency + (WINDOWS - 1) * interval
    scale = PLOT / end
    layers = [layer for layer in estimate.layers if layer.interval_cycles]
    foot = TOP + ROW * len(layers)

    def at(cycle: float) -> float:
        return round(LABELS + cycle * scale, 2)

    def row(index: int, layer: EstimatedLayer) -> Row:
        y = TOP + ROW * index
        first, last = layer.busy
        bars = tuple(
            Bar(
                at(first + window * interval),
                y + (ROW - BAR) / 2,
                max(round((last - first) * scale, 2), 1.5),
                window + 1,
                f"{layer.name}, window {window + 1}: "
                f"cycles {count(first + window * interval)} to {count(last + window * interval)}",
            )
            for window in range(WINDOWS)
        )
        name = layer.name if len(layer.name) <= TITLE_CHARACTERS else f"{layer.name[: TITLE_CHARACTERS - 1]}…"
        return Row(y + ROW / 2, name, layer.name == estimate.bottleneck, bars)

    dimensions = tuple(
        Dimension(at(0), y, round(time.cycles * scale, 2), f"{name}: {count(time.cycles)} cycles, {short(time.us)} µs")
        for name, time, y in (("interval", estimate.interval, 20.0), ("latency", estimate.latency, 50.0))
    )
    # Thousands of microseconds are read more easily as milliseconds.
    us = estimate.clock_ns / 1000
    unit, each = ("ms", us / 1000) if end * us >= 10_000 else ("µs", us)
    values = [value for value in MaxNLocator(8).tick_values(0, end * each) if 0 <= value <= end * each]
    return Timeline(
        width=LABELS + PLOT + 20,
        height=foot + FOOT,
        foot=foot,
        rows=tuple(row(index, layer) for index, layer in enumerate(layers)),
        dimensions=dimensions,
        starts=tuple(at(window * interval) for window in range(WINDOWS)),
        ticks=tuple(Tick(at(value / each), f"{value:,.6g}") for value in values),
        unit=unit,
    )
