"""Amaranth values against the codes of NumPy: every rounding with every overflow, every input of small widths."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, Value, signed, unsigned
from support.streaming import simulate_bench

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding, quantize_codes
from hw_trigger.rtl.arithmetic import align, quantize, rounding_offset, shape_of, total

WIDEST = 6
"""Bits of the widest input; the pattern that all inputs are cut from."""


INPUTS = (
    (True, 5, 3), (False, 5, 3), (True, 5, 8), (False, 4, 8), (True, 1, 3), (False, 1, -1), (True, 3, -1),
)  # fmt: skip
"""Signedness, width and fraction: targets drop bits of them, more than there are, or append some."""

ALL_INPUTS = tuple(itertools.product((True, False), (1, 2, 3, 5, WIDEST), (-2, -1, 0, 1, 3, 6, 9)))

TARGETS = ((True, 1, 1), (False, 1, 0), (True, 4, 2), (False, 3, -1))
"""Signedness, width and integer bits."""

Input = tuple[bool, int, int]


def cases(rounding: Rounding, inputs: Iterable[Input]) -> list[tuple[Input, Format]]:
    """Return every input with every target of a rounding, in every overflow mode."""
    found = []
    for given, overflow, (is_signed, width, integer) in itertools.product(inputs, Overflow, TARGETS):
        if is_signed and width == 1 and overflow is Overflow.SAT_SYM:
            continue  # a bit with a sign has no symmetric range
        found.append((given, Format(width, integer, is_signed, rounding, overflow)))
    return found


@pytest.mark.parametrize("rounding", Rounding)
def test_quantized_values_are_those_of_codes(rounding: Rounding) -> None:
    check(rounding, INPUTS)


@pytest.mark.long
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("given", ALL_INPUTS)
def test_quantized_values_of_many_formats(rounding: Rounding, given: Input) -> None:
    check(rounding, [given])


def check(rounding: Rounding, inputs: Iterable[Input]) -> None:
    """Quantize every code of the inputs, with and without the offset of the rounding added before."""
    m, pattern = Module(), Signal(WIDEST)
    outputs = []
    every_case = cases(rounding, inputs)
    for (is_signed, width, fraction), target in every_case:
        value: Value = pattern[:width].as_signed() if is_signed else pattern[:width]
        plain, offset = Signal(shape_of(target)), Signal(shape_of(target))
        sum_with_offset = value + rounding_offset(fraction, target)
        added = Signal(sum_with_offset.shape())  # the simulator computes an expression as often as it is used
        m.d.comb += added.eq(sum_with_offset)
        m.d.comb += plain.eq(quantize(value, fraction, target))
        m.d.comb += offset.eq(quantize(added, fraction, target, offset_added=True))
        outputs.append((plain, offset))
    found: list[list[tuple[int, int]]] = []

    async def bench(ctx: Any) -> None:
        for code in range(1 << WIDEST):
            ctx.set(pattern, code)
            found.append([(ctx.get(plain), ctx.get(offset)) for plain, offset in outputs])

    simulate_bench(m, bench, clock=False)
    codes = np.arange(1 << WIDEST)
    for results, ((is_signed, width, fraction), target) in zip(
        np.array(found).transpose(1, 2, 0), every_case, strict=True
    ):
        inputs = codes & ((1 << width) - 1)
        inputs = np.where(is_signed & (inputs >> (width - 1) == 1), inputs - (1 << width), inputs)
        wanted = quantize_codes(inputs, fraction, target).tolist()
        assert [results[0].tolist(), results[1].tolist()] == [wanted, wanted], (
            f"{is_signed} {width} {fraction} {target}"
        )


def test_shapes_are_those_of_formats() -> None:
    assert shape_of(Format(5, 2)) == signed(5)
    assert shape_of(Format(5, 2, False)) == unsigned(5)


def test_a_sum_is_exact() -> None:
    m = Module()
    terms = [Signal(signed(3), init=-4) for _ in range(5)]
    result, nothing = Signal(signed(8)), Signal(signed(8), init=1)
    m.d.comb += [result.eq(total(align(term, 1, 2) for term in terms)), nothing.eq(total([]))]

    async def bench(ctx: Any) -> None:
        assert ctx.get(result) == -40
        assert ctx.get(nothing) == 0

    simulate_bench(m, bench, clock=False)


def test_alignment_drops_nothing() -> None:
    with pytest.raises(RuntimeError, match=r"^a value with 3 fractional bits cannot be aligned to 2$"):
        align(Signal(4), 3, 2)
