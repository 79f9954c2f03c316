"""Names that the QONNX file is made of: operators, their inputs and attributes, as Brevitas and qonnx have them."""

from __future__ import annotations

from hw_trigger.errors import UserError

QONNX_DOMAIN = "qonnx.custom_op.general"
"""Domain of ``Quant`` and ``QuantLSTMCell``."""

BREVITAS_DOMAIN = "onnx.brevitas"
"""The same operators as older exports name them."""

TRIGGER_DOMAIN = "hw_trigger"
"""Domain of ``WindowScore``, ``DeviationScore`` and ``ClassMargin``."""

PRODUCER = "hw_trigger"
"""What the writer calls itself in a file."""

OPSET = 17
IR_VERSION = 8

WEIGHTS = ("weight_ii", "weight_if", "weight_ic", "weight_io", "weight_hi", "weight_hf", "weight_hc", "weight_ho")
BIASES = ("bias_input", "bias_forget", "bias_cell", "bias_output")

QUANTIZERS = (
    "output",
    "cell_state",
    "input_acc",
    "forget_acc",
    "cell_acc",
    "output_acc",
    "input_sigmoid",
    "forget_sigmoid",
    "cell_tanh",
    "output_sigmoid",
    "hidden_state_tanh",
)
"""Quantizers of a ``QuantLSTMCell``, in the order of its inputs from the sixteenth on: scale, zero point, bit width of each."""

CELL_INPUTS = (
    "x",
    "h0",
    "c0",
    *WEIGHTS,
    *BIASES,
    *(f"{quantizer}_{part}" for quantizer in QUANTIZERS for part in ("scale", "zero_point", "bit_width")),
)
"""The 48 inputs of a ``QuantLSTMCell``."""

TRIGGER_INPUTS = {
    "WindowScore": ("x", "reconstruction", "step", "threshold"),
    "DeviationScore": ("x", "reconstruction", "x_step", "step", "threshold", "state"),
    "ClassMargin": ("logits", "step", "threshold"),
}
"""Inputs of each trigger's node."""

TRIGGER_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "WindowScore": (),
    "DeviationScore": ("adaptive", "settle", "baseline", "weight", "excess_decay", "record_decay", "floor"),
    "ClassMargin": ("positive",),
}
"""Attributes of each trigger's node: whole numbers, named as the trigger's own."""

STATE, NEXT_STATE = "state", "next_state"
"""The graph's input and output that carry what a ``DeviationScore`` remembers from one call to the next."""

TRIGGER_OUTPUTS = {
    "WindowScore": ("score", "trigger"),
    "DeviationScore": ("score", "trigger", NEXT_STATE),
    "ClassMargin": ("score", "trigger"),
}
"""Outputs of each trigger's node; the graph's have the same names."""


def narrow_attribute(quantizer: str) -> str:
    """Return the attribute that holds a quantizer's narrow range; Brevitas spells one of them otherwise."""
    return "output_sigmoid_narrow_range" if quantizer == "output_sigmoid" else f"{quantizer}_narrow"


CELL_ATTRIBUTES = (
    "batch_first",
    "reverse_input",
    "cifg",
    *(
        name
        for quantizer in QUANTIZERS
        for name in (narrow_attribute(quantizer), f"{quantizer}_signed", f"{quantizer}_rounding_mode")
    ),
)


class QonnxError(UserError):
    """A QONNX file that is damaged, or that no fixed-point program equals."""
