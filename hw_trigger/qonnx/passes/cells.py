"""Read ``QuantLSTMCell`` nodes: 48 inputs and 36 attributes become one :class:`Cell`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format, FormatError, Overflow, align
from hw_trigger.qonnx.contract import BIASES, CELL_INPUTS, QUANTIZERS, WEIGHTS, QonnxError, narrow_attribute
from hw_trigger.qonnx.graph import Graph, Node, Parameter
from hw_trigger.qonnx.passes.quantizers import read_format
from hw_trigger.qonnx.passes.sums import bias_parameter, parameter


@dataclass(frozen=True, eq=False)
class Cell:
    """An LSTM layer without its place in the network; see :class:`hw_trigger.fixedpoint.program.Lstm` for the names."""

    windows_first: bool
    weight: Parameter
    recurrent: Parameter
    bias: Parameter
    gates: tuple[Format, Format, Format, Format]
    activations: tuple[Format, Format, Format, Format]
    cell: Format
    cell_tanh: Format
    hidden: Format


def read_cells(graph: Graph) -> Graph:
    """Give every ``QuantLSTMCell`` node its data as the only input, and the attribute ``cell``.

    Raises
    ------
    QonnxError
        The layer runs backwards, couples its gates, or does not begin at 0; an input is missing, or no format equals a quantizer.
    """
    nodes = tuple(
        Node(node.op, node.name, node.inputs[:1], node.outputs, {"cell": _cell(graph, node)})
        if node.op == "QuantLSTMCell"
        else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _cell(graph: Graph, node: Node) -> Cell:
    if len(node.inputs) != len(CELL_INPUTS):
        raise QonnxError(f"{node} has {len(node.inputs)} inputs, and takes {len(CELL_INPUTS)}")
    tensors = dict(zip(CELL_INPUTS, node.inputs, strict=True))
    for name, why in (("cifg", "coupled gates"), ("reverse_input", "running backwards")):
        if node.attributes.get(name, 0):
            raise QonnxError(f"{node} has the attribute {name} of {node.attributes[name]}; {why} is not supported")
    for name in ("h0", "c0"):
        state = graph.constants.get(tensors[name])
        if state is None or np.any(state):
            raise QonnxError(
                f"{node} takes tensor {tensors[name]!r} as {name}; the initial state must be a constant of zeros"
            )
    weights = [parameter(graph, node, tensors[name]) for name in WEIGHTS]
    biases = [bias_parameter(graph, node, tensors[name], weights[0]) for name in BIASES]
    _check_shapes(node, tensors, weights, biases)
    units = weights[4].codes.shape[0]
    biases = [replace(bias, codes=np.broadcast_to(bias.codes, (units,))) for bias in biases]
    formats = {name: _quantizer(graph, node, tensors, name) for name in QUANTIZERS}
    gates = formats["input_acc"], formats["forget_acc"], formats["cell_acc"], formats["output_acc"]
    activations = (
        formats["input_sigmoid"],
        formats["forget_sigmoid"],
        formats["cell_tanh"],
        formats["output_sigmoid"],
    )
    return Cell(
        windows_first=bool(node.attributes.get("batch_first", 0)),
        weight=_stack(node, weights[:4]),
        recurrent=_stack(node, weights[4:]),
        bias=_stack(node, biases),
        gates=gates,
        activations=activations,
        cell=formats["cell_state"],
        cell_tanh=formats["hidden_state_tanh"],
        hidden=formats["output"],
    )


def _check_shapes(node: Node, tensors: dict[str, str], weights: list[Parameter], biases: list[Parameter]) -> None:
    """Check the weights against the first recurrent one, whose shape is ``(units, units)``."""
    units = max(weights[4].codes.shape, default=0)
    inputs = weights[0].codes.shape[-1] if weights[0].codes.ndim else 0
    matrices = [(units, inputs)] * 4 + [(units, units)] * 4
    for name, weight, shape in zip(WEIGHTS, weights, matrices, strict=True):
        if weight.codes.shape != shape:
            raise _misfit(node, tensors[name], name, weight, shape)
    for name, bias in zip(BIASES, biases, strict=True):
        # A layer without biases is exported with one 0.
        if bias.codes.shape not in {(units,), (1,), ()}:
            raise _misfit(node, tensors[name], name, bias, (units,))


def _misfit(node: Node, tensor: str, name: str, found: Parameter, wanted: tuple[int, ...]) -> QonnxError:
    return QonnxError(f"{node} takes tensor {tensor!r} of shape {found.codes.shape} as {name}; {wanted} is needed")


def _quantizer(graph: Graph, node: Node, tensors: dict[str, str], name: str) -> Format:
    get = node.attributes.get
    signed: Any = get(f"{name}_signed")
    rounding: Any = get(f"{name}_rounding_mode")
    # Brevitas' two exporters spell one of them differently.
    narrow: Any = get(narrow_attribute(name), get(f"{name}_narrow"))
    for label, value in (("signed", signed), ("rounding_mode", rounding), ("narrow", narrow)):
        if value is None:
            raise QonnxError(f"{node} has no attribute {name}_{label}")
    triple = tensors[f"{name}_scale"], tensors[f"{name}_zero_point"], tensors[f"{name}_bit_width"]
    return read_format(graph, node, triple, (signed, narrow, rounding))


def _stack(node: Node, parts: list[Parameter]) -> Parameter:
    """Put the four gates below each other, in a format that holds all of them where theirs differ."""
    formats = [part.format for part in parts]
    common = formats[0]
    if len(set(formats)) > 1:
        signed = any(part.signed for part in formats)
        integer = max(part.integer + (signed and not part.signed) for part in formats)
        fraction = max(part.fraction for part in formats)
        try:
            common = Format(integer + fraction, integer, signed, overflow=Overflow.SAT)
        except FormatError as error:
            raise QonnxError(f"{node} has gates whose weights no common format holds: {error}") from error
    codes: list[Codes] = [align(part.codes, part.format.fraction, common.fraction) for part in parts]
    return Parameter(np.concatenate(codes), common)
