"""Compute what is known before the graph runs: exporters leave such arithmetic around shapes and slices of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator

from hw_trigger.qonnx.contract import IR_VERSION, QonnxError
from hw_trigger.qonnx.graph import Graph, Node

_FOLDED = {
    "Add", "Cast", "CastLike", "Concat", "Constant", "ConstantOfShape", "Div", "Equal", "Expand", "Gather", "Mul", "Neg", "Range",
    "Reshape", "Shape", "Slice", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip


def fold_constants(graph: Graph) -> Graph:
    """Compute the standard operators whose inputs are all constants.

    The shape of the graph's input counts as known. A free dimension, the number of windows, counts as 1 there, which is what
    broadcasting makes of it.
    """
    constants = dict(graph.constants)
    kept = []
    like_input = {graph.input}
    shape = np.empty([size or 1 for size in graph.shape], np.bool_)
    for node in graph.nodes:
        if node.op == "Quant" and node.inputs[0] in like_input:
            like_input.add(node.outputs[0])
        if node.op == "Shape" and node.inputs[0] in like_input:
            constants[node.outputs[0]] = evaluate(node, {node.inputs[0]: shape}, graph.opset)
        elif node.op in _FOLDED and all(tensor in constants for tensor in node.inputs if tensor):
            constants[node.outputs[0]] = evaluate(node, constants, graph.opset)
        else:
            kept.append(node)
    return replace(graph, nodes=tuple(kept), constants=constants)


def evaluate(node: Node, values: Mapping[str, NDArray[Any]], opset: int) -> NDArray[Any]:
    """Return what one standard operator gives, by ONNX' reference implementation.

    Raises
    ------
    QonnxError
        The node is none that ONNX knows, or its inputs do not fit it.
    """
    feeds = {tensor: values[tensor] for tensor in node.inputs if tensor}
    try:
        proto = helper.make_node(node.op, node.inputs, node.outputs, **node.attributes)
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in feeds.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(node.outputs[0])]
        model = helper.make_model(
            helper.make_graph([proto], "constant", inputs, outputs),
            opset_imports=[helper.make_opsetid("", opset)],
            ir_version=IR_VERSION,
        )
        # What the reference raises for a bad node is of no one class.
        results: list[Any] = list(ReferenceEvaluator(model).run(None, feeds))
    except Exception as error:
        raise QonnxError(f"{node} cannot be computed from its constants: {error}") from error
    return np.asarray(results[0])
