"""What blocks share: payloads, the place of beats."""

from __future__ import annotations

from typing import Any

import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from support.streaming import simulate_bench

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl.streams import Position, vector


def test_a_vector_is_of_codes() -> None:
    assert vector(Format(5, 2), 3) == data.ArrayLayout(signed(5), 3)
    assert vector(Format(5, 2, False), 1) == data.ArrayLayout(unsigned(5), 1)


@pytest.mark.parametrize(("steps", "channels"), [(1, 1), (1, 3), (4, 1), (3, 2), (2, 5)])
def test_positions_are_step_then_channel(steps: int, channels: int) -> None:
    block = Position(steps, channels)
    wanted = [
        (channel, step == 0, step == steps - 1)
        for _ in range(3)
        for step in range(steps)
        for channel in range(channels)
    ]

    async def bench(ctx: Any) -> None:
        for beat, place in enumerate(wanted):
            ctx.set(block.advance, 0)
            for _ in range(beat % 3):
                await ctx.tick()
            assert (ctx.get(block.channel), ctx.get(block.first), ctx.get(block.last)) == place
            ctx.set(block.advance, 1)
            await ctx.tick()

    simulate_bench(block, bench)
