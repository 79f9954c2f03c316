"""A small, plain view of an ONNX graph, which the reader's passes turn into one another.

A pass is a function from :class:`Graph` to :class:`Graph`; nothing is changed in place. Operators are named without their domain
(``Quant``, ``QuantLSTMCell``, ``WindowScore``, ``MatMul``); one of a domain that is not known keeps it: ``com.acme::Magic``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from hw_trigger.fixedpoint import decision
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.qonnx.contract import BREVITAS_DOMAIN, QONNX_DOMAIN, TRIGGER_DOMAIN, TRIGGER_INPUTS, QonnxError

_DOMAINS = {"", "ai.onnx", QONNX_DOMAIN, BREVITAS_DOMAIN, TRIGGER_DOMAIN}


@dataclass(frozen=True)
class Node:
    """One operation; an input that is left out is ``""``."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"node {self.name!r} ({self.op})"


@dataclass(frozen=True, eq=False)
class Parameter:
    """A constant behind its ``Quant`` node: integer codes and their format."""

    codes: Codes
    format: Format


@dataclass(frozen=True, eq=False)
class Graph:
    """The graph between passes.

    Attributes
    ----------
    nodes
        In topological order.
    constants
        Tensors whose value is known, by name.
    parameters
        Constants behind a ``Quant`` node, by the name of what it gives.
    input, shape
        The one input and its shape (windows, steps, features); ``None`` windows where their number is free.
    states
        Further inputs: what a trigger remembers.
    """

    name: str
    opset: int
    nodes: tuple[Node, ...]
    constants: Mapping[str, NDArray[Any]]
    input: str
    shape: tuple[int | None, int, int]
    outputs: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    states: frozenset[str] = frozenset()

    def is_constant(self, tensor: str) -> bool:
        """Tell whether a tensor is known before the graph runs."""
        return tensor in self.constants or tensor in self.parameters

    def consumers(self, tensor: str) -> list[Node]:
        """Return the nodes that take a tensor."""
        return [node for node in self.nodes if tensor in node.inputs]


Pass = Callable[[Graph], Graph]


def parse(model: ModelProto) -> Graph:
    """Return the plain view of a model.

    Raises
    ------
    QonnxError
        A node takes a tensor that nothing gives, two nodes give one tensor, the graph has not one input, or a tensor is damaged
        or kept in another file.
    """
    model = _inline(model)
    proto = model.graph
    if proto.sparse_initializer:
        raise QonnxError(
            f"graph {proto.name!r} has the sparse initializer {proto.sparse_initializer[0].values.name!r}; store it dense"
        )
    constants = {tensor.name: to_array(tensor) for tensor in proto.initializer}
    nodes = tuple(_node(node) for node in proto.node)
    states = _states(nodes).difference(constants)
    inputs = [info for info in proto.input if info.name not in constants and info.name not in states]
    if len(inputs) != 1:
        names = ", ".join(repr(info.name) for info in inputs) or "none"
        raise QonnxError(
            f"graph {proto.name!r} must have one input, and has {names}; an input that is a weight lacks its initializer"
        )
    given = [info for info in proto.input if info.name in states]
    for info in given:
        _check_state(info)
    _check_sources(
        nodes, {*constants, *(info.name for info in given), inputs[0].name}, [info.name for info in proto.output]
    )
    return Graph(
        name=proto.name,
        opset=next((opset.version for opset in model.opset_import if opset.domain in {"", "ai.onnx"}), 17),
        nodes=nodes,
        constants=constants,
        input=inputs[0].name,
        shape=_window_shape(inputs[0]),
        outputs=tuple(info.name for info in proto.output),
        states=frozenset(info.name for info in given),
    )


def _states(nodes: tuple[Node, ...]) -> frozenset[str]:
    """Return the tensors that triggers take as what they remember."""
    position = TRIGGER_INPUTS["DeviationScore"].index("state")
    return frozenset(tensor for node in nodes if node.op == "DeviationScore" for tensor in node.inputs[position:])


def _window_shape(info: onnx.ValueInfoProto) -> tuple[int | None, int, int]:
    """Return the shape of the input, whose number of windows may be free."""
    sizes = [dim.dim_value if dim.dim_value > 0 else None for dim in info.type.tensor_type.shape.dim]
    if len(sizes) == 3:
        windows, steps, features = sizes
        if steps is not None and features is not None:
            return windows, steps, features
    found = ", ".join("?" if size is None else str(size) for size in sizes)
    raise QonnxError(
        f"input {info.name!r} has the shape ({found}); it must be (windows, steps, features), with known steps and features"
    )


def _check_state(info: onnx.ValueInfoProto) -> None:
    sizes = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    if info.type.tensor_type.elem_type != TensorProto.INT64 or sizes != [len(decision.STATE)]:
        raise QonnxError(
            f"input {info.name!r} is what a trigger remembers; it must be int64 of ({len(decision.STATE)})"
        )


def to_array(tensor: TensorProto) -> NDArray[Any]:
    """Return a tensor's values.

    Raises
    ------
    QonnxError
        They are kept in another file, or there are more or fewer than its shape says.
    """
    if tensor.data_location == TensorProto.EXTERNAL:
        raise QonnxError(f"tensor {tensor.name!r} is kept in another file; store the model in one file")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise QonnxError(f"tensor {tensor.name!r} is damaged: {error}") from error


def _inline(model: ModelProto) -> ModelProto:
    """Put the bodies of model-local functions in place of their nodes, but for the contract's own operators."""
    others = [(function.domain, function.name) for function in model.functions if function.domain not in _DOMAINS]
    if not others:
        return model
    return onnx.inliner.inline_selected_functions(model, others)


_INPUTS = {"Add": 2, "Expand": 2, "Gather": 2, "Gemm": 2, "MatMul": 2, "Mul": 2, "Slice": 3, "Tile": 2}
"""Inputs that an operator has at least, where it is not one. ``Constant`` has none."""


def _node(proto: NodeProto) -> Node:
    op = proto.op_type if proto.domain in _DOMAINS else f"{proto.domain}::{proto.op_type}"
    name = proto.name or next((out for out in proto.output if out), "")
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in proto.attribute}
    node = Node(op, name, tuple(proto.input), tuple(proto.output), attributes)
    needed = _INPUTS.get(op, 0 if op == "Constant" else 1)
    if not node.outputs or len(node.inputs) < needed or not all(node.inputs[:needed]):
        raise QonnxError(f"{node} lacks an output or one of its first {needed} inputs")
    return node


def _check_sources(nodes: tuple[Node, ...], known: set[str], outputs: list[str]) -> None:
    known = {*known, ""}
    for node in nodes:
        for tensor in node.inputs:
            if tensor not in known:
                raise QonnxError(f"{node} takes tensor {tensor!r}, which no node before it, input or initializer gives")
        for tensor in node.outputs:
            if tensor and tensor in known:
                raise QonnxError(f"{node} gives tensor {tensor!r}, which is given already")
        known.update(node.outputs)
    for tensor in outputs:
        if tensor not in known:
            raise QonnxError(f"output {tensor!r} of the graph is given by no node")
