"""The piecewise-linear logarithm of :func:`hw_trigger.fixedpoint.triggers.logarithm`: a leading one and the bits behind it.

``L(n) = (exponent << 8) + ((n << 8) >> exponent) - (1 << 8)`` needs no adder: what is added is 1 and eight bits, and the 1 is
taken away again.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Mux, Value

from hw_trigger.fixedpoint.triggers import SCORE_FRACTION


def leading_one(number: Value) -> Value:
    """Return the place of the first one of an unsigned number, by a tree of decisions; 0 of 0."""
    if len(number) == 1:
        return Const(0, 1)
    if len(number) == 2:
        return number[1]
    half = 1 << ((len(number) - 1).bit_length() - 1)
    low, high = number[:half], number[half:]
    return Cat(Mux(high.any(), leading_one(high), leading_one(low)), high.any())


def octaves(number: Value, exponent: Value) -> Value:
    """Return ``L(number)`` of an unsigned number of 1 or more, in 2**-8 octaves; `exponent` is :func:`leading_one` of it."""
    mantissa = (Cat(Const(0, SCORE_FRACTION), number) >> exponent)[:SCORE_FRACTION]
    return Cat(mantissa, exponent)
