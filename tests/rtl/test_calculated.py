"""What a schedule says of itself, counted again by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.rtl.calculated import bottleneck, busy, layer_cycles, multiplications, output_step, window_interval
from hw_trigger.rtl.design import design
from hw_trigger.rtl.latency import passage
from hw_trigger.rtl.plan import FULLY_PARALLEL, plan
from hw_trigger.rtl.readme import readme
from hw_trigger.rtl.schedule import LstmSchedule, ProductSchedule, Schedule
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.cycles import Interval, measure
from hw_trigger.rtl.top import Top

PROGRAM = random_program(1, Sizes(steps=6, n_features=2, encoder=(4,), latent=3, decoder=(4,)))


def test_multiplications_are_those_of_the_weights() -> None:
    for layer, sequence, _ in PROGRAM.flow():
        if isinstance(layer, Lstm):
            vectors = 1 if layer.repeat_input else layer.steps
            wanted = vectors * layer.weight.size + layer.steps * layer.recurrent_weight.size
        else:
            wanted = layer.weight.size * (layer.steps if sequence else 1)
        assert multiplications(layer, sequence) == wanted


def test_layers() -> None:
    schedule = plan(PROGRAM, 24, channels=2)
    found = {each.name: each for each in layer_cycles(PROGRAM, schedule)}
    assert list(found) == ["encoder_0", "latent", "decoder_0", "output"]
    assert [each.kind for each in found.values()] == ["lstm", "dense", "lstm", "dense"]
    assert sum(each.multipliers for each in found.values()) == schedule.multipliers <= 24
    assert max(each.interval_cycles for each in found.values()) == schedule.interval(PROGRAM)
    assert found[bottleneck(PROGRAM, schedule)].interval_cycles == schedule.interval(PROGRAM)
    encoder = PROGRAM.layers[0]
    assert isinstance(encoder, Lstm)
    timing = schedule.timing(encoder)
    assert found["encoder_0"].step_cycles == timing.spacing
    inputs, state = timing.schedule.input, timing.schedule.state
    assert found["encoder_0"].shape == f"input {inputs.rows} x {inputs.columns}, state {state.rows} x {state.columns}"
    # The whole's share is the mean of the layers', weighed with their multipliers.
    weighed = sum(each.busy * each.multipliers for each in found.values()) / schedule.multipliers
    assert abs(weighed - busy(PROGRAM, schedule)) < 1e-12
    assert 0 < busy(PROGRAM, schedule) <= 1


def test_a_sample_a_cycle_is_the_limit() -> None:
    program = random_program(2, Sizes(steps=3, encoder=(1,), latent=1, decoder=(1,)))
    schedule = plan(program, channels=64)
    assert schedule.interval(program) == 64 * 3
    assert bottleneck(program, schedule) in {"input", "encoder_0", "decoder_0", "output"}


def test_the_step_of_the_output() -> None:
    schedule = plan(PROGRAM, 16, channels=2)
    cycles = {each.name: each.step_cycles for each in layer_cycles(PROGRAM, schedule)}
    assert output_step(PROGRAM, schedule) == 2 * max(cycles["decoder_0"], cycles["output"])
    classifier = random_classifier(1)
    assert output_step(classifier, plan(classifier)) is None


def test_a_step_of_the_output_that_varies_is_not_told() -> None:
    """A decoder that is faster than the encoder waits for each channel's latent vector."""
    schedule = plan(PROGRAM, 24, channels=4)
    slow = LstmSchedule(ProductSchedule(1, 1), ProductSchedule(1, 1))
    fast = LstmSchedule(ProductSchedule(16, 1), ProductSchedule(16, 4))
    output = {"output": ProductSchedule(2, 4)}
    layers = {**schedule.layers, **output}
    faster = replace(schedule, layers={**layers, "encoder_0": slow, "decoder_0": fast})
    assert output_step(PROGRAM, faster) is None
    slower = replace(schedule, layers={**layers, "encoder_0": fast, "decoder_0": slow})
    assert output_step(PROGRAM, slower) == 4 * slower.timing(_lstm("decoder_0")).spacing
    assert output_step(PROGRAM, replace(faster, channels=1)) == faster_alone(faster)


def faster_alone(schedule: Schedule) -> int:
    """Return a decoder's cycles a step with one channel: nobody else's latent vector is waited for."""
    return replace(schedule, channels=1).timing(_lstm("decoder_0")).spacing


def _lstm(name: str) -> Lstm:
    (found,) = (layer for layer in PROGRAM.layers if layer.name == name)
    assert isinstance(found, Lstm)
    return found


def test_decisions_are_the_limit_where_windows_are_short() -> None:
    """Nine cycles for each channel's decision, and two samples a window."""
    program = with_deviation(random_program(2, Sizes(steps=2, encoder=(1,), latent=1, decoder=(1,))))
    schedule = plan(program, channels=16)
    assert program.trigger is not None
    assert schedule.interval(program) < window_interval(program, schedule) == 16 * 9
    assert bottleneck(program, schedule) == program.trigger.name
    assert output_step(program, schedule) is None
    total = sum(multiplications(layer, sequence) for layer, sequence, _ in program.flow())
    assert busy(program, schedule) == 16 * total / (schedule.multipliers * 16 * 9)
    text = readme(design((program,), schedule))
    assert (
        f"**144 cycles** from a window to the next of all channels, which {program.trigger.name} sets (its decisions, one "
        "channel after another)."
    ) in text


@pytest.mark.parametrize(
    ("channels", "multipliers"),
    [
        (1, 8),
        (3, 8),
        *(
            pytest.param(channels, multipliers, marks=pytest.mark.long)
            for channels in (1, 2, 4, 16)
            for multipliers in (8, 24, 64, FULLY_PARALLEL)
        ),
    ],
)
def test_what_is_calculated_is_simulated(tmp_path: Path, channels: int, multipliers: int) -> None:
    """First result, first output, window and step of a design with the output's port, each to the cycle."""
    program = with_deviation(PROGRAM)
    made = design((program,), plan(program, multipliers, channels=channels), with_output=True)
    windows = random_windows(program, channels * 12, 1).reshape(channels, 12, program.steps, -1)
    simulator = build(Top(made).verilog(), made.interface, tmp_path, optimization="-O0")
    found = measure(made.interface, simulator.run(windows if channels > 1 else windows[0]))
    way = passage(program, made.schedule)
    assert (found.first_result, found.after_last_sample) == (way.result, way.after_last_sample)
    assert found.first_output == way.outputs[0]
    interval = window_interval(program, made.schedule)
    assert found.window == Interval(interval, interval, interval)
    step = output_step(program, made.schedule)
    assert found.step is not None
    if step is None:
        assert found.step.least < found.step.most
    else:
        assert found.step == Interval(step, step, step)
