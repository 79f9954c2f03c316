"""The ONNX graph that the writer fills: constants, ``Quant`` nodes and tensors, all in one floating-point type."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, helper, numpy_helper

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.qonnx.contract import QONNX_DOMAIN
from hw_trigger.qonnx.modes import quant_attributes


class Builder:
    """A graph as it grows: its nodes, constants, and what is known of its tensors.

    Parameters
    ----------
    dtype
        The floating-point type of all tensors that are not integers.
    """

    def __init__(self, dtype: type[np.floating[Any]]) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self.infos: list[onnx.ValueInfoProto] = []
        self.initializers: dict[str, TensorProto] = {}

    def info(self, name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        """Describe a tensor of the graph's type."""
        element = TensorProto.DOUBLE if self.dtype is np.float64 else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, element, shape)

    def value(self, name: str, value: ArrayLike) -> str:
        """Add an initializer of the graph's type (integers keep theirs)."""
        array = np.asarray(value)
        if not np.issubdtype(array.dtype, np.integer):
            array = array.astype(self.dtype)
        self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def node(
        self,
        op: str,
        inputs: list[str],
        out: str,
        shape: list[int | str],
        *,
        name: str = "",
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node with one output of the graph's type, and return the output."""
        self.nodes.append(helper.make_node(op, inputs, [out], name=name or f"{out}/{op}", domain=domain, **attributes))
        self.infos.append(self.info(out, shape))
        return out

    def rename(self, old: str, new: str) -> None:
        """Rename the last node's output, which is the graph's."""
        self.nodes[-1].output[0] = new
        self.infos = [info for info in self.infos if info.name != old]

    def quant(self, data: str, target: Format, out: str, shape: list[int | str]) -> str:
        """Bring data to a format by a ``Quant`` node, and return the output."""
        return self.node(
            "Quant", [data, *self.quantizer(target)], out, shape, domain=QONNX_DOMAIN, **quant_attributes(target, out)
        )

    def quantizer(self, target: Format) -> list[str]:
        """Return scale, zero point and bit width of a format; tensors of equal formats share them."""
        return [
            self.value(f"scale_2^{-target.fraction}", target.step),
            self.value("zero_point", 0.0),
            self.value(f"bits_{target.width}", float(target.width)),
        ]

    def parameter(self, name: str, codes: Codes, target: Format) -> str:
        """Add a constant behind its ``Quant`` node."""
        constant = self.value(f"{name}.value", target.values(codes))
        return self.quant(constant, target, name, list(codes.shape))
