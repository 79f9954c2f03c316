"""The file's definition of Quant is the format's own rounding and saturation, and qonnx' operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from qonnx.custom_op.general.intquant import int_quant

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.qonnx.contract import OPSET, QONNX_DOMAIN, TRIGGER_DOMAIN
from hw_trigger.qonnx.functions import functions
from hw_trigger.qonnx.modes import quant_attributes

FORMATS = [
    Format(width, integer, signed, overflow=overflow)
    for width in (1, 2, 3, 8, 12)
    for integer in (-2, 0, 1, 5)
    for signed, overflow in ((True, Overflow.SAT), (True, Overflow.SAT_SYM), (False, Overflow.SAT))
    if width > 1 or not signed
]


def values(target: Format) -> NDArray[np.float64]:
    """Return every quarter step from far below the range to far above it: ties, neighbours of ties, and both limits."""
    quarters = np.arange(4 * target.low - 40, 4 * target.high + 41) / 4
    return np.concatenate([quarters, [-0.0, 1e6, -1e6]]) * target.step


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", FORMATS, ids=str)
def test_quant(target: Format, dtype: type[np.floating]) -> None:
    attributes = quant_attributes(target, "y")
    x = values(target).astype(dtype)
    found = _run_quant(x, target, attributes)
    expected = target.values(target.quantize(x))
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found)) == target.high - target.low + 1
    modes = (attributes["signed"], attributes["narrow"], attributes["rounding_mode"])
    theirs = int_quant(x, dtype(target.step), dtype(0), dtype(target.width), *modes)
    np.testing.assert_array_equal(theirs, expected)


def _run_quant(x: NDArray[np.floating], target: Format, attributes: dict[str, Any]) -> NDArray[np.floating]:
    element = helper.np_dtype_to_tensor_dtype(x.dtype)
    constants = {"scale": target.step, "zero_point": 0.0, "bits": float(target.width)}
    graph = helper.make_graph(
        [helper.make_node("Quant", ["x", *constants], ["y"], domain=QONNX_DOMAIN, **attributes)],
        "quant",
        [helper.make_tensor_value_info("x", element, ["n"])],
        [helper.make_tensor_value_info("y", element, ["n"])],
        [helper.make_tensor(name, element, (), [value]) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in (("", OPSET), (QONNX_DOMAIN, 1))]
    model = helper.make_model(graph, opset_imports=opsets, functions=functions()[:1], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: NDArray[np.floating] = session.run(None, {"x": x})[0]
    return result


def test_score_is_exact_beyond_single_precision() -> None:
    """Both numbers are float32's, their difference needs 27 bits, and the sum of its squares 53."""
    step = 2.0**-15
    x = np.array([[[-(2.0**11) + 8 * step]], [[2.0**11 - 8 * step]]], np.float32)
    reconstruction = np.array([[[1 - step]], [[-step]]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node(
                "WindowScore", ["x", "reconstruction", "step", "threshold"], ["score", "trigger"], domain=TRIGGER_DOMAIN
            )
        ],
        "score",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1, 1]) for name in ("x", "reconstruction")],
        [
            helper.make_tensor_value_info("score", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("trigger", TensorProto.BOOL, ["n"]),
        ],
        [
            helper.make_tensor("step", TensorProto.FLOAT, (), [step]),
            helper.make_tensor("threshold", TensorProto.INT64, (), [(2**26 - 7) ** 2]),
        ],
    )
    opsets = [helper.make_opsetid(domain, 1) for domain in (QONNX_DOMAIN, TRIGGER_DOMAIN)]
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET), *opsets], functions=functions(), ir_version=8
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    score, trigger = session.run(None, {"x": x, "reconstruction": reconstruction})
    errors = [
        round(float(a) * 2**15) - round(float(b) * 2**15) for a, b in zip(x.flat, reconstruction.flat, strict=True)
    ]
    assert score.tolist() == [error**2 for error in errors]
    assert trigger.tolist() == [error**2 > (2**26 - 7) ** 2 for error in errors]
    assert trigger.tolist() == [True, False]
