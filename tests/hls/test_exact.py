"""Testbench and library compute what the golden model computes: every code of every layer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from support.hls import CASES, FAST, Case, varied_program
from support.programs import Sizes, random_classifier, random_program, with_deviation

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Dense, DeviationTrigger, MarginTrigger
from hw_trigger.hls import csim, library
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.project import Project
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.hls.testbench import columns


def assert_equal(found: Execution, expected: Execution) -> None:
    np.testing.assert_array_equal(found.output, expected.output)
    assert (found.score is None) == (expected.score is None)
    if found.score is not None:
        np.testing.assert_array_equal(found.score, expected.score)
        np.testing.assert_array_equal(found.trigger, expected.trigger)


def assert_exact(project: Project, windows: np.ndarray, optimization: str) -> None:
    program = project.program
    expected = golden.run(program, windows, trace=True)
    # A constant output would prove nothing.
    assert all(len(np.unique(codes)) > 3 for codes in expected.outputs.values())

    simulation = csim.run(project, windows, optimization=optimization)
    assert_equal(simulation.found, expected)
    compared = len(windows) * columns(program)
    assert (simulation.compared, simulation.mismatches, simulation.first) == (compared, 0, None)

    traced = library.trace(project, windows, optimization=optimization)
    assert_equal(traced, expected)
    assert list(traced.outputs) == list(expected.outputs)
    assert first_difference(expected.outputs, traced.outputs) is None


@pytest.mark.parametrize("name", CASES)
def test_exact(name: str, project_of: Callable[[str], Project]) -> None:
    assert_exact(project_of(name), CASES[name].windows(40), FAST)


@pytest.mark.parametrize("name", ["deviation", "arrays", "classifier", "classifier_arrays"])
def test_decisions_are_put_to_the_test(name: str) -> None:
    """The windows of :func:`test_exact` make the trigger fire and not, after it settled, with many scores."""
    program = CASES[name].program
    found = golden.run(program, CASES[name].windows(40))
    assert found.score is not None
    assert found.trigger is not None
    settled = program.trigger.settle if isinstance(program.trigger, DeviationTrigger) else 0
    assert 4 < found.trigger[settled:].sum() < 36 - settled
    assert len(np.unique(found.score)) > 14
    if isinstance(program.trigger, MarginTrigger):
        assert found.score.min() < 0 < found.score.max()


@pytest.mark.parametrize("name", ["classifier", "classifier_arrays"])
def test_rectified_outputs_reach_both_ends(name: str) -> None:
    """ReLU is but the assignment to an unsigned type that saturates: it must have met sums below 0 and above the range."""
    program = CASES[name].program
    layer = next(layer for layer in program.layers if isinstance(layer, Dense) and layer.rectifies)
    codes = golden.run(program, CASES[name].windows(40), trace=True).outputs[layer.name]
    assert np.count_nonzero(codes == 0) > 20
    assert np.count_nonzero(codes == layer.output.high) > 20
    assert len(np.unique(codes)) > 10


SIZES = [
    Sizes(steps=6, n_features=3, encoder=(4, 2), latent=2, decoder=(2, 4)),
    Sizes(steps=1, n_features=2, encoder=(2,), latent=2, decoder=(4,)),
    Sizes(steps=5, n_features=1, encoder=(2, 4), latent=4, decoder=(4,)),
]

MATRIX = list(
    itertools.product(["Vitis", "Vivado"], ["io_stream", "io_parallel"], ["Latency", "Resource"], [False, True])
)


@pytest.mark.long
@pytest.mark.parametrize("index", range(2 * len(MATRIX)))
def test_exact_for_all_settings(index: int, case_project: Callable[[Case], Project]) -> None:
    backend, io_type, strategy, with_output = MATRIX[index % len(MATRIX)]
    program = varied_program(
        100 + index,
        SIZES[index % len(SIZES)],
        widths=[(3, 7), (6, 10), (10, 14)][index // 3 % 3],
        any_mode=index % 2 == 0,
        scaling=index % 3 > 0,
        trigger=index % 5 > 0,
    )
    settings = HlsSettings(
        backend,
        io_type=io_type,
        strategy=strategy,
        recurrent_reuse_factor=[4, 8, 16][index % 3],
        gate_unroll=1 + index % 2,
        layers={"encoder_0": LayerReuse(program.n_features)} if index % 2 else {},
        with_output=with_output,
    )
    case = Case(program, settings)
    assert_exact(case_project(case), case.windows(40), FAST)


DEVIATIONS = [
    {"settle": 1, "baseline": 0, "excess_decay": 0, "record_decay": 0, "floor": 0, "weight": 0, "threshold": 0},
    {"settle": 6, "baseline": 1, "excess_decay": 24, "record_decay": 24, "floor": 24, "weight": 5},
    {"settle": 9, "baseline": 24, "excess_decay": 1, "adaptive": False, "floor": 12, "weight": 1},
    {"settle": 2, "baseline": 2, "excess_decay": 6, "record_decay": 1, "floor": 3, "threshold": 2000},
]


@pytest.mark.long
@pytest.mark.parametrize("index", range(12))
def test_exact_for_triggers_that_remember(index: int, case_project: Callable[[Case], Project]) -> None:
    """Shifts by nothing and by more bits than a word has, floors above all energies, formats from 3 to 16 bits."""
    program = varied_program(
        500 + index,
        SIZES[index % len(SIZES)],
        widths=[(3, 7), (6, 10), (12, 16), (15, 16)][index // 3],
        any_mode=index % 2 == 0,
        scaling=index % 3 > 0,
    )
    program = with_deviation(program, **DEVIATIONS[index % len(DEVIATIONS)])
    backend, io_type, strategy, with_output = MATRIX[index * 5 % len(MATRIX)]
    case = Case(program, HlsSettings(backend, io_type=io_type, strategy=strategy, with_output=with_output))
    assert_exact(case_project(case), case.windows(60), FAST)


@pytest.mark.long
@pytest.mark.parametrize("index", range(8))
def test_exact_for_classifiers(index: int, case_project: Callable[[Case], Project]) -> None:
    program = random_classifier(
        600 + index,
        steps=1 + index % 5,
        n_features=1 + index % 3,
        units=[(4,), (4, 2), (2, 4)][index % 3],
        hidden=[(), (4,), (2, 4)][index // 2 % 3],
        n_classes=2 + index % 4,
        widths=[(3, 7), (6, 10), (10, 14), (15, 16)][index // 2],
    )
    backend, io_type, strategy, with_output = MATRIX[index * 5 % len(MATRIX)]
    case = Case(program, HlsSettings(backend, io_type=io_type, strategy=strategy, with_output=with_output))
    project = case_project(case)
    expected = golden.run(program, case.windows(60), trace=True)
    simulation = csim.run(project, case.windows(60), optimization=FAST)
    assert_equal(simulation.found, expected)
    assert simulation.mismatches == 0
    traced = library.trace(project, case.windows(60), optimization=FAST)
    assert_equal(traced, expected)
    assert first_difference(expected.outputs, traced.outputs) is None


@pytest.mark.long
@pytest.mark.parametrize("preset", [(8, 8), (4, 8), (12, 12)], ids=["w8", "w4", "w12"])
def test_exact_at_the_default_size(preset: tuple[int, int], case_project: Callable[[Case], Project]) -> None:
    sizes = Sizes(steps=100, encoder=(64,), latent=10, decoder=(64,))
    settings = HlsSettings(strategy="Resource", reuse_factor=1, recurrent_reuse_factor=64, dense_reuse_factor=2)
    case = Case(random_program(5, sizes, widths=preset), settings)
    assert_exact(case_project(case), case.windows(40), "-O2")
