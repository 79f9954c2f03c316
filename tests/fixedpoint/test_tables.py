"""Activation tables against 60 decimal digits, and what is no table."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from support import reference

from hw_trigger.fixedpoint.formats import Format, FormatTooWideError, Overflow, Rounding
from hw_trigger.fixedpoint.tables import Activation, activation_table, evaluate

RESULTS = {Activation.SIGMOID: Format(8, 0, signed=False), Activation.TANH: Format(8, 1, overflow=Overflow.SAT_SYM)}
ARGUMENTS = [
    Format(1, 1),
    Format(4, 7),
    Format(6, -2),
    Format(8, 3),
    Format(8, 3, signed=False),
    Format(10, 4),
    Format(11, 11),
]


@pytest.mark.parametrize("kind", Activation)
@pytest.mark.parametrize("argument", ARGUMENTS, ids=str)
@pytest.mark.parametrize("width", [3, 8, 16])
def test_every_entry_is_rounded_once(kind: Activation, argument: Format, width: int) -> None:
    result = Format(width, 0, signed=False) if kind is Activation.SIGMOID else Format(width, 1)
    expected = [
        reference.activation(kind, reference.value(code, argument), result) for code in argument.all_codes().tolist()
    ]
    assert activation_table(kind, argument, result, "x").tolist() == expected


@pytest.mark.parametrize(("rounding", "overflow"), list(product(Rounding, Overflow)))
def test_every_mode(rounding: Rounding, overflow: Overflow) -> None:
    argument = Format(7, 4)
    for kind, result in RESULTS.items():
        other = replace(result, rounding=rounding, overflow=overflow)
        expected = [
            reference.activation(kind, reference.value(code, argument), other) for code in argument.all_codes().tolist()
        ]
        assert activation_table(kind, argument, other, "x").tolist() == expected


def test_the_widest_table_at_a_sample_of_entries() -> None:
    argument = Format(16, 4)
    for kind, result in [(Activation.SIGMOID, Format(16, 0, signed=False)), (Activation.TANH, Format(16, 1))]:
        table = activation_table(kind, argument, result, "x")
        assert table.shape == (65536,)
        codes = argument.all_codes()[::37]
        expected = [reference.activation(kind, reference.value(code, argument), result) for code in codes.tolist()]
        assert table[::37].tolist() == expected


@pytest.mark.parametrize("argument", [Format(8, 3), Format(12, 5), Format(16, 4)], ids=str)
def test_monotonic_and_symmetric(argument: Format) -> None:
    order = np.argsort(argument.all_codes())
    sigmoid = activation_table(Activation.SIGMOID, argument, Format(9, 1, signed=False), "x")
    tanh = activation_table(Activation.TANH, argument, Format(9, 2), "x")
    assert np.all(np.diff(sigmoid[order]) >= 0)
    assert np.all(np.diff(tanh[order]) >= 0)
    # Formats that hold 1 exactly: sigmoid(-x) = 1 - sigmoid(x), tanh(-x) = -tanh(x), but for the least code.
    positive = np.arange(1, 1 << (argument.width - 1))
    np.testing.assert_array_equal(tanh[positive], -tanh[-positive])
    np.testing.assert_array_equal(sigmoid[positive] + sigmoid[-positive], 256)
    assert (sigmoid[0], tanh[0]) == (128, 0)


def test_arguments_past_the_range_of_exp() -> None:
    values = np.array([-4096.0, -710.0, 0.0, 710.0, 4096.0])
    assert evaluate(Activation.SIGMOID, values).tolist()[2:] == [0.5, 1.0, 1.0]
    table = activation_table(Activation.SIGMOID, Format(4, 13), Format(8, 0, signed=False), "x")
    assert table.tolist() == [128, *[255] * 7, *[0] * 8]


def test_tables_are_kept_and_cannot_be_changed() -> None:
    table = activation_table(Activation.TANH, Format(8, 3), Format(8, 1), "x")
    assert activation_table(Activation.TANH, Format(8, 3), Format(8, 1), "x") is table
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


def test_too_wide_an_argument() -> None:
    with pytest.raises(FormatTooWideError) as caught:
        activation_table(Activation.TANH, Format(17, 3), Format(8, 1), "encoder.cell")
    assert str(caught.value) == (
        "tensor 'encoder.cell' has the format ap_fixed<17,3,AP_RND_CONV,AP_SAT>: its table would need 2**17 entries, "
        "and 2**16 are the most; choose a format of at most 16 bits"
    )


def test_the_reference_knows_the_functions() -> None:
    """The check of the tables is itself checked where the functions are known."""
    wide = Format(50, 2)
    assert reference.activation(Activation.SIGMOID, Fraction(0), wide) == 1 << 47
    assert reference.activation(Activation.TANH, Fraction(0), wide) == 0
    # tanh(x) = 2 sigmoid(2x) - 1
    tanh = Fraction(reference.activation(Activation.TANH, Fraction(3, 4), wide), 1 << 48)
    sigmoid = Fraction(reference.activation(Activation.SIGMOID, Fraction(3, 2), wide), 1 << 48)
    assert abs(tanh - (2 * sigmoid - 1)) <= Fraction(3, 1 << 49)
