"""What the operators for qonnx' own executor have in common."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from onnx import NodeProto, helper
from qonnx.custom_op.base import CustomOp

Context = dict[str, NDArray[Any]]

AttributeTypes = dict[str, tuple[str, bool, int | str]]
"""An operator's attributes: type, whether required, default."""


class Executable(CustomOp):  # type: ignore[misc]  # qonnx has no types
    """What the operators have in common: shapes and data types come from the file, and need no inference."""

    onnx_node: NodeProto

    def make_shape_compatible_op(self, model: object) -> NodeProto:
        """Hide the node behind a name that ONNX' shape inference does not know, so that it trusts the shapes there are."""
        del model
        return helper.make_node(f"Hidden{self.onnx_node.op_type}", self.onnx_node.input, self.onnx_node.output)

    def infer_node_datatype(self, model: object) -> None:
        """Leave the outputs as they are."""

    def verify_node(self) -> list[str]:
        """Return no complaints."""
        return []
