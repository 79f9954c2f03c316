"""Testbench and library compute what the golden model computes: every code of every layer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from support.hls import CASES, FAST, Case, varied_program
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.hls import csim, library
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.project import Project
from hw_trigger.hls.settings import HlsSettings, LayerReuse


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
    columns = program.steps * program.n_features + (0 if program.trigger is None else 2)
    assert (simulation.compared, simulation.mismatches, simulation.first) == (len(windows) * columns, 0, None)

    traced = library.trace(project, windows, optimization=optimization)
    assert_equal(traced, expected)
    assert list(traced.outputs) == list(expected.outputs)
    assert first_difference(expected.outputs, traced.outputs) is None


@pytest.mark.parametrize("name", CASES)
def test_exact(name: str, project_of: Callable[[str], Project]) -> None:
    assert_exact(project_of(name), CASES[name].windows(40), FAST)


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
    backend, io_type, strategy, with_reconstruction = MATRIX[index % len(MATRIX)]
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
        with_reconstruction=with_reconstruction,
    )
    case = Case(program, settings)
    assert_exact(case_project(case), case.windows(40), FAST)


@pytest.mark.long
@pytest.mark.parametrize("preset", [(8, 8), (4, 8), (12, 12)], ids=["w8", "w4", "w12"])
def test_exact_at_the_default_size(preset: tuple[int, int], case_project: Callable[[Case], Project]) -> None:
    sizes = Sizes(steps=100, encoder=(64,), latent=10, decoder=(64,))
    settings = HlsSettings(strategy="Resource", reuse_factor=1, recurrent_reuse_factor=64, dense_reuse_factor=2)
    case = Case(random_program(5, sizes, widths=preset), settings)
    assert_exact(case_project(case), case.windows(40), "-O2")
