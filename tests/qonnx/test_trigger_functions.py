"""Triggers in ONNX Runtime and in qonnx' executor decide as the golden model, over whole streams and from any state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Dense, DeviationTrigger, MarginTrigger, Program
from hw_trigger.qonnx import onnxruntime_executor, qonnx_executor
from hw_trigger.qonnx.writer import write

Executor = Callable[..., Execution]

EXECUTORS = pytest.mark.parametrize(
    "execute", [onnxruntime_executor.execute, qonnx_executor.execute], ids=["onnxruntime", "qonnx"]
)

SETTINGS: list[dict[str, Any]] = [
    {},
    {"adaptive": False},
    {"settle": 1, "weight": 0, "baseline": 0},
    {"threshold": 0, "record_decay": 0, "excess_decay": 0},
    {"settle": 100, "baseline": 24, "weight": 5, "floor": 0},
    {"adaptive": False, "threshold": 900, "floor": 24, "excess_decay": 9},
]


def assert_equal(found: Execution, expected: Execution) -> None:
    for name in ("output", "score", "trigger", "state"):
        mine, wanted = getattr(found, name), getattr(expected, name)
        assert (mine is None) == (wanted is None), name
        if wanted is not None:
            assert mine.dtype == wanted.dtype, name
            np.testing.assert_array_equal(mine, wanted, err_msg=name)


@EXECUTORS
@pytest.mark.parametrize("index", range(len(SETTINGS)))
def test_deviation_of_a_network(execute: Executor, index: int) -> None:
    """Autoencoders in both precisions, of several shapes, with and without scaling."""
    sizes = [Sizes(), Sizes(steps=1, n_features=2), Sizes(steps=7, n_features=3)][index % 3]
    network = random_program(index, sizes, widths=[(4, 9), (12, 16)][index % 2], scaling=index % 3 != 1)
    program = with_deviation(network, **SETTINGS[index])
    raw = random_windows(program, 500, index)
    expected = golden.run(program, raw)
    assert_equal(execute(write(program), program, raw), expected)
    assert expected.score is not None
    assert expected.trigger is not None
    assert len(np.unique(expected.score)) > 100
    assert set(expected.trigger.tolist()) == {True, False}


def wide_program(seed: int) -> Program:
    """Return a program of one dense layer, so that formats and settings can be anything that a deviation takes."""
    rng = np.random.default_rng(seed)
    while True:
        x, y = (Format(int(rng.integers(4, 21)), int(rng.integers(-1, 6))) for _ in range(2))
        steps, features = (int(size) for size in rng.integers(1, 5, 2))
        weight = Format(6, 2)
        layer = Dense(
            name="output",
            steps=steps,
            input=x,
            weight_format=weight,
            weight=rng.integers(weight.low, weight.high, (features, features), endpoint=True),
            bias_format=weight,
            bias=rng.integers(weight.low, weight.high, features, endpoint=True),
            output=y,
        )
        names = ("baseline", "excess_decay", "record_decay", "floor")
        settings = dict(zip(names, rng.integers(0, [9, 8, 17, 25]).tolist(), strict=True))
        try:
            network = Program(f"wide_{seed}", steps, features, x, (layer,))
            return with_deviation(
                network,
                threshold=int(rng.integers(0, 1500)),
                adaptive=bool(rng.integers(2)),
                settle=int(rng.integers(1, 30)),
                weight=int(rng.integers(max(0, x.fraction - 20), max(1, 23 - x.fraction))),
                **settings,
            )
        except UserError:
            continue


@EXECUTORS
def test_deviation_of_any_formats(execute: Executor) -> None:
    bits, triggers, adaptive = 0, 0, set()
    for seed in range(30):
        program = wide_program(seed)
        raw = random_windows(program, 200, seed)
        expected = golden.run(program, raw)
        assert_equal(execute(write(program), program, raw), expected)
        assert isinstance(program.trigger, DeviationTrigger)
        assert expected.trigger is not None
        bits = max(bits, program.trigger.energy.width, program.trigger.activity.width)
        triggers += int(expected.trigger.sum())
        adaptive.add(program.trigger.adaptive)
    assert bits >= 44
    assert 500 < triggers < 5000
    assert adaptive == {True, False}


@EXECUTORS
def test_deviation_from_any_state(execute: Executor) -> None:
    """Also from states that no short stream reaches: all counts, means far above and below, all the bits of a record."""
    program = with_deviation(random_program(3, trigger=False), baseline=6, settle=20, excess_decay=5, record_decay=12)
    trigger = program.trigger
    assert isinstance(trigger, DeviationTrigger)
    model, raw = write(program), random_windows(program, 6, 3)
    tops = [trigger.last_count, trigger.mean.high, trigger.mean.high, trigger.held.high, trigger.record.high]
    rng = np.random.default_rng(0)
    fired = set()
    for _ in range(12):
        state = rng.integers(0, tops, endpoint=True) >> rng.integers(0, 20, 5)
        expected = golden.run(program, raw, state=state)
        assert_equal(execute(model, program, raw, state=state), expected)
        assert expected.trigger is not None
        fired |= set(expected.trigger.tolist())
    assert fired == {True, False}


@EXECUTORS
def test_streams_continue_over_calls(execute: Executor) -> None:
    program = with_deviation(random_program(5))
    model, raw = write(program), random_windows(program, 60, 5)
    whole = golden.run(program, raw)
    first = execute(model, program, raw[:23])
    rest = execute(model, program, raw[23:], state=first.state)
    assert whole.score is not None
    np.testing.assert_array_equal(np.concatenate([first.score, rest.score]), whole.score)
    np.testing.assert_array_equal(rest.state, whole.state)
    afresh = execute(model, program, raw[23:])
    assert np.any(afresh.score != rest.score)
    nothing = execute(model, program, raw[:0], state=first.state)
    np.testing.assert_array_equal(nothing.state, first.state)
    assert nothing.score is not None
    assert nothing.score.shape == (0,)


def test_streams_continue_over_batches() -> None:
    program = with_deviation(random_program(5))
    model, raw = write(program), random_windows(program, 60, 5)
    for batch in (1, 7, 60):
        assert_equal(onnxruntime_executor.execute(model, program, raw, batch=batch), golden.run(program, raw))


@EXECUTORS
@pytest.mark.parametrize("n_classes", [2, 4])
def test_classifiers(execute: Executor, n_classes: int) -> None:
    """With every class the one that triggers, and thresholds in the midst of the scores."""
    signs, triggers = set(), set()
    for seed in range(8):
        widths = (4, 9) if seed % 2 else (12, 16)
        program = random_classifier(
            seed, n_classes=n_classes, hidden=[(5,), (6, 4), ()][seed % 3], widths=widths, n_features=1 + seed % 3
        )
        margin = program.trigger
        assert isinstance(margin, MarginTrigger)
        raw: Codes = random_windows(program, 300, seed)
        margin = replace(margin, positive=seed % n_classes)
        probe = golden.run(replace(program, trigger=margin), raw).score
        assert probe is not None
        program = replace(program, trigger=replace(margin, threshold=int(np.sort(probe)[len(probe) // 2])))
        expected = golden.run(program, raw)
        assert_equal(execute(write(program), program, raw), expected)
        assert expected.score is not None
        assert expected.trigger is not None
        signs |= set(np.sign(expected.score).tolist())
        triggers |= set(expected.trigger.tolist())
    assert signs >= {-1, 1}
    assert triggers == {True, False}
