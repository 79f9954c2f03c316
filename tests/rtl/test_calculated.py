"""What a schedule says of itself, counted again by hand."""

from __future__ import annotations

from support.programs import Sizes, random_classifier, random_program

from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.rtl.calculated import bottleneck, busy, layer_cycles, multiplications, output_step
from hw_trigger.rtl.plan import plan

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
