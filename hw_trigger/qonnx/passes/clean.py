"""Drop what has no effect: nodes whose output nothing uses, and nodes that give their input."""

from __future__ import annotations

from dataclasses import replace

from hw_trigger.qonnx.graph import Graph, Node


def prune(graph: Graph) -> Graph:
    """Drop the nodes that no output depends on."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return replace(graph, nodes=tuple(reversed(kept)))


def drop_identities(graph: Graph) -> Graph:
    """Drop ``Identity``, and ``Dropout`` as it is in inference; who took their output takes their input."""
    source: dict[str, str] = {}
    kept = []
    for node in graph.nodes:
        inputs = tuple(source.get(tensor, tensor) for tensor in node.inputs)
        if node.op == "Identity" or (node.op == "Dropout" and len(inputs) < 3):
            source[node.outputs[0]] = inputs[0]
        else:
            kept.append(replace(node, inputs=inputs))
    outputs = tuple(source.get(tensor, tensor) for tensor in graph.outputs)
    return replace(graph, nodes=tuple(kept), outputs=outputs)
