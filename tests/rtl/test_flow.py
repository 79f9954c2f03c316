"""Counters, credits, queues and forks, under random pauses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from support.streaming import simulate, simulate_bench

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl import flow
from hw_trigger.rtl.flow import Buffer, Fork, Queue, counter
from hw_trigger.rtl.streams import vector

LAYOUT = vector(Format(8, 4, signed=False), 2)
BEATS = np.random.default_rng(0).integers(0, 256, (60, 2)).tolist()


class Counted(wiring.Component):
    """A counter, and a number of credits."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        ports = {"enable": In(1), "more": In(1), "fewer": In(1), "last": Out(1)}
        super().__init__(ports | {name: Out(4) for name in ("count", "number")})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        count, last = counter(m, self.enable, self.limit, "count")
        number = flow.tally(m, self.more, self.fewer, initial=3, limit=8, name="number")
        m.d.comb += [
            self.count.eq(count),
            self.last.eq(last),
            self.number.eq(number),
        ]
        return m


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 11])
def test_a_counter_goes_round(limit: int) -> None:
    block = Counted(limit)
    rng = np.random.default_rng(limit)

    async def bench(ctx: Any) -> None:
        count = 0
        for enable in rng.integers(0, 2, 60).tolist():
            ctx.set(block.enable, enable)
            assert (ctx.get(block.count), ctx.get(block.last)) == (count, count == limit - 1)
            count = (count + enable) % limit
            await ctx.tick()

    simulate_bench(block, bench)


def test_credits_come_and_go() -> None:
    block = Counted(2)
    rng = np.random.default_rng(0)

    async def bench(ctx: Any) -> None:
        number = 3
        for wants_more, wants_fewer in rng.integers(0, 2, (80, 2)).tolist():
            more, fewer = wants_more and number < 8, wants_fewer and number > 0
            ctx.set(block.more, more)
            ctx.set(block.fewer, fewer)
            assert ctx.get(block.number) == number
            number += more - fewer
            await ctx.tick()

    simulate_bench(block, bench)


class Pipeline(wiring.Component):
    """A pipeline of three registers that cannot stop, with a queue behind it."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        super().__init__({"input": In(stream.Signature(LAYOUT)), "output": Out(stream.Signature(LAYOUT))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = Queue(LAYOUT, self.depth)
        wiring.connect(m, queue.output, wiring.flipped(self.output))
        push: Any = self.input.valid & self.input.ready
        word: Any = self.input.payload.as_value()
        m.d.comb += [self.input.ready.eq(queue.free), queue.reserve.eq(push)]
        for number in range(3):
            later, kept = Signal(name=f"push_{number}"), Signal(LAYOUT.size, name=f"word_{number}")
            m.d.sync += [later.eq(push), kept.eq(word)]
            push, word = later, kept
        m.d.comb += [queue.push.eq(push), queue.pushed.eq(word)]
        return m


@pytest.mark.parametrize("depth", [1, 2, 5, 8])
@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_a_queue_loses_nothing_of_a_pipeline_that_cannot_stop(depth: int, stall: float) -> None:
    streams = simulate(Pipeline(depth), {"input": BEATS}, {"output": len(BEATS)}, stall=stall, seed=depth)
    assert [list(payload) for payload in streams.sinks["output"].payloads] == BEATS
    if depth >= 5 and not stall:  # as many places as there are beats on their way: a beat a cycle
        assert set(np.diff(streams.sinks["output"].cycles)) == {1}


@pytest.mark.parametrize("stall", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_fork_gives_every_beat_to_all_once(count: int, stall: float) -> None:
    outputs = {f"output_{number}": len(BEATS) for number in range(count)}
    streams = simulate(Fork(LAYOUT, count), {"input": BEATS}, outputs, stall=stall, seed=count)
    for name in outputs:
        assert [list(payload) for payload in streams.sinks[name].payloads] == BEATS
    if not stall:
        assert set(np.diff(streams.sources["input"].cycles)) == {1}


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("depth", [1, 4])
def test_a_buffer_keeps_the_order(depth: int, stall: float) -> None:
    streams = simulate(Buffer(LAYOUT, depth), {"input": BEATS}, {"output": len(BEATS)}, stall=stall, seed=depth)
    assert [list(payload) for payload in streams.sinks["output"].payloads] == BEATS


def test_a_buffer_holds_as_many_as_it_is_deep() -> None:
    """Nobody takes anything: so many beats are let in, and no more."""
    block = Buffer(LAYOUT, 6)

    async def bench(ctx: Any) -> None:
        ctx.set(block.input.valid, 1)
        taken = 0
        for _ in range(20):
            taken += ctx.get(block.input.ready)
            await ctx.tick()
        assert taken == 6

    simulate_bench(block, bench)
