"""What blocks share: payloads, the place of beats, register slices."""

from __future__ import annotations

from typing import Any

import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from support.streaming import simulate, simulate_bench

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl.streams import Position, RegisterSlice, vector


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


@pytest.mark.parametrize("stall", [0.0, 0.3, 0.7])
def test_a_slice_passes_on_what_it_is_given(stall: float) -> None:
    payloads = [[k, -k] for k in range(60)]
    streams = simulate(RegisterSlice(vector(Format(8, 8), 2)), {"input": payloads}, {"output": 60}, stall=stall, seed=3)
    assert [list(payload) for payload in streams.sinks["output"].payloads] == payloads
    if stall == 0:
        assert streams.sinks["output"].cycles == list(range(1, 61))


def test_a_reset_empties_a_slice() -> None:
    block = RegisterSlice(vector(Format(8, 8), 1))
    streams = simulate(block, {"input": [[k] for k in range(20)]}, {"output": 12}, stall=0.2, reset_after=8)
    assert [payload[0] for payload in streams.sinks["output"].payloads] == list(range(8, 20))


def test_no_path_leads_through_a_slice() -> None:
    block = RegisterSlice(vector(Format(8, 8), 1))

    async def bench(ctx: Any) -> None:
        # Nothing that comes out changes within a cycle.
        for _ in range(4):
            before = ctx.get(block.input.ready), ctx.get(block.output.valid)
            for valid, ready in ((0, 0), (0, 1), (1, 1), (1, 0)):
                ctx.set(block.input.valid, valid)
                ctx.set(block.output.ready, ready)
                assert (ctx.get(block.input.ready), ctx.get(block.output.valid)) == before
            await ctx.tick()

    simulate_bench(block, bench)
