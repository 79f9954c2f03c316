"""Recognize weighted sums: a product, the bias behind it and the ``Quant`` of the sum become one node.

``MatMul`` or ``Gemm`` with a weight gives a ``Dense`` node, ``Mul`` by a vector a ``Scaling``. Their attributes are ``weight``,
of shape ``(n_outputs, n_inputs)`` or ``(n_features,)``, and ``bias``, both a :class:`~hw_trigger.qonnx.graph.Parameter`, and
``output``, the format of the sum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.graph import Graph, Node, Parameter


def recognize_sums(graph: Graph) -> Graph:
    """Return the graph with its products fused.

    Raises
    ------
    QonnxError
        A weight or bias has no ``Quant`` node or does not fit, a ``Gemm`` scales or transposes its data, or the sum is used
        before it is quantized.
    """
    fused: dict[int, Node] = {}
    gone: set[int] = set()
    for node in graph.nodes:
        if node.op not in {"MatMul", "Gemm", "Mul"}:
            continue
        parts = [node]
        data, weight, bias = _operands(graph, node)
        if bias is None and (add := _only_consumer(graph, node)) is not None and add.op == "Add":
            parts.append(add)
            bias = next((tensor for tensor in add.inputs if tensor != node.outputs[0]), None)
        quant = _only_consumer(graph, parts[-1])
        if quant is None or quant.op != "Quant":
            raise QonnxError(
                f"{parts[-1]} gives tensor {parts[-1].outputs[0]!r}, which must go to one Quant node and nowhere else"
            )
        size = weight.codes.shape[0]
        attributes = {
            "weight": weight,
            "bias": _bias(graph, parts[-1], bias, size, weight),
            "output": quant.attributes["format"],
        }
        op = "Scaling" if node.op == "Mul" else "Dense"
        fused[id(quant)] = Node(op, node.name, (data,), quant.outputs, attributes)
        gone.update(id(part) for part in parts)
    nodes = tuple(fused.get(id(node), node) for node in graph.nodes if id(node) not in gone)
    return replace(graph, nodes=nodes)


def parameter(graph: Graph, node: Node, tensor: str) -> Parameter:
    """Return a constant behind a ``Quant`` node.

    Raises
    ------
    QonnxError
        It is computed from data, or a constant without ``Quant``.
    """
    found = graph.parameters.get(tensor)
    if found is not None:
        return found
    if tensor in graph.constants:
        raise QonnxError(f"{node} takes tensor {tensor!r}, a constant without a Quant node, so that it has no format")
    raise QonnxError(f"{node} takes tensor {tensor!r}, which must be a constant behind a Quant node")


def bias_parameter(graph: Graph, node: Node, tensor: str, weight: Parameter) -> Parameter:
    """Return a bias; one of zeros alone needs no ``Quant`` node, and has the format of the weight."""
    values = graph.constants.get(tensor)
    if values is not None and not np.any(values):
        return Parameter(np.zeros(values.shape, np.int64), weight.format)
    return parameter(graph, node, tensor)


def _operands(graph: Graph, node: Node) -> tuple[str, Parameter, str | None]:
    """Return data, weight and bias of a product."""
    first, second = node.inputs[:2]
    if node.op == "Mul" and graph.is_constant(first):
        first, second = second, first
    if graph.is_constant(first):
        raise QonnxError(f"{node} takes tensor {first!r} as its data, which is a constant; the weight comes second")
    weight = parameter(graph, node, second)
    if node.op == "Mul":
        return first, replace(weight, codes=_vector(node, second, weight.codes, graph.shape[2])), None
    if weight.codes.ndim != 2:
        raise QonnxError(
            f"{node} takes tensor {second!r} of shape {weight.codes.shape} as its weight; it must be a matrix"
        )
    transposed = bool(node.attributes.get("transB", 0))
    if node.attributes.get("transA", 0) or any(node.attributes.get(name, 1.0) != 1.0 for name in ("alpha", "beta")):
        raise QonnxError(f"{node} has a transA, alpha or beta other than 0, 1 and 1")
    bias = node.inputs[2] if len(node.inputs) > 2 and node.inputs[2] else None
    return first, weight if transposed else replace(weight, codes=weight.codes.T), bias


def _bias(graph: Graph, node: Node, tensor: str | None, size: int, weight: Parameter) -> Parameter:
    if tensor is None:
        return Parameter(np.zeros(size, np.int64), weight.format)
    bias = bias_parameter(graph, node, tensor, weight)
    return replace(bias, codes=_vector(node, tensor, bias.codes, size))


def _vector(node: Node, tensor: str, codes: Codes, size: int) -> Codes:
    """Return codes as a vector of `size`, broadcast as ONNX does."""
    length = codes.shape[-1] if codes.ndim else 1
    if codes.size != length or length not in {1, size}:
        raise QonnxError(f"{node} takes tensor {tensor!r} of shape {codes.shape}; it must be a vector of {size}")
    return np.broadcast_to(codes.reshape(-1), (size,))


def _only_consumer(graph: Graph, node: Node) -> Node | None:
    """Return the node that alone takes what `node` gives."""
    tensor = node.outputs[0]
    consumers = graph.consumers(tensor)
    return consumers[0] if len(consumers) == 1 and tensor not in graph.outputs else None
