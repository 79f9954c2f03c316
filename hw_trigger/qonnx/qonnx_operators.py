"""The file's operators for qonnx' own executor, built on qonnx' ``int_quant``.

Independent of the function definitions in the file and of the golden model: neither is used here. Arithmetic is in float64, which
is exact for every program; qonnx' ``Quant`` itself rounds what it gives to float32, so that files in double precision are
executed with :class:`DoubleQuant`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto
from qonnx.custom_op.general.intquant import int_quant
from qonnx.custom_op.registry import add_op_to_domain

from hw_trigger.qonnx.contract import CELL_INPUTS, QONNX_DOMAIN, QUANTIZERS, TRIGGER_DOMAIN, narrow_attribute
from hw_trigger.qonnx.qonnx_operator import AttributeTypes, Context, Executable
from hw_trigger.qonnx.qonnx_triggers import ClassMargin, DeviationScore, WindowScore

QUANT_ATTRIBUTES: AttributeTypes = {
    "signed": ("i", True, 1),
    "narrow": ("i", True, 0),
    "rounding_mode": ("s", True, "ROUND"),
}


class QuantLSTMCell(Executable):
    """An LSTM layer, of all windows at once."""

    def get_nodeattr_types(self) -> AttributeTypes:
        """Return the attributes: type, whether required, default."""
        types: AttributeTypes = dict.fromkeys(("batch_first", "reverse_input", "cifg"), ("i", True, 0))
        for quantizer in QUANTIZERS:
            types[f"{quantizer}_signed"] = ("i", True, 1)
            types[narrow_attribute(quantizer)] = ("i", True, 0)
            types[f"{quantizer}_rounding_mode"] = ("s", True, "ROUND")
        return types

    def execute_node(self, context: Context, graph: GraphProto) -> None:
        """Compute h of every step, and the last h and c."""
        del graph
        if (self.get_nodeattr("batch_first"), self.get_nodeattr("reverse_input"), self.get_nodeattr("cifg")) != (
            1,
            0,
            0,
        ):
            raise NotImplementedError("only windows first, forwards, with four gates")
        names = dict(zip(CELL_INPUTS, self.onnx_node.input, strict=True))
        values = {name: np.asarray(context[tensor], np.float64) for name, tensor in names.items()}
        x = values["x"]
        units = values["weight_hi"].shape[0]
        h, c = (np.broadcast_to(values[name], (len(x), units)) for name in ("h0", "c0"))
        sequence = np.empty((*x.shape[:2], units))
        for step in range(x.shape[1]):
            h, c = self._step(values, x[:, step], h, c)
            sequence[:, step] = h
        dtype = context[names["x"]].dtype
        for tensor, result in zip(self.onnx_node.output, (sequence, h, c), strict=True):
            context[tensor] = result.astype(dtype)

    def _step(
        self, values: Context, x: NDArray[np.float64], h: NDArray[np.float64], c: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the next h and c; the equations are those of Brevitas' ``_QuantLSTMCell.forward_iter``."""

        def quant(numbers: NDArray[np.float64], quantizer: str) -> NDArray[np.float64]:
            return np.asarray(
                int_quant(
                    numbers,
                    values[f"{quantizer}_scale"],
                    values[f"{quantizer}_zero_point"],
                    values[f"{quantizer}_bit_width"],
                    self.get_nodeattr(f"{quantizer}_signed"),
                    self.get_nodeattr(narrow_attribute(quantizer)),
                    self.get_nodeattr(f"{quantizer}_rounding_mode"),
                )
            )

        def gate(letter: str, name: str) -> NDArray[np.float64]:
            total = x @ values[f"weight_i{letter}"].T + h @ values[f"weight_h{letter}"].T + values[f"bias_{name}"]
            return quant(total, f"{name}_acc")

        i = quant(_sigmoid(gate("i", "input")), "input_sigmoid")
        f = quant(_sigmoid(gate("f", "forget")), "forget_sigmoid")
        g = quant(np.tanh(gate("c", "cell")), "cell_tanh")
        o = quant(_sigmoid(gate("o", "output")), "output_sigmoid")
        c = quant(quant(f * c, "cell_state") + quant(i * g, "cell_state"), "cell_state")
        h = quant(o * quant(np.tanh(c), "hidden_state_tanh"), "output")
        return h, c


class DoubleQuant(Executable):
    """qonnx' ``Quant`` without its rounding to float32."""

    def get_nodeattr_types(self) -> AttributeTypes:
        """Return the attributes: type, whether required, default."""
        return dict(QUANT_ATTRIBUTES)

    def execute_node(self, context: Context, graph: GraphProto) -> None:
        """Quantize."""
        del graph
        tensors = [context[tensor] for tensor in self.onnx_node.input]
        modes = [self.get_nodeattr(name) for name in QUANT_ATTRIBUTES]
        context[self.onnx_node.output[0]] = np.asarray(int_quant(*tensors, *modes), np.float64)


def register() -> None:
    """Make the operators known to qonnx; doing so again changes nothing."""
    add_op_to_domain(QONNX_DOMAIN, QuantLSTMCell)
    for operator in (DoubleQuant, WindowScore, DeviationScore, ClassMargin):
        add_op_to_domain(TRIGGER_DOMAIN, operator)


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
