"""ONNX Runtime and qonnx' executor compute the codes of the golden model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper
from support.programs import Sizes, random_program, random_windows

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.precision import FLOAT32_FUNCTION_ERROR, float64_reasons
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.fixedpoint.tables import Activation, evaluate
from hw_trigger.qonnx import onnxruntime_executor, qonnx_executor
from hw_trigger.qonnx.writer import write

Executor = Callable[[ModelProto, Program, Codes], Execution]

SHAPES = [
    Sizes(),
    Sizes(steps=7, n_features=3, encoder=(5, 4), latent=2, decoder=(3, 6)),
    Sizes(steps=1, encoder=(3,), decoder=(2,)),
    Sizes(steps=12, encoder=(1,), latent=1, decoder=(1,)),
]

WIDTHS = [(2, 6), (6, 8), (6, 10), (12, 16)]

EXECUTORS = pytest.mark.parametrize(
    "execute", [onnxruntime_executor.execute, qonnx_executor.execute], ids=["onnxruntime", "qonnx"]
)


def mismatches(found: Execution, expected: Execution) -> int:
    pairs = [
        (found.output, expected.output),
        (found.score, expected.score),
        (found.trigger, expected.trigger),
        (found.state, expected.state),
    ]
    total = 0
    for mine, wanted in pairs:
        assert (mine is None) == (wanted is None)
        if mine is not None and wanted is not None:
            assert mine.shape == wanted.shape
            assert mine.dtype == wanted.dtype
            total += int(np.count_nonzero(mine != wanted))
    return total


@EXECUTORS
@pytest.mark.parametrize("widths", WIDTHS, ids=["narrow", "byte", "medium", "wide"])
@pytest.mark.parametrize("seed", range(8))
def test_equals_golden(execute: Executor, widths: tuple[int, int], seed: int) -> None:
    program = random_program(
        seed, SHAPES[seed % len(SHAPES)], widths=widths, scaling=seed % 3 != 1, trigger=seed % 5 != 4
    )
    raw = random_windows(program, 40, seed)
    assert mismatches(execute(write(program), program, raw), golden.run(program, raw)) == 0


def test_the_comparison_would_notice() -> None:
    """The programs above are of both precisions, saturate everywhere, and their outputs vary."""
    saturated: set[str] = set()
    precisions, distinct, scores, triggers = set(), 0, 0, set()
    for widths in WIDTHS:
        for seed in range(8):
            program = random_program(seed, SHAPES[seed % len(SHAPES)], widths=widths)
            result = golden.run(program, random_windows(program, 40, seed))
            assert result.score is not None
            assert result.trigger is not None
            saturated |= {name.split(".")[1] for name, count in result.saturations.items() if count}
            precisions.add(bool(float64_reasons(program)))
            distinct = max(distinct, len(np.unique(result.output)))
            scores = max(scores, len(np.unique(result.score)))
            triggers |= set(result.trigger.tolist())
    assert {"gate_i", "gate_f", "gate_g", "gate_o", "cell", "output", "input"} <= saturated
    assert precisions == {True, False}
    assert distinct >= 100
    assert scores >= 20
    assert triggers == {True, False}


@EXECUTORS
@pytest.mark.parametrize("layer", range(4))
def test_another_weight_is_noticed(execute: Executor, layer: int) -> None:
    program = random_program(0, widths=(6, 8))
    raw = random_windows(program, 40)
    changed = program.layers[layer]
    weight = changed.weight.copy()
    weight[-1, -1] += 1 if weight[-1, -1] < 0 else -1
    layers = (*program.layers[:layer], replace(changed, weight=weight), *program.layers[layer + 1 :])
    other = replace(program, layers=layers)
    assert mismatches(execute(write(other), other, raw), golden.run(program, raw)) > 0


def test_single_precision_is_not_enough_for_wide_programs() -> None:
    """What the choice of double precision prevents: the same file in float32 gives other codes."""
    different = 0
    for seed in range(8):
        program = random_program(seed, SHAPES[1], widths=(14, 16))
        raw = random_windows(program, 40)
        model = _to_float32(write(program))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(["reconstruction"], {"raw": program.raw.values(raw).astype(np.float32)})[0]
        scaled = np.ldexp(found.astype(np.float64), program.output.fraction)
        different += int(np.count_nonzero(scaled != golden.run(program, raw).output))
    assert different > 0


@pytest.mark.parametrize("extra", [-1, 0, 1, 2])
def test_precision_follows_the_accumulator(extra: int) -> None:
    """Around 24 bits, where float32 ends: whatever the choice, ONNX Runtime equals the golden model."""
    program = _with_accumulator(24 + extra)
    assert any("encoder_0.accumulator" in reason for reason in float64_reasons(program)) == (extra > 0)
    raw = random_windows(program, 40)
    assert mismatches(onnxruntime_executor.execute(write(program), program, raw), golden.run(program, raw)) == 0


def test_a_wide_format_behind_a_narrow_sum_needs_double() -> None:
    program = random_program(1, widths=(3, 4), trigger=False)
    last = program.layers[-1]
    assert isinstance(last, Dense)
    program = replace(program, layers=(*program.layers[:-1], replace(last, output=Format(26, 1))))
    assert "output.output needs 26 bits" in float64_reasons(program)
    raw = random_windows(program, 40)
    result = golden.run(program, raw)
    assert result.saturations["output.output"] > 0
    assert mismatches(onnxruntime_executor.execute(write(program), program, raw), result) == 0


def test_batches_and_threads_change_nothing() -> None:
    program = random_program(3)
    raw = random_windows(program, 23)
    done: list[int] = []
    found = onnxruntime_executor.execute(write(program), program, raw, threads=2, batch=10, progress=done.append)
    assert mismatches(found, golden.run(program, raw)) == 0
    assert done == [10, 10, 3]


@EXECUTORS
def test_no_windows(execute: Executor) -> None:
    program = random_program(3)
    raw = np.empty((0, program.steps, program.n_features), np.int64)
    assert mismatches(execute(write(program), program, raw), golden.run(program, raw)) == 0


@EXECUTORS
def test_refuses_windows_of_another_shape(execute: Executor) -> None:
    program = random_program(3)
    with pytest.raises(golden.WindowsError) as error:
        execute(write(program), program, np.zeros((2, 4, 1), np.int64))
    assert str(error.value) == "windows have the shape (2, 4, 1), and program 'random_3' takes (n, 5, 1)"


@pytest.mark.parametrize("activation", list(Activation))
def test_float32_functions_are_as_close_as_supposed(activation: Activation) -> None:
    graph = helper.make_graph(
        [helper.make_node(activation.value.capitalize(), ["x"], ["y"])],
        "function",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.concatenate([Format(16, integer).values(Format(16, integer).all_codes()) for integer in range(10)])
    found: NDArray[np.float32] = session.run(None, {"x": x.astype(np.float32)})[0]
    error = np.abs(found - evaluate(activation, x)).max()
    assert 0 < error < FLOAT32_FUNCTION_ERROR


def _with_accumulator(bits: int) -> Program:
    """Return a program whose first layer sums with just so many bits: its last bias is as great as they allow."""
    program = random_program(4, Sizes(n_features=2), widths=(6, 7), scaling=False)
    first = program.layers[0]
    assert isinstance(first, Lstm)
    fraction = first.accumulator.fraction
    wide = Format(bits, bits - fraction)
    spare = (1 << (bits - 1)) - 1 - (1 << 14)
    bias = first.bias << (fraction - first.bias_format.fraction)
    bias[::3] = np.sign(bias[::3] + 0.5).astype(np.int64) * spare + bias[::3]
    first = replace(first, bias_format=wide, bias=bias)
    assert first.accumulator.width == bits
    return replace(program, layers=(first, *program.layers[1:]))


def _to_float32(model: ModelProto) -> ModelProto:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.DOUBLE:
            values = np.frombuffer(tensor.raw_data, np.float64).astype(np.float32)
            tensor.raw_data, tensor.data_type = values.tobytes(), TensorProto.FLOAT
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if info.type.tensor_type.elem_type == TensorProto.DOUBLE:
            info.type.tensor_type.elem_type = TensorProto.FLOAT
    return model
