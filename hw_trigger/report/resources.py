"""Closed forms of what HLS makes of products and memories: DSP slices and block RAMs.

The rules were read off Vivado HLS 2019.2 reports of hls4ml's stock recurrent designs (github.com/uw-acme/HLS4ML_VS_MANUAL);
"recorded" below refers to them.
"""

from __future__ import annotations

import math

import numpy as np

from hw_trigger.fixedpoint.formats import Codes

LUT_OPERAND = 4
"""A product with an operand of at most so many bits is made of LUTs. Recorded: 18 x 4 bits took no DSP, 18 x 5 took one."""

LUT_OPERANDS = 9
"""So is a product of two operands of at most so many bits each. **Inferred**, not recorded: in hls4ml designs DSPs are said to
give way to LUTs below about 10 bits. It is the estimate's weakest point, as it decides over 8-bit networks."""

LUT_MEMORY_BITS = 1024
"""A memory of at most so many bits is made of LUTs. Recorded: 32 words of 32 bits took no block RAM, 1024 of 10 took one."""

BRAM18_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))
"""Words and bits that one block RAM of 18 Kbit can be (AMD UG573)."""


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
    tiles = [_tiles(wide, a) * _tiles(narrow, b), _tiles(wide, b) * _tiles(narrow, a)]
    return min(tiles)


def _tiles(width: int, port: int) -> int:
    return max(1, math.ceil((width - 1) / (port - 1)))


def constant_operands(weights: Codes) -> Codes:
    """Return the signed widths of the constants that a multiplier remains for, shape ``(m,)``.

    With a reuse factor of 1 every weight is a constant of its own. 0 and powers of two cost nothing; trailing zeros are a
    shift; what is left is an odd number. (HLS also turns other constants with few non-zero digits into additions, and
    shares equal products: of 18-bit weights a fifth to a sixth vanished that way in the recorded designs.)
    """
    magnitudes = np.abs(np.asarray(weights, np.int64).ravel())
    magnitudes = magnitudes[magnitudes != 0]
    odd = magnitudes // (magnitudes & -magnitudes)
    odd = odd[odd > 1]
    # frexp's exponent is the bit length of an integer below 2**53; one more bit is the sign.
    return np.asarray(np.frexp(odd.astype(np.float64))[1].astype(np.int64) + 1)


def bram18(words: int, bits: int) -> int:
    """Return the block RAMs of 18 Kbit of a memory of `words` words of `bits` bits.

    The best of the shapes that a block RAM can be, laid side by side; none for at most :data:`LUT_MEMORY_BITS` bits. Recorded
    weight memories of the Resource strategy (words x bits: blocks), met exactly: 20 x 960: 27, 20 x 1024: 29, 30 x 192: 6,
    32 x 27648: 768, 32 x 18432: 512, 24 x 864: 24, 32 x 360: 10; activation tables: 1024 x 10: 1.
    """
    if words * bits <= LUT_MEMORY_BITS:
        return 0
    return min(math.ceil(words / depth) * math.ceil(bits / width) for depth, width in BRAM18_SHAPES)


def rom_copies(reads: int) -> int:
    """Return the copies of a table that is read so many times in a cycle: a block RAM has two ports.

    Recorded, exactly: 5 reads: 3 copies, 10: 5, 20: 10, 40: 20, 128: 64, 256: 128.
    """
    return math.ceil(reads / 2)
