"""Operators of C-synthesis, against those that the recorded reports list."""

from __future__ import annotations

import pytest

from hw_trigger.estimate import operators as op
from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.resources import Cost


@pytest.mark.parametrize(
    ("cost", "luts"),
    [
        (op.adder(18), 18),
        (op.adder(5), 6),
        (op.adder(32), 32),
        (op.comparator(2), 8),
        (op.comparator(4), 9),
        (op.comparator(5), 11),
        (op.comparator(16), 13),
        (op.comparator(18), 20),
        (op.comparator(32), 20),
        (op.select(17), 17),
        (op.gate_logic(1), 2),
        (op.state_mux(18, calibration()), 9),
        (op.state_mux(18, calibration(), inputs=3), 15),
        (op.state_mux(1, calibration(), inputs=5), 27),
        (op.read_mux(128, 18), 273),
        (op.shift(2160), 2171),
        (op.shift(5400), 2171),
    ],
)
def test_recorded_luts(cost: Cost, luts: int) -> None:
    assert cost.c_synthesis.lut == luts


@pytest.mark.parametrize(("amounts", "luts"), [(1, 0), (2, 30), (4, 30), (5, 60), (16, 60), (17, 90)])
def test_shifting_a_word_takes_a_lut_a_bit_for_four_amounts(amounts: int, luts: int) -> None:
    assert op.shift_all(30, amounts).logic.lut == luts
    assert op.shift_all(30, amounts).c_synthesis.lut == (98 if luts else 0)


def test_fifo_of_two_words() -> None:
    """Recorded: 30 LUTs and 5 flip-flops at 18 bits, and 4 + 9 LUTs and 1 flip-flop of the processes beside it."""
    cost = op.small_fifo(18)
    assert (cost.c_synthesis.lut, cost.c_synthesis.ff) == (30 + 13, 6)
    assert cost.logic.ff == 2 * 18 + 6


@pytest.mark.parametrize("words", [2, 20, 300])
def test_index_bits(words: int) -> None:
    assert 2 ** (op.index_bits(words) - 1) < words <= 2 ** op.index_bits(words)


def test_a_multiplier_is_slices_or_luts() -> None:
    assert op.multiplier(18, 18, 1).c_synthesis.dsp == 1
    assert op.multiplier(18, 18, 1).c_synthesis.lut == 0
    assert op.multiplier(8, 8, 0).c_synthesis.lut == pytest.approx(41.6)
