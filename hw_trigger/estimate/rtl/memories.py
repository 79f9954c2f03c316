"""What memories and multipliers take: the rules by which Yosys maps them, and the design chooses between them.

The geometries are those of Yosys' ``lutrams_xcu.txt`` and ``brams_xc4v.txt`` (0.70), which follow AMD's UG573 and
UG574 (UltraScale memory resources, and configurable logic block).
"""

from __future__ import annotations

import math

from hw_trigger.estimate.resources import Resources
from hw_trigger.rtl.memories import BLOCK_DEPTH
from hw_trigger.rtl.packing import NARROW_OPERAND, WIDE_OPERAND
from hw_trigger.rtl.synthesis.multipliers import SMALL

_PLAIN_WORDS, _GROWTH = 14, 0.75
"""Words of a bit that take a LUT, and the exponent with which LUTs grow beyond; see :func:`logic_table`."""

_MANY_WORDS = 40
"""With so many words or more, no two random bits are equal."""

_DISTRIBUTED = ((32, 14), (64, 7))
"""Words and bits of a simple dual-port memory of eight LUTs."""

_CELL = 8
"""LUTs of such a memory."""

_BLOCK = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of a RAMB18."""

_COST_DISTRIBUTED, _COST_BLOCK = 16, 129
"""Yosys' costs of a memory of eight LUTs and of a RAMB18; where both are possible, the cheaper is taken."""

_COST_CHOICE = 0.4
"""Its cost of a bit's choice between cells; inferred from which of both geometries it takes (more than 0.28, less than 0.57)."""


def distributed(depth: int, width: int) -> int:
    """Return the LUTs of a memory with a port to write and one to read."""
    words, bits = min(_DISTRIBUTED, key=lambda cell: _cost(depth, width, *cell))
    return _CELL * math.ceil(depth / words) * math.ceil(width / bits)


def _cost(depth: int, width: int, words: int, bits: int) -> float:
    """Return Yosys' cost of a memory of LUTs: cells by the bits that are used, and the choice between them."""
    cells = math.ceil(depth / words)
    return cells * (_COST_DISTRIBUTED * width / bits + _COST_CHOICE * width)


def blocks(depth: int, width: int) -> int:
    """Return the RAMB18 of a memory; one of 36 kbit counts as two, and is taken only instead of two."""
    return min(math.ceil(depth / words) * math.ceil(width / bits) for words, bits in _BLOCK)


def free_memory(depth: int, width: int) -> Resources:
    """Return what a memory takes whose output is a register, and that may be of either kind: the one of the lower cost."""
    number = blocks(depth, width)
    if min(_cost(depth, width, *cell) for cell in _DISTRIBUTED) < _COST_BLOCK * number:
        return Resources(lut=distributed(depth, width))
    return Resources(bram18=number)


def in_blocks(depth: int) -> bool:
    """Return whether a memory of constants is in block RAM: it is where it is deep."""
    return depth > BLOCK_DEPTH


def distinct(depth: int, width: int) -> float:
    """Return how many of so many random bits of a memory of constants differ from each other: equal ones are built once.

    Of few words there are few functions: ``2**depth``, of which two are constant.
    """
    if depth <= 1:
        return 0.0
    functions = math.ldexp(1.0, min(depth, _MANY_WORDS)) - 2
    return functions * -math.expm1(-width / functions)


def logic_table(depth: int, width: float) -> float:
    """Return the LUTs of constants that are chosen by logic, `width` bits that differ.

    A LUT holds 64 words of a bit, and multiplexers behind LUTs cost little; but Yosys (with ABC) finds that for few words only.
    Found in netlists: 1.2 LUTs a bit for 16 words, 3.0 for 48, 7.5 to 10 for 256.
    """
    return width * max(1.0, (depth / _PLAIN_WORDS) ** _GROWTH) if depth > 1 else 0.0


def slices(width: int, other: int, *, marked: bool = True) -> int:
    """Return the DSP slices of a multiplication of signed operands; 0 where it is made of LUTs.

    Products of matrices and gates are `marked`, and always have slices; others have them where an operand is wider than
    :data:`~hw_trigger.rtl.synthesis.multipliers.SMALL`. What is wider than a slice's multiplier takes several.
    """
    if not marked and max(width, other) <= SMALL:
        return 0
    wide, narrow = max(width, other), min(width, other)
    return _tiles(wide, WIDE_OPERAND) * _tiles(narrow, NARROW_OPERAND)


def _tiles(width: int, port: int) -> int:
    """Return into how many parts an operand is cut: each but the one with the sign gives up a bit for it."""
    return max(1, math.ceil((width - 1) / (port - 1)))
