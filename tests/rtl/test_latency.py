"""When the beats of a window pass: every cycle equals that of a simulation in Verilator, for random designs of every kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Fragment
from support.programs import Sizes, random_program
from support.rtl import Case, random_case, simulate

from hw_trigger.fixedpoint.program import Dense, Lstm
from hw_trigger.rtl.calculated import window_interval
from hw_trigger.rtl.datapath import x_depth
from hw_trigger.rtl.dense import DenseEngine
from hw_trigger.rtl.latency import dense_depth, loop_depth, loop_entries, passage, product_latency
from hw_trigger.rtl.lstm import LstmEngine
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import N_GATES
from hw_trigger.rtl.simulation.cycles import measure
from hw_trigger.rtl.simulation.stimulus import NO_STALLS

HELD_UP = pytest.param(
    2015,
    marks=pytest.mark.xfail(
        strict=True,
        reason="windows of one step: the two entries of a repeated input hold them up, 13 and 17 cycles, not 13",
    ),
)

QUICK = (2, 9)
"""With several channels and one, planned and by hand, stacked and not, with and without scaling and trigger."""

SLOW_WAYS = (3010, 3033)
"""In which more windows are on their way to the trigger than layers that must have seen all of one."""


def undisturbed(seed: int) -> Case:
    """Return a random design with a port for what the network puts out, and windows without pauses."""
    case = random_case(seed)
    made = replace(case.design, with_output=True)
    windows = case.windows[:, :8]
    return replace(case, design=made, windows=windows, stalls=NO_STALLS, interrupted=None, reset=None, thresholds=None)


def check(case: Case, directory: Path) -> None:
    program, schedule = case.design.program, case.design.schedule
    run = simulate(case, directory)
    beats, found = run.last, passage(program, schedule)
    start = beats.input_cycles[0]
    wanted = (beats.input_cycles[: len(found.samples)] - start).tolist()
    assert list(found.samples) == wanted, case.describe()
    assert len(found.samples) == schedule.channels * program.steps
    wanted = (beats.output_cycles[: len(found.outputs)] - start).tolist()
    assert list(found.outputs) == wanted, case.describe()
    assert len(found.outputs) == schedule.channels * case.design.interface.output_vectors
    cycles = measure(case.design.interface, run)
    assert (found.result, found.after_last_sample) == (cycles.first_result, cycles.after_last_sample), case.describe()
    assert found.outputs[0] == cycles.first_output
    interval = window_interval(program, schedule)
    assert (cycles.window.mean, cycles.window.least, cycles.window.most) == (interval,) * 3, case.describe()


@pytest.mark.parametrize("seed", QUICK)
def test_every_beat_passes_when_it_is_said_to(seed: int, tmp_path: Path) -> None:
    check(undisturbed(seed), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", [*range(2000, 2015), HELD_UP, *range(2016, 2060), *SLOW_WAYS])
def test_every_beat_of_more_designs_passes_when_it_is_said_to(seed: int, tmp_path: Path) -> None:
    check(undisturbed(seed), tmp_path)


@pytest.mark.parametrize("seed", range(20, 32))
def test_blocks_hold_what_the_hardware_does(seed: int) -> None:
    made = random_case(seed).design
    program, schedule = made.program, made.schedule
    source = program.input
    for layer in program.layers:
        if isinstance(layer, Lstm):
            timing = schedule.timing(layer)
            engine = LstmEngine((layer,), source, timing, pack=schedule.pack)
            Fragment.get(engine, None)
            assert engine.entries == loop_entries(layer, schedule)
            assert engine.queue.depth == loop_depth(layer, schedule)
            inputs = product_latency(timing.schedule.input, N_GATES * layer.n_units, layer.n_inputs)
            assert engine.input_product.latency == inputs + 1
        elif isinstance(layer, Dense):
            dense = DenseEngine((layer,), source, schedule.product(layer), pack=schedule.pack)
            Fragment.get(dense, None)
            assert dense.queue.depth == dense_depth(layer, schedule)
        source = layer.output
    assert x_depth(made) >= schedule.channels * program.steps


def test_layers_take_and_give_in_order() -> None:
    program = random_program(1, Sizes(steps=6, n_features=2, encoder=(4, 3), latent=3, decoder=(4,)))
    found = passage(program, plan(program, 24, channels=2))
    assert list(found.layers) == ["encoder_0", "encoder_1", "latent", "decoder_0", "output"]
    begins = [begin for begin, _ in found.layers.values()]
    ends = [end for _, end in found.layers.values()]
    assert begins == sorted(begins)
    assert ends == sorted(ends)
    assert ends[-1] == found.outputs[-1]
    assert found.result is not None
    assert found.after_last_sample == found.result - found.samples[-2]


def test_without_a_trigger_there_is_no_result() -> None:
    program = random_program(2, trigger=False)
    found = passage(program, plan(program, 24))
    assert found.result is None
    assert found.after_last_sample is None
