"""The logarithm in logic against the one in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from support.streaming import simulate_bench

from hw_trigger.fixedpoint.triggers import logarithm
from hw_trigger.rtl.triggers.logarithm import leading_one, octaves


@pytest.mark.parametrize("width", [1, 2, 3, 9, 33, 55])
def test_logarithms_are_those_of_integers(width: int) -> None:
    rng = np.random.default_rng(width)
    most = (1 << width) - 1
    numbers = {1, most, *range(1, min(most, 600) + 1), *(1 << bit for bit in range(width))}
    numbers |= {int(number) for number in 2.0 ** rng.uniform(0, width, 300) if number <= most}
    m, number = Module(), Signal(width)
    place = leading_one(number)
    exponent, result = Signal(place.shape()), Signal(20)
    m.d.comb += [exponent.eq(place), result.eq(octaves(number, exponent))]

    async def bench(ctx: Any) -> None:
        for code in sorted(numbers):
            ctx.set(number, code)
            assert ctx.get(exponent) == code.bit_length() - 1
            assert ctx.get(result) == logarithm(code)

    simulate_bench(m, bench, clock=False)
