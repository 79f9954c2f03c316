"""The arithmetic of :mod:`hw_trigger.fixedpoint.formats` on Amaranth values: alignment, rounding, overflow.

Amaranth's own operators are exact: a sum or a product is as wide as it needs to be. Only :func:`quantize` loses bits.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from amaranth.hdl import Cat, Const, Mux, Shape, Value, signed, unsigned

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding, round_codes


def shape_of(number_format: Format) -> Shape:
    """Return the shape of a format's codes."""
    return signed(number_format.width) if number_format.signed else unsigned(number_format.width)


def align(value: Value, fraction: int, wanted: int) -> Value:
    """Append zeros so that a value with `fraction` fractional bits has `wanted`, which are as many or more."""
    if wanted < fraction:
        raise RuntimeError(f"a value with {fraction} fractional bits cannot be aligned to {wanted}")
    return value << (wanted - fraction) if wanted > fraction else value


def total(values: Iterable[Value]) -> Value:
    """Return the exact sum, as a balanced tree of adders."""
    terms = list(values)
    if not terms:
        return Const(0, signed(1))
    while len(terms) > 1:
        pairs = [left + right for left, right in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[len(pairs) * 2 :]
    return terms[0]


def typed(bits: Value, shape: Shape) -> Value:
    """Return a bit pattern as a number of a shape of its width."""
    return bits.as_signed() if shape.signed else bits.as_unsigned()


def extended(value: Value, width: int) -> Value:
    """Return the last `width` bits of a value, its sign repeated where it has fewer, as an unsigned pattern."""
    value = Value.cast(value)
    return _extended(value, width)[:width]


def rounding_offset(fraction: int, target: Format) -> int:
    """Return what may be added to a value before :func:`quantize` with ``offset_added``, so that it needs no adder of its own.

    It is half a step of the target in the modes whose rounding is then a mere shift, but for ties.
    """
    dropped = fraction - target.fraction
    return 1 << (dropped - 1) if dropped > 0 and target.rounding in {Rounding.RND, Rounding.RND_CONV} else 0


def quantize(
    value: Value,
    fraction: int,
    target: Format,
    *,
    offset_added: bool = False,
    tie: Value | None = None,
    bounds: tuple[int, int] | None = None,
) -> Value:
    """Return the codes of `target` for a value with `fraction` fractional bits: one rounding, one overflow.

    Parameters
    ----------
    offset_added
        `value` has :func:`rounding_offset` in it already: a constant elsewhere in a sum takes it in for nothing.
    tie
        Whether the bits that are dropped are all 0, where that is known sooner than `value` itself.
    bounds
        The least and the greatest value there can be (without the offset): nothing is built for an overflow that cannot happen.
    """
    dropped = fraction - target.fraction
    rounded = round_to(value, dropped, target.rounding, offset_added=offset_added, tie=tie)
    if bounds is not None and never_overflows(bounds, fraction, target):
        return typed(extended(rounded, target.width), shape_of(target))
    return overflow(rounded, target)


def never_overflows(bounds: tuple[int, int], fraction: int, target: Format) -> bool:
    """Return whether every value within bounds, which has `fraction` fractional bits, is rounded to a code of `target`."""
    low, high = round_codes(np.array(bounds, np.int64), fraction - target.fraction, target.rounding).tolist()
    return bool(target.low <= low and high <= target.high)


def round_to(
    value: Value, dropped: int, rounding: Rounding, *, offset_added: bool = False, tie: Value | None = None
) -> Value:
    """Drop the last `dropped` bits of a value (append zeros where negative) with the given rounding."""
    if dropped <= 0:
        return value << -dropped if dropped else value
    value = Value.cast(value)
    if not value.shape().signed:
        value = Value.cast(value + Const(0, signed(1)))
    # More bits than there are: the sign is repeated, so that a half and a sign exist.
    if len(value) < dropped + 1:
        value = _extended(value, dropped + 1)
    floor = value[dropped:].as_signed()
    if offset_added and rounding in {Rounding.RND, Rounding.RND_CONV}:
        if rounding is Rounding.RND:
            return floor
        if tie is None:
            tie = value[:dropped] == 0  # the value was half way between two codes: the even one is meant
        return _with_last_bit(floor, floor[0] & ~tie)
    return floor if rounding is Rounding.TRN else floor + rounds_up(value, dropped, rounding)


def rounds_up(value: Value, dropped: int, rounding: Rounding, *, tie: Value | None = None) -> Value:
    """Return whether a signed value is rounded to the code above its floor, not to the floor.

    Parameters
    ----------
    tie
        Whether it is half way between two codes, where that is known sooner than `value` itself.
    """
    half, negative, odd = value[dropped - 1], value[-1], value[dropped]
    if tie is None:
        tie = half & (value[: dropped - 1] == 0)
    match rounding:
        case Rounding.TRN:
            return Const(0, 1)
        case Rounding.TRN_ZERO:
            return negative & value[:dropped].any()
        case Rounding.RND:
            return half
        case Rounding.RND_ZERO:
            return half & (~tie | negative)
        case Rounding.RND_INF:
            return half & (~tie | ~negative)
        case Rounding.RND_MIN_INF:
            return half & ~tie
        case Rounding.RND_CONV:
            return half & (~tie | odd)


def overflow(value: Value, target: Format) -> Value:
    """Bring a whole number of target steps into the range of `target`."""
    shape = shape_of(target)
    kept, fits, negative = kept_bits(value, target)
    if target.overflow is Overflow.WRAP:
        return typed(kept, shape)
    if target.overflow is Overflow.SAT_ZERO:
        return typed(Mux(fits, kept, 0)[: target.width], shape)
    ends = Mux(negative, Const(target.low, shape).as_unsigned(), Const(target.high, shape).as_unsigned())
    return typed(Mux(fits, kept, ends)[: target.width], shape)


def kept_bits(value: Value, target: Format) -> tuple[Value, Value, Value]:
    """Return the bits of a whole number that `target` keeps, whether it is in the target's range, and whether it is negative."""
    value = Value.cast(value)
    if not value.shape().signed:
        value = Value.cast(value + Const(0, signed(1)))
    value = _extended(value, max(len(value), target.width + 1))
    kept, negative = value[: target.width], value[-1]
    # What is beyond the kept bits must repeat the sign (signed), or be zero (unsigned).
    above = value[target.width - 1 :] if target.signed else value[target.width :]
    fits = ((above == 0) | above.all()) if target.signed else (above == 0)
    if target.overflow is Overflow.SAT_SYM and target.signed:
        fits &= ~(negative & (value[: target.width - 1] == 0))
    return kept, fits, negative


def _extended(value: Value, width: int) -> Value:
    """Return the same value with at least so many bits."""
    missing = width - len(value)
    if missing <= 0:
        return value
    top = value[-1] if value.shape().signed else Const(0, 1)
    wide = Cat(value, top.replicate(missing))
    return wide.as_signed() if value.shape().signed else wide


def _with_last_bit(value: Value, bit: Value) -> Value:
    if len(value) == 1:
        return bit.as_signed()
    return Cat(bit, value[1:]).as_signed()
