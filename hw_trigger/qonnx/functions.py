"""The file's own operators as ONNX model-local functions, so that stock ONNX Runtime executes it.

``Quant`` is qonnx' operator for rounding mode ROUND; ``QuantLSTMCell`` is a Scan over the steps of
:class:`hw_trigger.fixedpoint.program.Lstm`; the triggers are in :mod:`hw_trigger.qonnx.trigger_functions`. Types are taken from
the inputs (``CastLike``), so that a file in double precision uses the same definitions.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import FunctionProto, GraphProto, helper

from hw_trigger.qonnx.body import OPSETS, Body, untyped
from hw_trigger.qonnx.contract import (
    BIASES,
    CELL_ATTRIBUTES,
    CELL_INPUTS,
    QONNX_DOMAIN,
    WEIGHTS,
    narrow_attribute,
)
from hw_trigger.qonnx.trigger_functions import trigger_functions


def functions() -> list[FunctionProto]:
    """Return all functions that a file may need."""
    return [_quant(), _cell(), *trigger_functions()]


def _quant() -> FunctionProto:
    """``y = (clip(round_half_even(x / scale + zero_point), low, high) - zero_point) * scale``; see qonnx' Quant."""
    body = Body("q")
    signed = body.add("CastLike", body.attribute("signed"), "x")
    narrow = body.add("CastLike", body.attribute("narrow"), "x")
    one = body.add("CastLike", body.constant(np.float32(1)), "x")
    two = body.add("CastLike", body.constant(np.float32(2)), "x")
    # high = 2**(width - signed) - 1, one less for a narrow unsigned range; low = -2**(width - 1) + narrow, or 0.
    power = body.add("Pow", two, body.add("Sub", "bit_width", signed))
    narrow_unsigned = body.add("Mul", narrow, body.add("Sub", one, signed))
    high = body.add("Sub", body.add("Sub", power, one), narrow_unsigned)
    low = body.add("Mul", body.add("Sub", narrow, power), signed)
    level = body.add("Round", body.add("Add", body.add("Div", "x", "scale"), "zero_point"))
    clipped = body.add("Max", body.add("Min", level, high), low)
    body.add("Mul", body.add("Sub", clipped, "zero_point"), "scale", out="y")
    return helper.make_function(
        QONNX_DOMAIN,
        "Quant",
        ["x", "scale", "zero_point", "bit_width"],
        ["y"],
        body.nodes,
        OPSETS,
        attributes=["signed", "narrow", "rounding_mode"],
    )


def _cell() -> FunctionProto:
    """The LSTM layer: inputs, weights and quantizers as Brevitas orders them; outputs h of all steps, last h, last c."""
    body = Body("f")
    input_weight = body.add("Concat", *WEIGHTS[:4], axis=0)
    recurrent = body.add("Transpose", body.add("Concat", *WEIGHTS[4:], axis=0), perm=[1, 0])
    bias = body.add("Concat", *BIASES, axis=0)
    # The input's part of all sums at once; any order of summation is exact.
    sums = body.add("Add", body.add("MatMul", "x", body.add("Transpose", input_weight, perm=[1, 0])), bias)
    shape = body.add("Shape", "x")
    batch = body.add("Slice", shape, body.constant(np.array([0])), body.constant(np.array([1])))
    units = body.add("Slice", body.add("Shape", recurrent), body.constant(np.array([0])), body.constant(np.array([1])))
    state_shape = body.add("Concat", batch, units, axis=0)
    h0 = body.add("Expand", "h0", state_shape)
    c0 = body.add("Expand", "c0", state_shape)
    body.nodes.append(
        helper.make_node(
            "Scan",
            [h0, c0, sums],
            ["h_last", "c_last", "y"],
            body=_step(recurrent),
            num_scan_inputs=1,
            scan_input_axes=[1],
            scan_output_axes=[1],
        )
    )
    return helper.make_function(
        QONNX_DOMAIN,
        "QuantLSTMCell",
        list(CELL_INPUTS),
        ["y", "h_last", "c_last"],
        body.nodes,
        OPSETS,
        attributes=list(CELL_ATTRIBUTES),
    )


def _step(recurrent: str) -> GraphProto:
    """One step, with ``Quant`` at every quantization point; the weights and quantizers come from the scope around it."""
    body = Body("s")

    def quant(value: str, quantizer: str, out: str | None = None) -> str:
        scale, zero_point, bit_width = (f"{quantizer}_{part}" for part in ("scale", "zero_point", "bit_width"))
        result = body.add("Quant", value, scale, zero_point, bit_width, out=out, domain=QONNX_DOMAIN)
        for name, source, kind in (
            ("signed", f"{quantizer}_signed", onnx.AttributeProto.INT),
            ("narrow", narrow_attribute(quantizer), onnx.AttributeProto.INT),
            ("rounding_mode", f"{quantizer}_rounding_mode", onnx.AttributeProto.STRING),
        ):
            reference = body.nodes[-1].attribute.add()
            reference.name, reference.ref_attr_name, reference.type = name, source, kind
        return result

    acc = body.add("Add", "sums", body.add("MatMul", "h", recurrent))
    body.nodes.append(helper.make_node("Split", [acc], ["acc_i", "acc_f", "acc_g", "acc_o"], axis=-1))
    i = quant(body.add("Sigmoid", quant("acc_i", "input_acc")), "input_sigmoid")
    f = quant(body.add("Sigmoid", quant("acc_f", "forget_acc")), "forget_sigmoid")
    g = quant(body.add("Tanh", quant("acc_g", "cell_acc")), "cell_tanh")
    o = quant(body.add("Sigmoid", quant("acc_o", "output_acc")), "output_sigmoid")
    forget_product = quant(body.add("Mul", f, "c"), "cell_state")
    input_product = quant(body.add("Mul", i, g), "cell_state")
    quant(body.add("Add", forget_product, input_product), "cell_state", out="c_next")
    tanh_c = quant(body.add("Tanh", "c_next"), "hidden_state_tanh")
    quant(body.add("Mul", o, tanh_c), "output", out="h_next")
    body.add("Identity", "h_next", out="y_step")
    return helper.make_graph(
        body.nodes,
        "step",
        [untyped(name) for name in ("h", "c", "sums")],
        [untyped(name) for name in ("h_next", "c_next", "y_step")],
    )
