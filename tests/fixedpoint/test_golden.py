"""The golden model against a worked example, against rational arithmetic written from the contract, and its counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from support import reference
from support.programs import Sizes, random_program, random_windows
from support.reference import value

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Lstm, Program, Scaling
from hw_trigger.fixedpoint.tables import Activation

F4 = Format(4, 2)  # codes -8 to 7, step 1/4


def worked_program() -> Program:
    """Return an LSTM of one unit, an output layer and a trigger, small enough for paper."""
    lstm = Lstm(
        name="lstm", steps=2, repeat_input=False, return_sequence=True, input=F4,
        weight_format=F4, weight=np.array([[4], [0], [7], [2]]),  # 1, 0, 1.75, 0.5
        recurrent_format=F4, recurrent_weight=np.array([[0], [4], [-4], [0]]),  # 0, 1, -1, 0
        bias_format=F4, bias=np.array([0, 2, 0, -1]),  # 0, 0.5, 0, -0.25
        gates=(F4, F4, F4, F4), activations=(Format(4, 0, signed=False),) * 2 + (F4, Format(4, 0, signed=False)),
        cell=F4, cell_tanh=Format(4, 1), hidden=Format(4, 1),
    )  # fmt: skip
    dense = Dense("output", 2, Format(4, 1), F4, np.array([[7]]), F4, np.array([-2]), F4)
    scaling = Scaling("scaling", Format(6, 4), F4, np.array([2]), F4, np.array([1]), F4)
    trigger = ErrorTrigger("trigger", 2, 1, F4, F4, 12)
    return Program("worked", 2, 1, F4, (lstm, dense), scaling, trigger)


def test_worked_example() -> None:
    """Two steps by hand; steps in the comments are real values, codes are in units of each format's step."""
    result = golden.run(worked_program(), np.array([[[5], [-30]]]), trace=True)
    # Scaling: 5/4 * 2/4 + 1/4 = 0.875, in quarters 3.5, the tie goes to the even 4: x = 1.
    #          -30/4 * 0.5 + 0.25 = -3.5: below -2, which is what saturation gives.
    assert result.outputs["scaling"].ravel().tolist() == [4, -8]
    # Step 1, x = 1, h = c = 0. Sums: i 1, f 0.5, g 1.75, o 0.25, all codes of the gates.
    #   i = sigmoid(1) = 0.731 -> 11.7/16 -> 12; f = sigmoid(0.5) = 0.622 -> 10;
    #   g = tanh(1.75) = 0.941 -> 3.77/4 -> 4; o = sigmoid(0.25) = 0.562 -> 9.
    #   fc = 0; ig = 12/16 * 4/4 = 0.75 -> 3; c = 3/4.
    #   tanh(0.75) = 0.635 -> 5.08/8 -> 5; h = 9/16 * 5/8 = 0.3516 -> 2.81/8 -> 3.
    # Step 2, x = -2, h = 3/8, c = 3/4. Sums: i -2; f 0.375 + 0.5 = 0.875, a tie between 3 and 4 quarters -> 4;
    #   g -3.5 - 0.375 -> saturates at -2; o -1 - 0.25 = -1.25.
    #   i = sigmoid(-2) = 0.119 -> 1.9 -> 2; f = sigmoid(1) -> 12; g = tanh(-2) = -0.964 -> -3.86 -> -4;
    #   o = sigmoid(-1.25) = 0.2227 -> 3.56 -> 4.
    #   fc = 12/16 * 3/4 = 0.5625 -> 2.25 -> 2; ig = 2/16 * -1 = -0.125 -> -0.5, a tie -> 0; c = 2/4.
    #   tanh(0.5) = 0.462 -> 3.70 -> 4; h = 4/16 * 4/8 = 0.125 -> 1.
    assert result.outputs["lstm"].ravel().tolist() == [3, 1]
    # Output: 1.75 * 3/8 - 0.5 = 0.15625 -> 0.625 -> 1; 1.75 * 1/8 - 0.5 = -0.28125 -> -1.125 -> -1.
    assert result.output.ravel().tolist() == [1, -1]
    # Errors in quarters: 4 - 1 = 3 and -8 + 1 = -7; squares 9 + 49.
    assert result.score is not None
    assert result.score.tolist() == [58]
    assert result.trigger is not None
    assert result.trigger.tolist() == [True]
    counted = {name: count for name, count in result.saturations.items() if count}
    assert counted == {"scaling.output": 1, "lstm.gate_g": 1}


class Rational:
    """The contract in rational numbers, one window at a time; counts what its formats cannot hold."""

    def __init__(self) -> None:
        self.saturations: dict[str, int] = {}

    def quantize(self, x: Fraction, target: Format, tensor: str) -> Fraction:
        code = reference.rounded(x * Fraction(2) ** target.fraction, target.rounding)
        self.saturations[tensor] = self.saturations.get(tensor, 0) + (not reference.fits(code, target))
        return value(reference.quantize(x, target), target)

    def lstm_step(
        self, layer: Lstm, x: list[Fraction], h: list[Fraction], c: list[Fraction]
    ) -> tuple[list[Fraction], list[Fraction]]:
        """Return h and c, with the equations of the contract and the units in a loop."""
        units = len(h)
        gates: dict[str, list[Fraction]] = {}
        kinds = {"i": Activation.SIGMOID, "f": Activation.SIGMOID, "g": Activation.TANH, "o": Activation.SIGMOID}
        for k, (letter, kind) in enumerate(kinds.items()):
            gates[letter] = []
            for unit in range(units):
                row = k * units + unit
                acc = value(int(layer.bias[row]), layer.bias_format)
                for code, item in zip(layer.weight[row].tolist(), x, strict=True):
                    acc += value(code, layer.weight_format) * item
                for code, item in zip(layer.recurrent_weight[row].tolist(), h, strict=True):
                    acc += value(code, layer.recurrent_format) * item
                q = self.quantize(acc, layer.gates[k], f"{layer.name}.gate_{letter}")
                gates[letter].append(value(reference.activation(kind, q, layer.activations[k]), layer.activations[k]))
        new_h, new_c = [], []
        for i, f, g, o, old in zip(*gates.values(), c, strict=True):
            fc = self.quantize(f * old, layer.cell, f"{layer.name}.forget_product")
            ig = self.quantize(i * g, layer.cell, f"{layer.name}.input_product")
            new_c.append(self.quantize(fc + ig, layer.cell, f"{layer.name}.cell"))
            tanh = value(reference.activation(Activation.TANH, new_c[-1], layer.cell_tanh), layer.cell_tanh)
            new_h.append(self.quantize(o * tanh, layer.hidden, f"{layer.name}.hidden"))
        return new_h, new_c

    def lstm(self, layer: Lstm, x: list[list[Fraction]]) -> list[list[Fraction]]:
        x = [[self.quantize(item, layer.input, f"{layer.name}.input") for item in vector] for vector in x]
        h = c = [Fraction(0)] * layer.n_units
        sequence = []
        for step in range(layer.steps):
            h, c = self.lstm_step(layer, x[0 if layer.repeat_input else step], h, c)
            sequence.append(h)
        return sequence if layer.return_sequence else sequence[-1:]

    def dense(self, layer: Dense, x: list[list[Fraction]]) -> list[list[Fraction]]:
        result = []
        for vector in x:
            given = [self.quantize(item, layer.input, f"{layer.name}.input") for item in vector]
            result.append(
                [
                    self.quantize(
                        value(int(b), layer.bias_format)
                        + sum(value(int(w), layer.weight_format) * item for w, item in zip(row, given, strict=True)),
                        layer.output,
                        f"{layer.name}.output",
                    )
                    for row, b in zip(layer.weight, layer.bias, strict=True)
                ]
            )
        return result

    def run(self, program: Program, raw: list[list[Fraction]]) -> tuple[list[list[Fraction]], Fraction]:
        """Return the reconstruction and the score of one window."""
        x = raw
        if program.scaling is not None:
            scaling = program.scaling
            gain = [value(int(code), scaling.gain_format) for code in scaling.gain]
            offset = [value(int(code), scaling.offset_format) for code in scaling.offset]
            x = [
                [
                    self.quantize(r * a + b, scaling.output, f"{scaling.name}.output")
                    for r, a, b in zip(sample, gain, offset, strict=True)
                ]
                for sample in raw
            ]
        data = x
        for layer in program.layers:
            data = self.lstm(layer, data) if isinstance(layer, Lstm) else self.dense(layer, data)
        score = sum(
            ((a - b) ** 2 for u, v in zip(x, data, strict=True) for a, b in zip(u, v, strict=True)), Fraction(0)
        )
        return data, score


@pytest.mark.parametrize("seed", range(12))
def test_equals_the_contract_in_rational_numbers(seed: int) -> None:
    sizes = [Sizes(3), Sizes(2, 2, (2, 3), 2, (2, 2)), Sizes(1)][seed % 3]
    program = random_program(seed, sizes, widths=[(2, 5), (4, 9), (9, 12)][seed % 3], any_mode=seed % 2 == 1)
    raw = random_windows(program, 6, seed)
    found = golden.run(program, raw)
    assert found.score is not None
    assert program.trigger is not None
    rational = Rational()
    for window, reconstruction, score in zip(raw, found.output, found.score, strict=True):
        real = [[value(int(code), program.raw) for code in sample] for sample in window]
        expected, expected_score = rational.run(program, real)
        assert [[value(int(code), program.output) for code in sample] for sample in reconstruction] == expected
        assert value(int(score), program.trigger.score) == expected_score
    assert found.saturations == rational.saturations


def test_one_step_of_many_units() -> None:
    rng = np.random.default_rng(1)
    layer = random_program(11, Sizes(encoder=(9,)), widths=(6, 8)).layers[0]
    assert isinstance(layer, Lstm)
    x, h, c = (
        rng.integers(item.low, item.high, (5, features), endpoint=True)
        for item, features in [(layer.input, 1), (layer.hidden, 9), (layer.cell, 9)]
    )
    saturations, rational = golden.Saturations(), Rational()
    new_h, new_c = golden.lstm_step(layer, x, h, c, saturations)
    for window in range(5):
        real_h, real_c = rational.lstm_step(
            layer, reals(x[window], layer.input), reals(h[window], layer.hidden), reals(c[window], layer.cell)
        )
        assert reals(new_h[window], layer.hidden) == real_h
        assert reals(new_c[window], layer.cell) == real_c
    assert dict(saturations) == rational.saturations


def reals(codes: Codes, number_format: Format) -> list[Fraction]:
    return [value(code, number_format) for code in codes.tolist()]


def test_saturations_are_counted_by_tensor() -> None:
    saturations = golden.Saturations()
    quantized = saturations.quantize(np.array([100, 7, 8, -8, -9, -100]), 2, F4, "x")
    assert quantized.tolist() == [7, 7, 7, -8, -8, -8]
    saturations.quantize(np.array([0]), 2, F4, "y")
    wrapping = replace(F4, rounding=Rounding.TRN, overflow=Overflow.WRAP)
    assert saturations.quantize(np.array([8, 7]), 2, wrapping, "x").tolist() == [-8, 7]
    assert dict(saturations) == {"x": 5, "y": 0}


def test_score_and_trigger_only_where_the_program_has_one() -> None:
    program = random_program(2, trigger=False)
    result = golden.run(program, random_windows(program, 3))
    assert (result.score, result.trigger, result.outputs) == (None, None, {})


def test_the_trigger_is_above_the_threshold_not_at_it() -> None:
    program = worked_program()
    window = np.array([[[5], [-30]]])
    for threshold, expected in [(57, True), (58, False), (59, False)]:
        trigger = ErrorTrigger("trigger", 2, 1, F4, F4, threshold)
        result = golden.run(Program("w", 2, 1, F4, program.layers, program.scaling, trigger), window)
        assert result.trigger is not None
        assert result.trigger.tolist() == [expected]


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (np.zeros((4, 2), np.int64), "windows have the shape (4, 2), and program 'worked' takes (n, 2, 1)"),
        (np.zeros((4, 3, 1), np.int64), "windows have the shape (4, 3, 1), and program 'worked' takes (n, 2, 1)"),
        (np.zeros((4, 2, 2), np.int64), "windows have the shape (4, 2, 2), and program 'worked' takes (n, 2, 1)"),
        (
            np.zeros((4, 2, 1)),
            "windows are float64, and a program takes integer codes of ap_fixed<6,4,AP_RND_CONV,AP_SAT>",
        ),
        (
            np.full((1, 2, 1), 2**64 - 1, np.uint64),  # -1 as int64
            (
                "windows have 2 codes outside the raw format ap_fixed<6,4,AP_RND_CONV,AP_SAT>; "
                "quantize the samples to it first"
            ),
        ),
        (
            np.array([[[32], [-33]], [[31], [-32]]]),
            (
                "windows have 2 codes outside the raw format ap_fixed<6,4,AP_RND_CONV,AP_SAT>; "
                "quantize the samples to it first"
            ),
        ),
    ],
    ids=["flat", "steps", "features", "real", "unsigned", "outside"],
)
def test_windows_that_the_program_cannot_take(windows: Codes, message: str) -> None:
    with pytest.raises(golden.WindowsError) as caught:
        golden.run(worked_program(), windows)
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint8])
def test_windows_of_any_integers(kind: type[np.integer]) -> None:
    window = np.array([[[5], [3]]])
    found = golden.run(worked_program(), window.astype(kind))
    np.testing.assert_array_equal(found.output, golden.run(worked_program(), window).output)
