"""Change ONNX models in place, to make files that must be refused or read all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper


def node(model: ModelProto, name: str) -> NodeProto:
    (found,) = (candidate for candidate in model.graph.node if candidate.name == name)
    result: NodeProto = found
    return result


def initializer(model: ModelProto, name: str) -> TensorProto:
    (found,) = (candidate for candidate in model.graph.initializer if candidate.name == name)
    result: TensorProto = found
    return result


def set_attribute(model: ModelProto, name: str, attribute: str, value: Any) -> None:
    changed = node(model, name)
    kept = [found for found in changed.attribute if found.name != attribute]
    del changed.attribute[:]
    changed.attribute.extend([*kept, helper.make_attribute(attribute, value)])


def drop_attribute(model: ModelProto, name: str, attribute: str) -> None:
    changed = node(model, name)
    kept: list[AttributeProto] = [found for found in changed.attribute if found.name != attribute]
    del changed.attribute[:]
    changed.attribute.extend(kept)


def give_constant(model: ModelProto, name: str, position: int, value: ArrayLike, tensor: str = "other") -> None:
    """Give a node another constant as one of its inputs."""
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), tensor))
    node(model, name).input[position] = tensor


def insert_before(model: ModelProto, name: str, *nodes: NodeProto) -> None:
    position = next(index for index, found in enumerate(model.graph.node) if found.name == name)
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*rest[:position], *nodes, *rest[position:]])
