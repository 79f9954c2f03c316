"""Products of two codes, rounded: what a gate lane multiplies, in one cycle each, and the sum of two of them.

How a product is rounded is known from its factors, without waiting for it; and the sum of two products takes in what rounding
adds to both, in one adder.
"""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hw_trigger.fixedpoint.formats import Format, Overflow, quantize_codes
from hw_trigger.rtl.arithmetic import extended, never_overflows, quantize, rounds_up

Bounds = tuple[int, int]


@dataclass(frozen=True, eq=False)
class UnitProduct:
    """A product that is to be rounded to a format.

    Attributes
    ----------
    value
        The product, signed, out of a register.
    tie
        Whether it is half way between two codes.
    bounds
        The least and the greatest product.
    fraction
        Its fractional bits.
    target
        The format.
    """

    value: Value
    tie: Value
    bounds: Bounds
    fraction: int
    target: Format

    @property
    def dropped(self) -> int:
        """Bits that rounding drops."""
        return self.fraction - self.target.fraction

    @property
    def code(self) -> Value:
        """The rounded product."""
        return quantize(self.value, self.fraction, self.target, bounds=self.bounds)

    @property
    def codes(self) -> Bounds:
        """The least and the greatest code."""
        if self.target.overflow in {Overflow.WRAP, Overflow.SAT_ZERO}:  # neither keeps the order
            return self.target.low, self.target.high
        low, high = quantize_codes(self.bounds, self.fraction, self.target).tolist()
        return low, high

    @property
    def never_overflows(self) -> bool:
        """Whether every product has a code before its overflow is looked at."""
        return never_overflows(self.bounds, self.fraction, self.target)

    @property
    def floor(self) -> Value:
        """The product without the bits that rounding drops."""
        return self.value[self.dropped :].as_signed()

    @property
    def up(self) -> Value:
        """What rounding adds to :attr:`floor`: 0 or 1."""
        return rounds_up(self.value, self.dropped, self.target.rounding, tie=self.tie)


def unit_product(
    m: Module, name: str, factors: tuple[Value, Value], ranges: tuple[Bounds, Bounds], *, fraction: int, target: Format
) -> UnitProduct:
    """Return the product of two codes within ranges, which has `fraction` fractional bits."""
    corners = [one * other for one in ranges[0] for other in ranges[1]]
    one, other = (factor if factor.shape().signed else Cat(factor, Const(0, 1)).as_signed() for factor in factors)
    # A register that is not 0 after a reset cannot be one of a DSP slice: behind its multiplier, the way through its adder would
    # be in the next cycle, which has most to do. What the value is does not matter.
    product = Signal((one * other).shape(), name=name, init=1)
    tie = Signal(name=f"{name}_tie", reset_less=True)
    m.d.sync += [product.eq(one * other), tie.eq(_is_half_way(one, other, fraction - target.fraction))]
    return UnitProduct(product, tie, (min(0, *corners), max(0, *corners)), fraction, target)


def sum_of_codes(one: UnitProduct, other: UnitProduct) -> Value:
    """Return the sum of two rounded products."""
    fast = all(
        item.dropped > 0 and len(item.value) > item.dropped + 1 and item.never_overflows for item in (one, other)
    )
    if not fast:
        return one.code + other.code
    # Three terms and a carry: the first two and a bit are added without carries (Wallace, "A Suggestion for a Fast Multiplier",
    # 1964).
    width = max(len(one.floor), len(other.floor)) + 2
    left, right = extended(one.floor, width), extended(other.floor, width)
    bit = Cat(one.up, Const(0, width - 1))
    sums = left ^ right ^ bit
    carries = Cat(Const(0, 1), ((left & right) | (bit & (left | right)))[: width - 1])
    # The other bit goes in below the last place.
    return (Cat(Const(1, 1), sums) + Cat(other.up, carries))[1 : width + 1].as_signed()


def _is_half_way(one: Value, other: Value, dropped: int) -> Value:
    """Return whether a product is half way between two multiples of ``2**dropped``, from its factors.

    It is where it ends in ``dropped - 1`` zeros and no more, and a product ends in as many as its factors together.
    """
    ways = [
        _ends_in(one, zeros) & _ends_in(other, dropped - 1 - zeros)
        for zeros in range(min(dropped, len(one)))
        if dropped - 1 - zeros < len(other)
    ]
    return Cat(ways).any() if ways else Const(0, 1)


def _ends_in(value: Value, zeros: int) -> Value:
    """Return whether a number ends in so many zeros and no more."""
    return value[: zeros + 1] == 1 << zeros
