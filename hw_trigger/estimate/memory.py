"""What memories cost: block RAMs of 18 Kbit, or LUTs for small ones."""

from __future__ import annotations

import math
from functools import lru_cache

from hw_trigger.estimate.resources import Cost, Resources

LUT_MEMORY_BITS = 1024
"""A memory of at most so many bits is made of LUTs. Recorded: 32 words of 29 bits took no block RAM, 1024 of 10 took one."""

BRAM18_SHAPES = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))
"""Words and bits that one block RAM of 18 Kbit can be (AMD UG573)."""


@lru_cache(maxsize=4096)
def bram18(words: int, bits: int) -> int:
    """Return the block RAMs of 18 Kbit of a memory of `words` words of `bits` bits.

    The best of the shapes that a block RAM can be, laid side by side; none for at most :data:`LUT_MEMORY_BITS` bits. Recorded
    weight memories of the Resource strategy (words x bits: blocks), met exactly: 20 x 956: 27, 20 x 1020: 29, 30 x 188: 6,
    32 x 27641: 768, 32 x 18424: 512, 24 x 858: 24, 32 x 350: 10; activation tables: 1024 x 10: 1.
    """
    if words * bits <= LUT_MEMORY_BITS:
        return 0
    return min(math.ceil(words / depth) * math.ceil(bits / width) for depth, width in BRAM18_SHAPES)


def rom_copies(reads: int) -> int:
    """Return the copies of a table that is read so many times in a cycle: a block RAM has two ports.

    Recorded, exactly: 5 reads: 3 copies, 10: 5, 20: 10, 40: 20, 128: 64, 256: 128.
    """
    return math.ceil(reads / 2)


def memory(words: int, bits: int, kept_bits: float | None = None) -> Cost:
    """Return the cost of a memory.

    Parameters
    ----------
    kept_bits
        Bits of a word that logic synthesis keeps, where some are copies of others (sign bits of small weights). Recorded: of the
        weights' block RAMs three quarters and a half were left.
    """
    kept = bits if kept_bits is None else min(bits, kept_bits)
    return Cost(_memory(words, bits), _memory(words, math.ceil(kept)))


def _memory(words: int, bits: int) -> Resources:
    blocks = bram18(words, bits)
    if blocks:
        return Resources(bram18=blocks)
    # Recorded: 32 words of 29 bits took 15 LUTs and a register of 29 bits; a LUT6 holds 64 words of a bit.
    return Resources(lut=math.ceil(words / 32) * bits / 2, ff=bits)
