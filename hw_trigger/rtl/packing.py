"""Two products in one multiplier: ``(w1 * 2**s + w2) * x`` holds both, and sums of them, as long as the lower one stays in its
field.

A DSP48E2 multiplies 27 by 18 bits (AMD WP486, "Deep Learning with INT8 Optimization on Xilinx Devices"). There the lower sum is
bounded by the width of its operands; here the weights are known, and so is the greatest sum: most layers need no draining.
The upper sum is one too small where the lower is negative, which costs a carry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format

WIDE_OPERAND = 27
"""Bits of the wider operand of a DSP48E2's multiplier."""

NARROW_OPERAND = 18
"""Bits of the narrower operand."""

ACCUMULATOR = 48
"""Bits of its accumulator."""


@dataclass(frozen=True, eq=False)
class Field:
    """One multiplier's weights and its accumulator: one row of a product, or two packed ones.

    Attributes
    ----------
    weights
        What the multiplier multiplies by, shape ``(members, slots, columns)``.
    weight_bits
        Their width, signed.
    accumulator_bits
        Width of the sum over all slots of a group, signed.
    shift
        Bits of the lower row's field where two are packed; 0 for one row.
    swapped
        The first of the two rows is the upper one.
    """

    weights: Codes
    weight_bits: int
    accumulator_bits: int
    shift: int = 0
    swapped: bool = False

    @property
    def rows(self) -> int:
        """Rows that it computes."""
        return 2 if self.shift else 1


def fields_of(weights: Codes, blocks: int, data: Format, *, pack: bool) -> tuple[Field, ...]:
    """Return the multipliers' weights for an array of rows, the layout being the same in every unit of four rows.

    Parameters
    ----------
    weights
        Codes, shape ``(members, slots, rows, columns)``, slots by group and block.
    blocks
        Slots whose products are summed up.
    data
        Format of the operands.
    """
    rows = weights.shape[2]
    if rows % 2:
        return tuple(_single(weights[:, :, row], blocks, data) for row in range(rows))
    period = 4 if rows % 4 == 0 else 2
    layouts = [_layout(weights, blocks, data, first, period) if pack else None for first in range(0, period, 2)]
    fields: list[Field] = []
    for first in range(0, rows, 2):
        layout = layouts[first % period // 2]
        pair = weights[:, :, first : first + 2]
        if layout is None:
            fields += [_single(pair[:, :, place], blocks, data) for place in range(2)]
        else:
            shift, swapped = layout
            fields.append(_packed(pair, blocks, data, shift, swapped))
    return _even(fields, rows, period)


def _layout(weights: Codes, blocks: int, data: Format, first: int, period: int) -> tuple[int, bool] | None:
    """Return shift and order that fit the pairs at `first` of every period; ``None`` where none does."""
    if _operand_bits(data) > NARROW_OPERAND:
        return None
    one, other = weights[:, :, first::period], weights[:, :, first + 1 :: period]
    for low, high, swapped in ((other, one, True), (one, other, False)):
        upper = high - (low < 0)
        shift = WIDE_OPERAND - bits_of(int(upper.min()), int(upper.max()))
        sums = sum_bits(low, blocks, data)
        if sums <= shift and shift + sum_bits(upper, blocks, data) < ACCUMULATOR:
            return shift, swapped
    return None


def _packed(pair: Codes, blocks: int, data: Format, shift: int, swapped: bool) -> Field:
    high, low = (pair[:, :, 0], pair[:, :, 1]) if swapped else (pair[:, :, 1], pair[:, :, 0])
    weights = (high << shift) + low
    return Field(
        weights,
        bits_of(int(weights.min()), int(weights.max())),
        max(
            shift + 1, sum_bits(weights[:, :, None], blocks, data)
        ),  # weights may all be 0; the upper row has a sign even so
        shift,
        swapped,
    )


def _single(weights: Codes, blocks: int, data: Format) -> Field:
    return Field(weights, bits_of(int(weights.min()), int(weights.max())), sum_bits(weights[:, :, None], blocks, data))


def _even(fields: list[Field], rows: int, period: int) -> tuple[Field, ...]:
    """Give fields at the same place of a unit the same widths, so that units can be exchanged for each other."""
    per_unit = len(fields) * period // rows
    widths = [
        (
            max(field.weight_bits for field in fields[place::per_unit]),
            max(field.accumulator_bits for field in fields[place::per_unit]),
        )
        for place in range(per_unit)
    ]
    return tuple(
        Field(field.weights, *widths[number % per_unit], field.shift, field.swapped)
        for number, field in enumerate(fields)
    )


def sum_bits(weights: Codes, blocks: int, data: Format) -> int:
    """Return the bits of the signed sum over a group's slots and columns, for weights ``(members, slots, rows, columns)``."""
    members, slots, rows, columns = weights.shape
    groups = weights.reshape(members, slots // blocks, blocks, rows, columns)
    positive = np.where(groups > 0, groups, 0).sum(axis=(2, 4))
    negative = np.where(groups < 0, groups, 0).sum(axis=(2, 4))
    high = (positive * data.high + negative * data.low).max()
    low = (negative * data.high + positive * data.low).min()
    return bits_of(int(low), int(high))


def bits_of(low: int, high: int) -> int:
    """Return the bits of the narrowest signed number that is from `low` to `high`."""
    return max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0) + 1


def _operand_bits(data: Format) -> int:
    return data.width + (not data.signed)
