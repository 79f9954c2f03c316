"""What the axes of a tensor mean, through the operators that move them.

Exporters surround the layers with ``Transpose``, ``Unsqueeze``, ``Gather``, ``Expand`` and the like. Following the meaning of
each axis tells what they amount to, whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.graph import Graph, Node


class Axis(StrEnum):
    """The meaning of one axis."""

    WINDOW = "windows"
    STEP = "steps"
    REPEAT = "repeated steps"  # steps that are all alike
    ONE = "1"
    FEATURE = "features"


Axes = tuple[Axis, ...]

_ENDLESS = 2**31 - 1
"""What a slice of unknown length ends at, at least, when it takes all."""

SEQUENCE: Axes = (Axis.WINDOW, Axis.STEP, Axis.FEATURE)
VECTOR: Axes = (Axis.WINDOW, Axis.FEATURE)

LAYOUT_OPS = ("Expand", "Gather", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze")


@dataclass(frozen=True)
class Sizes:
    """How long the axes are; the number of windows is ``None`` where it is free."""

    windows: int | None
    steps: int
    features: int

    def of(self, axis: Axis) -> int | None:
        """Return the length of an axis."""
        match axis:
            case Axis.WINDOW:
                return self.windows
            case Axis.FEATURE:
                return self.features
            case Axis.ONE:
                return 1
            case Axis.STEP | Axis.REPEAT:
                return self.steps


@dataclass(frozen=True)
class Moved:
    """Axes after an operator; `last_step` where it took the last step of a sequence."""

    axes: Axes
    last_step: bool = False


def move(graph: Graph, node: Node, axes: Axes, sizes: Sizes) -> Moved:
    """Return the axes behind one of :data:`LAYOUT_OPS`.

    Raises
    ------
    QonnxError
        The operator does what no program does: another step than the last, windows repeated, features reordered.
    """
    match node.op:
        case "Transpose":
            order = node.attributes.get("perm", list(range(len(axes)))[::-1])
            if sorted(order) != list(range(len(axes))):
                raise _refused(node, axes)
            return Moved(tuple(axes[position] for position in order))
        case "Unsqueeze":
            positions = _positions(graph, node, axes, added=True)
            rest = iter(axes)
            rank = len(axes) + len(positions)
            return Moved(tuple(Axis.ONE if position in positions else next(rest) for position in range(rank)))
        case "Squeeze":
            positions = _positions(graph, node, axes, added=False)
            if any(axes[position] is not Axis.ONE for position in positions):
                raise _refused(node, axes)
            return Moved(tuple(axis for position, axis in enumerate(axes) if position not in positions))
        case "Gather":
            return _gather(graph, node, axes, sizes)
        case "Slice":
            return _slice(graph, node, axes, sizes)
        case "Tile":
            times = _integers(graph, node, 1, "repeats")
            return Moved(_repeat(node, axes, times, [1] * len(axes), sizes))
        case _:
            shape = _integers(graph, node, 1, "shape")
            shape = [1] * (len(axes) - len(shape)) + shape
            return Moved(_repeat(node, axes, shape, [sizes.of(axis) for axis in axes], sizes))


def _gather(graph: Graph, node: Node, axes: Axes, sizes: Sizes) -> Moved:
    position = node.attributes.get("axis", 0) % len(axes)
    indices = graph.constants.get(node.inputs[1])
    if indices is None or indices.ndim:
        raise _refused(node, axes)
    index = int(indices)
    rest = axes[:position] + axes[position + 1 :]
    if axes[position] is Axis.ONE and index in {0, -1}:
        return Moved(rest)
    if axes[position] is Axis.REPEAT and -sizes.steps <= index < sizes.steps:
        return Moved(rest)
    if axes[position] is Axis.STEP and index in {-1, sizes.steps - 1}:
        return Moved(rest, last_step=True)
    raise _refused(node, axes)


def _slice(graph: Graph, node: Node, axes: Axes, sizes: Sizes) -> Moved:
    """Take whole axes, as exporters write ``x[:, ...]``, or the last step as an axis of 1."""
    starts, ends = (_integers(graph, node, position, name) for position, name in ((1, "starts"), (2, "ends")))
    positions = _integers(graph, node, 3, "axes") if len(node.inputs) > 3 else list(range(len(starts)))
    strides = _integers(graph, node, 4, "steps") if len(node.inputs) > 4 else [1] * len(starts)
    if not len(starts) == len(ends) == len(positions) == len(strides):
        raise _refused(node, axes)
    result, last_step = list(axes), False
    for start, end, position, stride in zip(starts, ends, positions, strides, strict=True):
        if not -len(axes) <= position < len(axes) or stride != 1:
            raise _refused(node, axes)
        length = sizes.of(axes[position])
        whole = end >= (_ENDLESS if length is None else length)
        if start == 0 and whole:
            continue
        if axes[position] is not Axis.STEP or start not in {-1, sizes.steps - 1} or not whole:
            raise _refused(node, axes)
        result[position], last_step = Axis.ONE, True
    return Moved(tuple(result), last_step)


def _repeat(node: Node, axes: Axes, wanted: list[int], unchanged: list[int | None], sizes: Sizes) -> Axes:
    """Return the axes after each is brought to what is wanted; 1 and what is said to be unchanged leave it as it is."""
    if len(wanted) != len(axes):
        raise _refused(node, axes)
    result = []
    for axis, n, same in zip(axes, wanted, unchanged, strict=True):
        if n not in {1, same} and not (axis is Axis.ONE and n == sizes.steps):
            raise _refused(node, axes)
        result.append(axis if n in {1, same} else Axis.REPEAT)
    return tuple(result)


def _positions(graph: Graph, node: Node, axes: Axes, *, added: bool) -> set[int]:
    """Return the axes that an operator adds or drops."""
    values = _integers(graph, node, 1, "axes")
    rank = len(axes) + (len(values) if added else 0)
    positions = {value % rank for value in values if -rank <= value < rank}
    if len(positions) != len(values):
        raise _refused(node, axes)
    return positions


def _integers(graph: Graph, node: Node, position: int, attribute: str) -> list[int]:
    """Return a list of whole numbers that is an input (as from opset 13 on) or an attribute."""
    if len(node.inputs) > position and node.inputs[position]:
        values = graph.constants.get(node.inputs[position])
        if values is None:
            raise QonnxError(f"{node} takes tensor {node.inputs[position]!r} as {attribute}; it must be a constant")
        return [int(value) for value in np.ravel(values)]
    if attribute not in node.attributes:
        raise QonnxError(f"{node} has no {attribute}")
    return [int(value) for value in node.attributes[attribute]]


def _refused(node: Node, axes: Axes) -> QonnxError:
    return QonnxError(
        f"{node} does to a tensor of ({', '.join(axes)}) what no layer of a program does; "
        "a vector may be repeated for every step, the last step taken, and axes of 1 added and dropped"
    )
