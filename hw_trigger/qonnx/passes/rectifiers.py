"""Drop the ``Relu`` before an unsigned ``Quant``, which saturates at 0 anyway; Brevitas exports both."""

from __future__ import annotations

from dataclasses import replace

from hw_trigger.qonnx.contract import QonnxError
from hw_trigger.qonnx.graph import Graph


def drop_rectifiers(graph: Graph) -> Graph:
    """Return the graph without ``Relu`` nodes.

    Raises
    ------
    QonnxError
        One goes to something else than unsigned ``Quant`` nodes.
    """
    source: dict[str, str] = {}
    kept = []
    for node in graph.nodes:
        if node.op != "Relu":
            inputs = tuple(source.get(tensor, tensor) for tensor in node.inputs)
            kept.append(replace(node, inputs=inputs))
            continue
        tensor = node.outputs[0]
        consumers = graph.consumers(tensor)
        if tensor in graph.outputs or any(
            other.op != "Quant" or other.attributes["format"].signed for other in consumers
        ):
            raise QonnxError(
                f"{node} gives tensor {tensor!r}, which must go to an unsigned Quant node and nowhere else"
            )
        source[tensor] = node.inputs[0]
    return replace(graph, nodes=tuple(kept))
