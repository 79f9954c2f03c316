"""Two rows in one multiplier: every sum can be taken apart again, up to the last bit of the lower field, and no further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.packing import NARROW_OPERAND, WIDE_OPERAND, Field, bits_of, fields_of, sum_bits

BYTE = Format(8, 1)


def taken_apart(field: Field, total: int) -> list[int]:
    """Return the rows' sums of a field's, as the engines do: the lower one is signed, and borrows from the upper."""
    if not field.shift:
        return [total]
    low = (total + (1 << (field.shift - 1)) & ((1 << field.shift) - 1)) - (1 << (field.shift - 1))
    high = (total - low) >> field.shift
    return [high, low] if field.swapped else [low, high]


def check(weights: Codes, blocks: int, fields: tuple[Field, ...], operands: Codes) -> None:
    """Check every group's sums with operands ``(blocks, columns)``, and that they fit the accumulators."""
    members, slots, rows, _ = weights.shape
    assert sum(field.rows for field in fields) == rows
    for member in range(members):
        for group in range(slots // blocks):
            span = slice(group * blocks, (group + 1) * blocks)
            wanted = np.einsum("brc,bc->r", weights[member, span], operands).tolist()
            found: list[int] = []
            for field in fields:
                total = int((field.weights[member, span] * operands).sum())
                assert bits_of(min(total, 0), max(total, 0)) <= field.accumulator_bits
                found += taken_apart(field, total)
            assert found == wanted


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Codes, int, Format, int]:
    """Draw weights ``(members, slots, rows, columns)``, the blocks of a group, the operands' format, and a seed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    blocks, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (draw(st.integers(1, 2)), blocks * groups, draw(st.integers(1, 8)), draw(st.integers(1, 4)))
    magnitudes = 1 << rng.integers(0, draw(st.integers(1, 14)), (1, 1, shape[2], 1))
    weights = rng.integers(-magnitudes, magnitudes, shape, endpoint=True)
    data = Format(draw(st.integers(1, 20)), 1, draw(st.booleans()))
    return weights, blocks, data, int(rng.integers(1 << 30))


@settings(max_examples=150, deadline=None)
@given(matrices(), st.booleans())
def test_sums_can_be_taken_apart(drawn: tuple[Codes, int, Format, int], pack: bool) -> None:
    weights, blocks, data, seed = drawn
    fields = fields_of(weights, blocks, data, pack=pack)
    rng = np.random.default_rng(seed)
    shape = (blocks, weights.shape[3])
    for _ in range(3):
        check(weights, blocks, fields, rng.integers(data.low, data.high + 1, shape))
    for row in range(weights.shape[2]):  # the operands with which a row's sum is greatest, and least
        for group in range(weights.shape[1] // blocks):
            rising = weights[0, group * blocks : (group + 1) * blocks, row] > 0
            check(weights, blocks, fields, np.where(rising, data.high, data.low))
            check(weights, blocks, fields, np.where(rising, data.low, data.high))


@settings(max_examples=150, deadline=None)
@given(matrices())
def test_packed_operands_fit_a_multiplier(drawn: tuple[Codes, int, Format, int]) -> None:
    weights, blocks, data, _ = drawn
    operand = data.width + (not data.signed)
    for field in fields_of(weights, blocks, data, pack=True):
        if field.rows == 2:
            assert field.weight_bits <= WIDE_OPERAND
            assert operand <= NARROW_OPERAND
            assert field.accumulator_bits <= 48


@settings(max_examples=100, deadline=None)
@given(matrices(), st.booleans())
def test_units_have_the_same_layout(drawn: tuple[Codes, int, Format, int], pack: bool) -> None:
    """Gate lanes take the units of a group one after another, so that four rows are laid out like the next four."""
    weights, blocks, data, _ = drawn
    weights = np.concatenate([weights[:, :, :1]] + [weights] * 4, axis=2)[:, :, 1:]
    fields = fields_of(weights, blocks, data, pack=pack)
    units = weights.shape[2] // 4
    layouts = [(f.rows, f.weight_bits, f.accumulator_bits, f.shift, f.swapped) for f in fields]
    assert layouts == layouts[: len(layouts) // units] * units


def pair(weight: int, columns: int) -> Codes:
    return np.full((1, 2, 2, columns), weight, np.int64)


def test_a_lower_sum_that_just_fits_is_packed() -> None:
    """Upper weights of 32 have 7 bits and leave 20 to the lower row, whose least sum is 128 * 32 * -128 = -2**19."""
    weights = pair(32, 64)
    (field,) = fields_of(weights, 2, BYTE, pack=True)
    assert (field.shift, sum_bits(weights, 2, BYTE)) == (20, 20)
    for operand in (BYTE.low, BYTE.high):
        check(weights, 2, (field,), np.full((2, 64), operand))
    lowest = int((field.weights * BYTE.low).sum())
    assert taken_apart(field, lowest) == [-(2**19)] * 2


def test_a_lower_sum_that_is_one_too_great_is_not_packed() -> None:
    """Weights of -32 reach +2**19, which 20 bits do not hold; -31 does not reach it."""
    assert [field.rows for field in fields_of(pair(-32, 64), 2, BYTE, pack=True)] == [1, 1]
    assert [field.rows for field in fields_of(pair(-31, 64), 2, BYTE, pack=True)] == [2]


@pytest.mark.parametrize(("data", "packed"), [(Format(18, 1), True), (Format(19, 1), False)])
@pytest.mark.parametrize("signed", [True, False])
def test_operands_are_no_wider_than_the_multiplier(data: Format, packed: bool, signed: bool) -> None:
    """An unsigned operand takes a bit more."""
    data = Format(data.width - (not signed), 1, signed)
    fields = fields_of(np.ones((1, 2, 2, 1), np.int64), 1, data, pack=True)
    assert len(fields) == (1 if packed else 2)


def test_one_pair_of_a_unit_may_be_packed_alone() -> None:
    weights = np.ones((1, 2, 4, 2), np.int64)
    weights[:, :, 2:] = 1 << 20
    assert [field.rows for field in fields_of(weights, 1, BYTE, pack=True)] == [2, 1, 1]


def test_the_narrow_row_is_the_lower_one() -> None:
    """Sums of -2**13 reach 2**23, which the 24 bits under a row of threes do not hold; the other way round both fit."""
    weights = np.full((1, 2, 2, 8), 3, np.int64)
    weights[:, :, 1] = -(1 << 13)
    (field,) = fields_of(weights, 1, BYTE, pack=True)
    assert not field.swapped
    (field,) = fields_of(weights[:, :, ::-1], 1, BYTE, pack=True)
    assert field.swapped


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-2, 1, 2), (-2, 2, 3), (-128, 127, 8), (-129, 0, 9), (0, 128, 9), (5, 9, 5)],
)
def test_bits_of_a_range(low: int, high: int, bits: int) -> None:
    assert bits_of(low, high) == bits
