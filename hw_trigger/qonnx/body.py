"""The bodies of model-local functions, node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, ValueInfoProto, helper, numpy_helper

from hw_trigger.qonnx.contract import OPSET, QONNX_DOMAIN

OPSETS = [helper.make_opsetid("", OPSET), helper.make_opsetid(QONNX_DOMAIN, 1)]
"""Operator sets that every function imports."""


class Body:
    """Nodes of one function or graph, as they are added; a prefix and a number name what each one gives."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []

    def add(self, op: str, *inputs: str, out: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return the output."""
        name = out or f"{self.prefix}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, value: Any) -> str:
        """Return a constant tensor."""
        return self.add("Constant", value=numpy_helper.from_array(np.asarray(value)))

    def attribute(self, name: str) -> str:
        """Return the function's own integer attribute as a tensor."""
        out = self.add("Constant")
        reference = self.nodes[-1].attribute.add()
        reference.name, reference.ref_attr_name, reference.type = "value_int", name, onnx.AttributeProto.INT
        return out


def untyped(name: str) -> ValueInfoProto:
    """Describe a tensor of a Scan's body whose type follows from the function's inputs."""
    info = ValueInfoProto()
    info.name = name
    return info
