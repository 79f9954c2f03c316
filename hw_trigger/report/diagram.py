"""The block diagram of the design: where every block and every edge is, and what is written on it.

The data flow along a U: from the samples at the top left to the vector of the whole window, and back to the trigger at the
bottom left, so that samples that wait for their reconstruction go straight down. Coordinates are in pixels.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from hw_trigger.report import schema
from hw_trigger.report.estimate_schema import Counts
from hw_trigger.report.numbers import count, short
from hw_trigger.report.trigger_schema import Trigger

BOX = (216.0, 140.0)
FIFO = (216.0, 82.0)
GAP = (136.0, 176.0)
"""Between columns and between rows; room for the format of what goes there."""

MARGIN = 138.0
"""Left of the boxes: what goes in and what comes out."""

TOP = 18.0
"""Above the boxes: the flag of the bottleneck."""

TITLE_CHARACTERS, LINE_CHARACTERS = 24, 32
"""What a box is wide enough for."""


@dataclass(frozen=True)
class Box:
    """A part of the design.

    Attributes
    ----------
    x, y, width, height
        Its place, from the top left corner.
    kind
        For example lstm, dense, scaling, trigger, fifo, input.
    title, lines
        What is written in it.
    bottleneck
        It sets the interval.
    """

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str
    lines: tuple[str, ...]
    bottleneck: bool = False

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Edge:
    """What goes from one part to the next.

    Attributes
    ----------
    points
        Corners of the line, the arrow's head at the last.
    lines
        What is written at it: the format, and how much of it there is.
    text
        Where that is written, and how it is anchored there: ``"start"`` or ``"middle"``; the last of three lines is below.
    """

    points: tuple[tuple[float, float], ...]
    lines: tuple[str, ...]
    text: tuple[float, float]
    anchor: str

    @property
    def path(self) -> str:
        """The line, as SVG has it."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


@dataclass(frozen=True)
class Diagram:
    """All of it."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def draw(report: schema.Report) -> Diagram:
    """Return the block diagram of a report's design; without an estimate, with formats only."""
    blocks, formats = _chain(report)
    columns = math.ceil(len(blocks) / 2)
    boxes = [_place(block, index, columns, len(blocks)) for index, block in enumerate(blocks)]
    bottom = TOP + BOX[1] + GAP[1]
    edges = [_enter(boxes[0], formats[0])]
    edges += [_edge(one, other, lines) for one, other, lines in zip(boxes, boxes[1:], formats[1:], strict=False)]
    edges.append(_leave(boxes[-1], formats[-1]))
    if report.network.trigger is not None and report.network.kind == "autoencoder":
        fifo = _fifo(report, boxes[0])
        boxes.append(fifo)
        x, foot = fifo.middle[0], TOP + BOX[1]
        edges.append(Edge(((x, foot), (x, fifo.y)), ("the same x",), (x + 8, (foot + fifo.y) / 2), "start"))
        edges.append(Edge(((x, fifo.y + FIFO[1]), (x, bottom)), (), (x, bottom), "start"))
    width = MARGIN + columns * BOX[0] + (columns - 1) * GAP[0] + 8
    return Diagram(width, bottom + BOX[1] + 2, tuple(boxes), tuple(edges))


def format_lines(text: str, amount: str) -> tuple[str, ...]:
    """Return a format in lines, ``ap_fixed<8,1>`` and its modes, and below them how much of it there is."""
    match = re.fullmatch(r"(\w+<\d+,-?\d+),AP_(\w+),AP_(\w+)>", text)
    return (text, amount) if match is None else (f"{match[1]}>", f"{match[2]}, {match[3]}", amount)


@dataclass(frozen=True)
class _Block:
    name: str
    kind: str
    subtitle: str
    lines: tuple[str, ...] = ()
    bottleneck: bool = False


def _chain(report: schema.Report) -> tuple[list[_Block], list[tuple[str, ...]]]:
    """Return the blocks in the order of the data, and the lines of the edge before each and behind the last."""
    network = report.network
    window = _shape(network.window, network.features)
    raw = format_lines(network.raw, f"raw {window}" if network.scaling else f"x {window}")
    x = format_lines(network.input, f"x {window}")
    if network.scaling is not None:
        blocks = [_block(report, network.scaling.name, "scaling", "raw · gain + offset")]
    else:
        blocks = [_Block("input", "input", "samples as they are")]
    formats = [raw, x]
    for layer in network.layers:
        what = "LSTM" if layer.kind == "lstm" else "dense"
        steps = f"{layer.steps} step{'s' if layer.steps > 1 else ''}"
        blocks.append(_block(report, layer.name, layer.kind, f"{what} {layer.inputs} → {layer.outputs}, {steps}"))
        amount = (
            f"{network.window} \N{MULTIPLICATION SIGN} {layer.outputs}"
            if layer.gives_sequence
            else f"1 \N{MULTIPLICATION SIGN} {layer.outputs}"
        )
        formats.append(format_lines(layer.output, amount))
    if network.trigger is not None:
        trigger = network.trigger
        blocks.append(_trigger(report, trigger))
        formats.append(("trigger, score", *format_lines(trigger.score, "1")[:1]))
    return blocks, formats


def _trigger(report: schema.Report, trigger: Trigger) -> _Block:
    """Return the trigger's block: when it fires, as its integers have it, and the threshold as people read it."""
    code = count(trigger.code)
    adaptive = trigger.deviation is not None and trigger.deviation.adaptive
    block = _block(report, trigger.name, "trigger", f"score > max({code}, record)" if adaptive else f"score > {code}")
    settle = "" if trigger.deviation is None else f", settles in {count(trigger.deviation.settle_windows)}"
    return replace(block, lines=(f"{short(trigger.value)} {trigger.unit}{settle}", *block.lines))


def _shape(vectors: int, features: int) -> str:
    return f"{vectors} \N{MULTIPLICATION SIGN} {features}"


def _block(report: schema.Report, name: str, kind: str, subtitle: str) -> _Block:
    estimate = report.estimate
    layer = None if estimate is None else next((each for each in estimate.layers if each.name == name), None)
    if layer is None or estimate is None:
        return _Block(name, kind, subtitle)
    cycles = f"{count(layer.step_cycles)} cycle{'s' if layer.step_cycles != 1 else ''} a step"
    reuse = (f"reuse {layer.reuse}",) if layer.reuse else ()
    lines = (*reuse, cycles, f"{count(layer.interval_cycles)} cycles a window", *_resources(layer.logic))
    return _Block(name, kind, subtitle, lines, estimate.bottleneck == name)


def _resources(counts: Counts) -> tuple[str, str]:
    memory = f"BRAM18 {count(counts.bram18)}" + (f" · URAM {count(counts.uram)}" if counts.uram else "")
    return f"DSP {count(counts.dsp)} · {memory}", f"LUT {count(counts.lut)} · FF {count(counts.ff)}"


def _place(block: _Block, index: int, columns: int, blocks: int) -> Box:
    top = index < columns
    column = index if top else blocks - 1 - index
    return Box(
        MARGIN + column * (BOX[0] + GAP[0]),
        TOP if top else TOP + BOX[1] + GAP[1],
        *BOX,
        block.kind,
        _fit(block.name, TITLE_CHARACTERS),
        tuple(_fit(line, LINE_CHARACTERS) for line in (block.subtitle, *block.lines)),
        block.bottleneck,
    )


def _fit(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _fifo(report: schema.Report, above: Box) -> Box:
    """Return where x waits for its reconstruction: a FIFO, or with io_parallel arrays that are handed on."""
    streamed = report.hls is None or report.hls.io_type == "io_stream"
    lines: tuple[str, ...] = (f"{count(report.memory.fifo_bits)} bits",) if streamed else ("arrays of a window",)
    if report.estimate is not None:
        lines = (*lines, *_resources(next(layer.logic for layer in report.estimate.layers if layer.kind == "fifo")))
    y = TOP + BOX[1] + (GAP[1] - FIFO[1]) / 2
    return Box(above.x, y, *FIFO, "fifo", "FIFO of x" if streamed else "copy of x", lines)


def _enter(box: Box, lines: tuple[str, ...]) -> Edge:
    y = box.middle[1]
    return Edge(((4.0, y), (box.x, y)), lines, (MARGIN / 2, y), "middle")


def _leave(box: Box, lines: tuple[str, ...]) -> Edge:
    y = box.middle[1]
    return Edge(((box.x, y), (4.0, y)), lines, (MARGIN / 2, y), "middle")


def _edge(one: Box, other: Box, lines: tuple[str, ...]) -> Edge:
    (x, y), (to_x, to_y) = one.middle, other.middle
    if y == to_y:
        start, end = (one.x + one.width, other.x) if x < to_x else (one.x, other.x + other.width)
        return Edge(((start, y), (end, y)), lines, ((start + end) / 2, y), "middle")
    start = one.y + one.height
    if x == to_x:
        return Edge(((x, start), (x, other.y)), lines, (x + 8, (start + other.y) / 2), "start")
    # Around the corner: one block fewer in the lower row.
    return Edge(
        ((x, start), (x, to_y), (other.x + other.width, to_y)), lines, (x + 8, (start + to_y) / 2 - 20), "start"
    )
