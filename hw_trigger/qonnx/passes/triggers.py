"""Read a trigger's node: what it is given must be the network's, and its constants what follows from the formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.qonnx.contract import TRIGGER_ATTRIBUTES, TRIGGER_INPUTS, TRIGGER_OUTPUTS, QonnxError
from hw_trigger.qonnx.graph import Graph, Node
from hw_trigger.qonnx.passes.layout import SEQUENCE, VECTOR, Axes

Kind = TypeVar("Kind", ErrorTrigger, DeviationTrigger, MarginTrigger)


@dataclass(frozen=True)
class Network:
    """The network that a trigger follows.

    Attributes
    ----------
    x, input
        Its input and the format of that.
    outputs, output
        The tensors that hold its output, with their axes, and the format of that.
    steps, features
        Shape of a window of the output; a vector of logits has no steps.
    """

    x: str
    input: Format
    outputs: dict[str, Axes]
    output: Format
    steps: int
    features: int


def read_trigger(graph: Graph, node: Node, name: str, network: Network) -> Trigger:
    """Return the trigger that a node is.

    Raises
    ------
    QonnxError
        It is given other tensors than the network's, lacks an attribute, or has a constant that does not fit.
    """
    names, outputs = TRIGGER_INPUTS[node.op], TRIGGER_OUTPUTS[node.op]
    if len(node.inputs) != len(names):
        raise QonnxError(f"{node} has {len(node.inputs)} inputs, and takes {', '.join(names)}")
    if len(node.outputs) > len(outputs):
        raise QonnxError(f"{node} has {len(node.outputs)} outputs, and gives {', '.join(outputs)}")
    tensors = dict(zip(names, node.inputs, strict=True))
    _check_data(node, tensors, network)
    threshold = _threshold(graph, node, tensors["threshold"])
    settings: dict[str, Any] = {attribute: _setting(node, attribute) for attribute in TRIGGER_ATTRIBUTES[node.op]}
    comparison = (name, network.steps, network.features, network.input, network.output, threshold)
    match node.op:
        case "ClassMargin":
            classes, positive = network.features, settings["positive"]
            margin = _built(node, lambda: MarginTrigger(name, classes, positive, network.output, threshold))
            _check_step(graph, node, tensors["step"], "its logits", margin.input)
            return margin
        case "DeviationScore":
            adaptive = settings.pop("adaptive")
            if adaptive not in {0, 1}:
                raise QonnxError(f"{node} has the attribute adaptive of {adaptive}; it must be 0 or 1")
            deviation = _built(node, lambda: DeviationTrigger(*comparison, adaptive=bool(adaptive), **settings))
            _check_step(graph, node, tensors["x_step"], "x", deviation.input)
            _check_step(graph, node, tensors["step"], "its error", deviation.error)
            if tensors["state"] not in graph.states:
                raise QonnxError(
                    f"{node} takes tensor {tensors['state']!r} as its state; it must be an input of the graph"
                )
            return deviation
        case _:
            error = _built(node, lambda: ErrorTrigger(*comparison))
            _check_step(graph, node, tensors["step"], "its error", error.error)
            return error


def _check_data(node: Node, tensors: dict[str, str], network: Network) -> None:
    if "logits" in tensors:
        if network.outputs.get(tensors["logits"]) != VECTOR:
            raise QonnxError(f"{node} must compare the network's logits, and is given {tensors['logits']!r}")
        return
    x, reconstruction = tensors["x"], tensors["reconstruction"]
    if x != network.x or network.outputs.get(reconstruction) != SEQUENCE:
        raise QonnxError(
            f"{node} must compare the network's input {network.x!r} with its reconstruction, and is given "
            f"{x!r} and {reconstruction!r}"
        )


def _threshold(graph: Graph, node: Node, tensor: str) -> int:
    values = graph.constants.get(tensor)
    if values is None or values.shape or values.dtype.kind not in "iu":
        raise QonnxError(f"{node} takes tensor {tensor!r} as its threshold; it must be a constant whole number")
    return int(values)


def _setting(node: Node, name: str) -> int:
    value = node.attributes.get(name)
    if value is None:
        raise QonnxError(f"{node} has no attribute {name}")
    if not isinstance(value, int):
        raise QonnxError(f"{node} has the attribute {name} of {value}; it must be a whole number")
    return value


def _check_step(graph: Graph, node: Node, tensor: str, what: str, wanted: Format) -> None:
    values = graph.constants.get(tensor)
    if values is None or values.shape or values.dtype.kind not in "iuf" or np.float64(values) != wanted.step:
        raise QonnxError(f"{node} takes tensor {tensor!r} as the step of {what}; it must be a constant {wanted.step:g}")


def _built(node: Node, build: Callable[[], Kind]) -> Kind:
    """Build a trigger with its exact formats, and say at which node that is impossible."""
    try:
        trigger = build()
        _ = trigger.score
    except UserError as error:
        raise QonnxError(f"{node}: {error}") from error
    return trigger
