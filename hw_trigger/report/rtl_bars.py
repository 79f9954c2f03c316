"""The bars of the RTL's resources: which block takes which share of the design's LUTs, flip-flops, DSPs and block RAMs.

Coordinates are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hw_trigger.report.numbers import count, share
from hw_trigger.report.rtl_schema import RtlResources, RtlSynthesis
from hw_trigger.report.rtl_tables import TOP

LABELS, PLOT, TEXT = 70.0, 760.0, 130.0
"""Widths: of the resources' names, of the bars, and of the totals beside them."""

ROW, BAR, KEY = 34.0, 20.0, 20.0
"""Heights: of a resource, of its bar, and of a line of the legend."""

KEYS = 5
"""Keys in a line of the legend."""

COLOURS = 10
"""Colours that there are; where there are more blocks, the smallest share the last one, and its key."""

KINDS: dict[str, Callable[[RtlResources], int]] = {
    "LUT": lambda found: found.lut + found.lutram + found.srl,
    "FF": lambda found: found.ff,
    "DSP": lambda found: found.dsp,
    "BRAM18": lambda found: found.bram18 + 2 * found.bram36,
    "URAM": lambda found: found.uram,
}
"""What is shown: LUTs with those that are memory, block RAMs of 36 kbit as two."""


@dataclass(frozen=True)
class Segment:
    """A block's part of a bar."""

    x: float
    width: float
    colour: int
    text: str


@dataclass(frozen=True)
class Row:
    """A resource."""

    y: float
    name: str
    total: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Key:
    """What a colour stands for."""

    x: float
    y: float
    colour: int
    name: str


@dataclass(frozen=True)
class Bars:
    """All of it."""

    width: float
    height: float
    rows: tuple[Row, ...]
    legend: tuple[Key, ...]


def draw(found: RtlSynthesis) -> Bars | None:
    """Return the bars of a synthesis, the largest block first; ``None`` where blocks were not told apart."""
    if not found.blocks:
        return None
    blocks = dict(sorted(found.blocks.items(), key=lambda item: -item[1].lut))
    rows = tuple(
        _row(index, name, blocks, found.total)
        for index, name in enumerate(name for name, amount in KINDS.items() if amount(found.total))
    )
    foot = ROW * len(rows) + 8
    names = [name or TOP for name in blocks]
    if len(names) > COLOURS:
        names[COLOURS - 1 :] = ["others"]
    legend = tuple(
        Key(LABELS + (index % KEYS) * PLOT / KEYS, foot + (index // KEYS) * KEY, _colour(index), name)
        for index, name in enumerate(names)
    )
    lines = -(-len(legend) // KEYS)
    return Bars(LABELS + PLOT + TEXT, foot + lines * KEY, rows, legend)


def _row(index: int, kind: str, blocks: dict[str, RtlResources], whole: RtlResources) -> Row:
    amount, y = KINDS[kind], ROW * index + 8
    total, before, segments = amount(whole), 0, []
    for colour, (name, block) in enumerate(blocks.items()):
        part = amount(block)
        if part:
            x, end = (round(LABELS + PLOT * each / total, 2) for each in (before, before + part))
            text = f"{name or TOP}, {kind}: {count(part)}, {share(part / total)}"
            segments.append(Segment(x, round(end - x, 2), _colour(colour), text))
        before += part
    return Row(y, kind, count(total), tuple(segments))


def _colour(index: int) -> int:
    return min(index, COLOURS - 1)
