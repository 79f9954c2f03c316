"""Programs: what fits together, what is refused and how it is told, and that accumulators are wide enough and no wider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint.formats import Codes, Format, FormatTooWideError, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Lstm, Program, ProgramError, Scaling

PROGRAM = random_program(5, Sizes(steps=6, n_features=2, encoder=(4, 3), latent=2, decoder=(3,)))
ENCODER, SECOND, LATENT, DECODER, OUTPUT = PROGRAM.layers
SYMMETRIC = Format(8, 1, overflow=Overflow.SAT_SYM)


def one_lstm(**changes: object) -> Lstm:
    """Return an LSTM layer of one unit and one input, with 8 bits everywhere but where changed."""
    eight, weight = Format(8, 2), np.ones((4, 1), np.int64)
    layer = Lstm("lstm", 3, False, True, eight, eight, weight, eight, weight, eight, np.ones(4, np.int64), (eight,) * 4,
                 (eight,) * 4, eight, eight, eight)  # fmt: skip
    return replace(layer, **changes)  # type: ignore[arg-type]


def one_dense(**changes: object) -> Dense:
    eight = Format(8, 2)
    layer = Dense("dense", 3, eight, eight, np.ones((1, 1), np.int64), eight, np.ones(1, np.int64), eight)
    return replace(layer, **changes)  # type: ignore[arg-type]


def changed(layer: Lstm | Dense, **changes: object) -> Lstm | Dense:
    return replace(layer, **changes)  # type: ignore[arg-type]


def with_layers(*layers: Lstm | Dense) -> Program:
    return replace(PROGRAM, layers=layers)


def only(layer: Lstm | Dense, steps: int = 3) -> Program:
    return Program("small", steps, 1, layer.input, (layer,))


BAD_CHAINS: list[tuple[str, Callable[[], object]]] = [
    ("program 'random_5' has no layers; at least one is needed", lambda: replace(PROGRAM, layers=())),
    (
        "program 'small' has windows of the shape (0, 1); both must be at least 1",
        lambda: only(one_lstm(steps=0), steps=0),
    ),
    (
        "program 'random_5' has two layers of one name: encoder_0, encoder_1, encoder_0, decoder_0, output",
        lambda: with_layers(ENCODER, SECOND, replace(LATENT, name="encoder_0"), DECODER, OUTPUT),
    ),
    ("layer 'latent' takes 3 features, and is given 4", lambda: with_layers(ENCODER, LATENT, DECODER, OUTPUT)),
    (
        "layer 'decoder_0' takes a sequence, and is given one vector",
        lambda: with_layers(ENCODER, SECOND, LATENT, changed(DECODER, repeat_input=False), OUTPUT),
    ),
    (
        "layer 'encoder_1' takes one vector, and is given a sequence",
        lambda: with_layers(ENCODER, changed(SECOND, repeat_input=True), LATENT, DECODER, OUTPUT),
    ),
    (
        "layer 'encoder_1' has 5 steps, and the window has 6",
        lambda: with_layers(ENCODER, replace(SECOND, steps=5), LATENT, DECODER, OUTPUT),
    ),
    (
        "layer 'latent' has 6 steps, and is given 1",
        lambda: with_layers(ENCODER, SECOND, replace(LATENT, steps=6), DECODER, OUTPUT),
    ),
    (
        "layer 'output' has 1 steps, and the window has 6",
        lambda: with_layers(ENCODER, SECOND, LATENT, DECODER, replace(OUTPUT, steps=1)),
    ),
    (
        "trigger 'trigger' does not match the output or the formats of program 'random_5'",
        lambda: with_layers(ENCODER, SECOND, LATENT),
    ),
    (
        "program 'random_5' ends in a sequence of 3 features, and a reconstruction is one of 2 features",
        lambda: with_layers(ENCODER, SECOND, LATENT, DECODER),
    ),
    (
        (
            "scaling 'scaling' gives 1 features in ap_fixed<8,2,AP_RND_CONV,AP_SAT>, "
            f"and the network takes 2 in {PROGRAM.input}"
        ),
        lambda: replace(PROGRAM, scaling=one_scaling()),
    ),
    (
        "trigger 'trigger' does not match the output or the formats of program 'random_5'",
        lambda: replace(PROGRAM, trigger=ErrorTrigger("trigger", 5, 2, PROGRAM.input, PROGRAM.output, 0)),
    ),
    (
        "trigger 'trigger' does not match the output or the formats of program 'random_5'",
        lambda: replace(PROGRAM, trigger=ErrorTrigger("trigger", 6, 2, Format(3, 1), PROGRAM.output, 0)),
    ),
]


def one_scaling(**changes: object) -> Scaling:
    eight = Format(8, 2)
    scaling = Scaling("scaling", eight, eight, np.ones(1, np.int64), eight, np.ones(1, np.int64), eight)
    return replace(scaling, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("message", "build"), BAD_CHAINS, ids=range(len(BAD_CHAINS)))
def test_what_does_not_fit_together(message: str, build: Callable[[], object]) -> None:
    with pytest.raises(ProgramError) as caught:
        build()
    assert str(caught.value) == message


BAD_TENSORS: list[tuple[str, Callable[[], object]]] = [
    ("tensor 'lstm.weight' has the shape (4, 1), and (8, 1) is needed",
     lambda: one_lstm(recurrent_weight=np.ones((8, 2), np.int64), bias=np.ones(8, np.int64))),
    ("tensor 'lstm.recurrent_weight' has the shape (8, 1), and (4, 1) is needed",
     lambda: one_lstm(recurrent_weight=np.ones((8, 1), np.int64))),
    ("tensor 'lstm.bias' has the shape (3,), and (4,) is needed", lambda: one_lstm(bias=np.ones(3, np.int64))),
    ("tensor 'lstm.weight' has the shape (4, 0), which holds nothing",
     lambda: one_lstm(weight=np.ones((4, 0), np.int64))),
    ("tensor 'lstm.weight' has 2 codes outside its weight_format ap_fixed<8,2,AP_RND_CONV,AP_SAT>",
     lambda: one_lstm(weight=np.array([[128], [-129], [127], [-128]]))),
    ("tensor 'lstm.recurrent_weight' has 1 codes outside its recurrent_format ap_fixed<8,1,AP_RND_CONV,AP_SAT_SYM>",
     lambda: one_lstm(recurrent_format=SYMMETRIC, recurrent_weight=np.full((4, 1), [[-128], [0], [0], [0]]))),
    ("tensor 'dense.weight' has the shape (2, 1), and (1, 1) is needed",
     lambda: one_dense(weight=np.ones((2, 1), np.int64))),
    ("tensor 'dense.bias' has 1 codes outside its bias_format ap_ufixed<4,4,AP_RND_CONV,AP_SAT>",
     lambda: one_dense(bias_format=Format(4, 4, signed=False), bias=np.array([-1]))),
    ("tensor 'scaling.offset' has the shape (2,), and (1,) is needed", lambda: one_scaling(offset=np.ones(2, np.int64))),
    ("tensor 'scaling.gain' has 1 codes outside its gain_format ap_fixed<8,2,AP_RND_CONV,AP_SAT>",
     lambda: one_scaling(gain=np.array([500]))),
    ("trigger 'trigger' has the threshold -1, and a score has codes 0 to 2097151",
     lambda: ErrorTrigger("trigger", 5, 1, Format(8, 2), Format(8, 2), -1)),
    ("trigger 'trigger' has the threshold 2097152, and a score has codes 0 to 2097151",
     lambda: ErrorTrigger("trigger", 5, 1, Format(8, 2), Format(8, 2), 2097152)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "build"), BAD_TENSORS, ids=range(len(BAD_TENSORS)))
def test_tensors_of_a_wrong_shape_or_range(message: str, build: Callable[[], object]) -> None:
    with pytest.raises(ProgramError) as caught:
        build()
    assert str(caught.value) == message


def too_wide(tensor: str, bits: int, fraction: int, limit: int = 53) -> str:
    return (
        f"tensor {tensor!r} needs {bits} bits with {fraction} fractional ones to be exact, and {limit} are available; "
        "choose narrower formats for what flows into it"
    )


def full(number_format: Format, rows: int) -> Codes:
    """Return weights as large as the format has them."""
    return np.full((rows, 1), number_format.high, np.int64)


W30, W48, W62 = Format(30, 2), Format(48, 2), Format(62, 2)
TOO_WIDE: list[tuple[str, Callable[[], object]]] = [
    # (2**29 - 1) * 2**29, which 59 bits hold with a sign, and a little for the rest.
    (too_wide("lstm.accumulator", 60, 56), lambda: only(one_lstm(input=W30, weight_format=W30, weight=full(W30, 4)))),
    # Sums that would overflow int64 are not overlooked: three weights of 61 bits.
    (
        too_wide("dense.accumulator", 71, 62),
        lambda: only3(replace(one_dense(), input=Format(8, 6), weight_format=W62, weight=np.full((3, 3), W62.high),
                              bias=np.ones(3, np.int64))),
    ),
    (too_wide("lstm.forget_product", 56, 52), lambda: only(one_lstm(activations=(Format(8, 2), W48, *(Format(8, 2),) * 2)))),
    (too_wide("lstm.input_product", 56, 52), lambda: only(one_lstm(activations=(W48, *(Format(8, 2),) * 3)))),
    (too_wide("lstm.hidden", 56, 52), lambda: only(one_lstm(cell_tanh=W48))),
    # Exact sums, but int64 does not hold them with as many fractional bits as the format has.
    (
        too_wide("lstm.gate_g", 67, 63, 63),
        lambda: only(one_lstm(weight=full(Format(8, 2), 4), gates=(*(Format(8, 2),) * 2, Format(8, -55), Format(8, 2)))),
    ),
    (
        too_wide("dense.output", 66, 63, 63),
        lambda: only(one_dense(weight=full(Format(8, 2), 1), output=Format(8, -55))),
    ),
    (too_wide("dense.input", 65, 62, 63), lambda: replace(only(one_dense()), layers=(one_dense(input=Format(8, -54)),))),
    (
        too_wide("scaling.output", 65, 62, 63),
        lambda: scaled(one_scaling(gain=np.array([127]), output=Format(8, -54))),
    ),
    (too_wide("scaling.accumulator", 55, 52), lambda: one_scaling(raw=W48, gain=np.array([127])).accumulator),
    (too_wide("trigger.error", 56, 52), lambda: ErrorTrigger("trigger", 5, 1, Format(53, 2), Format(54, 2), 0)),
    (
        ("tensor 'trigger.energy' needs 61 bits to be exact, and 53 are available; "
        "choose a narrower input or output format, or a shorter window"),
        lambda: ErrorTrigger("trigger", 5, 1, Format(28, 2), Format(28, 2), 0),
    ),
    (
        ("tensor 'lstm.accumulator' needs 70 fractional bits to be exact, and a format has 63 at most; "
        "choose formats with fewer of them for what flows into it"),
        lambda: one_lstm(input=Format(8, -30), weight_format=Format(8, -24)).accumulator,
    ),
    (
        ("tensor 'lstm.gate_o' has the format ap_fixed<17,2,AP_RND_CONV,AP_SAT>: its table would need 2**17 entries, "
        "and 2**16 are the most; choose a format of at most 16 bits"),
        lambda: only(one_lstm(gates=(*(Format(8, 2),) * 3, Format(17, 2)))),
    ),
    (
        ("tensor 'lstm.cell' has the format ap_fixed<17,2,AP_RND_CONV,AP_SAT>: its table would need 2**17 entries, "
        "and 2**16 are the most; choose a format of at most 16 bits"),
        lambda: only(one_lstm(cell=Format(17, 2))),
    ),
]  # fmt: skip


def only3(layer: Dense) -> Program:
    return Program("small", 3, 3, layer.input, (layer,))


def scaled(scaling: Scaling) -> Program:
    layer = one_dense(input=scaling.output, weight_format=Format(8, 8), bias=np.zeros(1, np.int64))
    return Program("small", 3, 1, scaling.output, (layer,), scaling)


@pytest.mark.parametrize(("message", "build"), TOO_WIDE, ids=range(len(TOO_WIDE)))
def test_what_is_too_wide_to_be_exact(message: str, build: Callable[[], object]) -> None:
    with pytest.raises(FormatTooWideError) as caught:
        build()
    assert str(caught.value) == message


def test_codes_are_copied_and_cannot_be_changed() -> None:
    weight = np.ones((4, 1), np.int32)
    layer = one_lstm(weight=weight)
    weight[0] = 5
    assert layer.weight.dtype == np.int64
    assert layer.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0] = 2


def test_facts_of_a_program() -> None:
    assert PROGRAM.raw == Format(12, 3)
    assert replace(PROGRAM, scaling=None).raw == PROGRAM.input
    assert PROGRAM.output == OUTPUT.output
    widths = [layer.accumulator.width for layer in PROGRAM.layers]
    assert PROGRAM.scaling is not None
    assert PROGRAM.exact_bits == max([*widths, PROGRAM.scaling.accumulator.width])


@pytest.mark.parametrize("steps", [6, 1])
def test_what_flows_through_a_program(steps: int) -> None:
    program = random_program(5, Sizes(steps=steps, n_features=2, encoder=(4, 3), latent=2, decoder=(3,)))
    assert [(layer.name, sequence, shape) for layer, sequence, shape in program.flow()] == [
        ("encoder_0", True, (steps, 4)),
        ("encoder_1", True, (3,)),
        ("latent", False, (2,)),
        ("decoder_0", False, (steps, 3)),
        ("output", True, (steps, 2)),
    ]


def test_one_step_windows_tell_vectors_from_sequences() -> None:
    program = random_program(1, Sizes(steps=1))
    encoder, latent, decoder, output = program.layers
    assert isinstance(decoder, Lstm)
    with pytest.raises(ProgramError, match=r"^layer 'decoder_0' takes a sequence, and is given one vector$"):
        replace(program, layers=(encoder, latent, changed(decoder, repeat_input=False), output))


integers = st.integers(-127, 127)


def rows(columns: int) -> st.SearchStrategy[list[list[int]]]:
    row = st.lists(integers, min_size=columns, max_size=columns)
    return st.lists(row, min_size=4, max_size=4)


@given(rows(3), rows(1), st.lists(integers, min_size=4, max_size=4), st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=200)
def test_the_accumulator_is_as_wide_as_the_extremes_need(
    weight: list[list[int]], recurrent: list[list[int]], bias: list[int], integer: int, bias_integer: int
) -> None:
    """With symmetric formats the extreme inputs reach the magnitude exactly; no input exceeds it."""
    layer = one_lstm(
        input=Format(8, integer, overflow=Overflow.SAT_SYM),
        weight=np.array(weight),
        recurrent_weight=np.array(recurrent),
        bias_format=Format(8, bias_integer),
        bias=np.array(bias),
        hidden=SYMMETRIC,
    )
    acc = layer.accumulator
    unit = [acc.fraction - layer.input.fraction - 6, acc.fraction - 7 - 6, acc.fraction - layer.bias_format.fraction]
    assert min(unit) == 0
    reached = 0
    for w, r, b in zip(weight, recurrent, bias, strict=True):
        sign = -1 if b < 0 else 1
        extreme = (
            sum(abs(k) * 127 << unit[0] for k in w) + sum(abs(k) * 127 << unit[1] for k in r) + (abs(b) << unit[2])
        )
        reached = max(reached, extreme)
        assert acc.low <= sign * extreme <= acc.high
        assert acc.low <= -sign * (extreme - 2 * (abs(b) << unit[2])) <= acc.high
    assert acc.width == 1 or reached > (1 << (acc.width - 2)) - 1


@given(integers, integers, st.integers(1, 8), st.integers(1, 8), st.booleans())
def test_the_scaling_accumulator_is_as_wide_as_the_extremes_need(
    gain: int, offset: int, gain_integer: int, offset_integer: int, signed: bool
) -> None:
    scaling = one_scaling(
        raw=Format(9, 4, signed, Rounding.TRN), gain_format=Format(8, gain_integer),
        gain=np.array([gain]), offset_format=Format(8, offset_integer), offset=np.array([offset]),
    )  # fmt: skip
    acc = scaling.accumulator
    units = acc.fraction - 5 - (8 - gain_integer), acc.fraction - (8 - offset_integer)
    assert min(units) == 0
    totals = [(raw * gain << units[0]) + (offset << units[1]) for raw in (scaling.raw.low, 0, scaling.raw.high)]
    assert all(acc.low <= total <= acc.high for total in totals)
    assert acc.width == 1 or scaling.raw.magnitude * abs(gain) * 2 ** units[0] + abs(offset) * 2 ** units[1] > (
        (1 << (acc.width - 2)) - 1
    )


shapes = st.tuples(st.integers(2, 12), st.integers(-2, 6))


@given(shapes, shapes, st.integers(1, 200), st.integers(1, 3))
def test_the_score_holds_the_greatest_error(
    x_shape: tuple[int, int], y_shape: tuple[int, int], steps: int, n: int
) -> None:
    trigger = ErrorTrigger("trigger", steps, n, Format(*x_shape), Format(*y_shape, signed=False), 0)
    fraction = trigger.error.fraction
    x = [
        trigger.input.low << (fraction - trigger.input.fraction),
        trigger.input.high << (fraction - trigger.input.fraction),
    ]
    y = [0, trigger.reconstruction.high << (fraction - trigger.reconstruction.fraction)]
    errors = [a - b for a in x for b in y]
    assert trigger.error.low <= min(errors)
    assert max(errors) <= trigger.error.high
    assert max(e * e for e in errors) * steps * n <= trigger.score.high
    assert trigger.score.fraction == 2 * fraction


@given(st.floats(0, 40), st.integers(1, 100))
def test_threshold_code_compares_as_the_real_threshold(mean_square: float, steps: int) -> None:
    trigger = ErrorTrigger("trigger", steps, 1, Format(8, 2), Format(8, 2), 0)
    code = trigger.threshold_code(mean_square)
    real = mean_square * steps * 2**trigger.score.fraction
    if code < trigger.score.high:
        assert code <= real < code + 1  # so that every integer score is above the one where it is above the other
    else:
        assert real >= trigger.score.high


def test_thresholds_out_of_the_score_range_are_clipped() -> None:
    trigger = ErrorTrigger("trigger", 5, 1, Format(8, 2), Format(8, 2), 0)
    assert trigger.threshold_code(-1.0) == 0
    assert trigger.threshold_code(1e30) == trigger.score.high
