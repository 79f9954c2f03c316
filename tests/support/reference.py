"""Fixed point in exact rational numbers, one number at a time: slow, and nothing shared with what it checks."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import mpmath  # type: ignore[import-untyped]

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.tables import Activation

HALF = Fraction(1, 2)


def value(code: int, number_format: Format) -> Fraction:
    """Return the value of a code."""
    return code * Fraction(2) ** (number_format.integer - number_format.width)


def rounded(x: Fraction, mode: Rounding) -> int:
    """Round to an integer."""
    sign = -1 if x < 0 else 1
    match mode:
        case Rounding.TRN:
            return math.floor(x)
        case Rounding.TRN_ZERO:
            return math.trunc(x)
        case Rounding.RND:
            return math.floor(x + HALF)
        case Rounding.RND_MIN_INF:
            return math.ceil(x - HALF)
        case Rounding.RND_INF:
            return sign * math.floor(abs(x) + HALF)
        case Rounding.RND_ZERO:
            return sign * math.ceil(abs(x) - HALF)
        case Rounding.RND_CONV:
            return round(x)


def fits(code: int, target: Format) -> bool:
    """Tell whether a format has a code, the narrow range of AP_SAT_SYM considered."""
    high = (1 << (target.width - target.signed)) - 1
    low = -high - (target.overflow is not Overflow.SAT_SYM) if target.signed else 0
    return low <= code <= high


def quantize(x: Fraction, target: Format) -> int:
    """Return the code of a rational number."""
    code = rounded(x * Fraction(2) ** (target.width - target.integer), target.rounding)
    if fits(code, target):
        return code
    match target.overflow:
        case Overflow.SAT_ZERO:
            return 0
        case Overflow.WRAP:
            code %= 1 << target.width
            return code - (1 << target.width) if target.signed and code >> (target.width - 1) else code
        case Overflow.SAT | Overflow.SAT_SYM:
            if code < 0:
                return 0 if not target.signed else -(1 << (target.width - 1)) + (target.overflow is Overflow.SAT_SYM)
            return (1 << (target.width - target.signed)) - 1


@cache
def activation(kind: Activation, argument: Fraction, target: Format) -> int:
    """Return the code of sigmoid or tanh of a rational number, from 60 decimal digits."""
    with mpmath.workdps(60):
        x = mpmath.mpf(argument.numerator) / argument.denominator
        y = mpmath.tanh(x) if kind is Activation.TANH else 1 / (1 + mpmath.exp(-x))
        mantissa, exponent = mpmath.frexp(y)
        digits = Fraction(int(mpmath.ldexp(mantissa, 190)), 2**190) * Fraction(2) ** int(exponent)
    return quantize(digits, target)
