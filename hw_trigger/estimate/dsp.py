"""How many DSP slices a multiplier takes.

One slice a product that is not wider: HLS packs no two narrow products into a slice by itself (that is done by hand, AMD WP486).
What it does pack is an addition behind a product, into the slice's own adder: ``Calibration.adder_left`` says how much is left.
"""

from __future__ import annotations

import math
from functools import lru_cache

from hw_trigger.estimate.constants import Constants
from hw_trigger.parts.database import Part

DEFAULT_MULTIPLIER = (27, 18)
"""Operand widths of a DSP where the part is not known: UltraScale's."""

LUT_OPERAND = 4
"""A product with an operand of at most so many bits is made of LUTs. Recorded: 18 x 4 bits took no DSP, 18 x 5 took one."""

LUT_OPERANDS = 9
"""So is a product of two operands of at most so many bits each. **Not recorded**: in hls4ml designs DSPs are known to give way to
LUTs below about 10 bits. As it decides over 8-bit networks, every estimate says what it would be otherwise."""


def operands(part: Part | None) -> tuple[int, int]:
    """Return the widths of the two signed operands of the part's multipliers."""
    return DEFAULT_MULTIPLIER if part is None else part.multiplier


@lru_cache(maxsize=4096)
def product_dsps(width: int, other: int, multiplier: tuple[int, int], *, narrow_in_lut: bool = True) -> int:
    """Return the DSP slices of one multiplier of two signed operands of `width` and `other` bits.

    A product beyond the DSP's own `multiplier`, A x B bits, is cut into tiles. Only the tile with the sign uses the sign's bit,
    so that there are ``ceil((w - 1) / (A - 1)) * ceil((v - 1) / (B - 1))`` tiles, with the operands in the better order.

    Parameters
    ----------
    narrow_in_lut
        Products of narrow operands are made of LUTs, see :data:`LUT_OPERAND` and :data:`LUT_OPERANDS`; without it, only those
        of the recorded rule, :data:`LUT_OPERAND`, are.
    """
    narrow, wide = sorted((width, other))
    if narrow <= LUT_OPERAND or (narrow_in_lut and wide <= LUT_OPERANDS):
        return 0
    a, b = multiplier
    return min(_tiles(wide, a) * _tiles(narrow, b), _tiles(wide, b) * _tiles(narrow, a))


def _tiles(width: int, port: int) -> int:
    return max(1, math.ceil((width - 1) / (port - 1)))


def constant_dsps(constants: Constants, data: int, multiplier: tuple[int, int], *, narrow_in_lut: bool = True) -> float:
    """Return the DSP slices of the products of operands of `data` bits by constants."""
    return sum(
        count * product_dsps(data, width, multiplier, narrow_in_lut=narrow_in_lut)
        for width, count in constants.multiplied
    )
