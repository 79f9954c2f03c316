"""Blocks in Amaranth's simulator: what goes into their streams, with random pauses, what comes out, and the cycles of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import Simulator

PERIOD = 1e-6

Bench = Callable[[Any], Any]


@dataclass
class Source:
    """Gives payloads to a stream; `cycles` are those in which they were taken. What is offered stays until it is taken."""

    port: Any
    payloads: Sequence[Any]
    cycles: list[int] = field(default_factory=list)
    offered: bool = False

    def offer(self, ctx: Any, pause: bool, most: int) -> None:
        """Offer the next payload, or none in a pause, or where `most` have been taken."""
        taken = len(self.cycles)
        self.offered = taken < min(most, len(self.payloads)) and (self.offered or not pause)
        ctx.set(self.port.valid, self.offered)
        if self.offered:
            ctx.set(self.port.payload, self.payloads[taken])

    def look(self, ctx: Any, cycle: int) -> None:
        """Note whether the payload is taken in this cycle."""
        if self.offered and ctx.get(self.port.ready):
            self.cycles.append(cycle)
            self.offered = False


@dataclass
class Sink:
    """Takes payloads from a stream; `cycles` are those in which they were taken, `valid` those of the first offers."""

    port: Any
    payloads: list[Any] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)
    valid: list[int] = field(default_factory=list)

    def look(self, ctx: Any, cycle: int, pause: bool) -> None:
        """Take the payload that is offered, unless in a pause; what was offered once must stay."""
        ctx.set(self.port.ready, not pause)
        waiting = len(self.valid) > len(self.cycles)
        if not ctx.get(self.port.valid):
            assert not waiting, "a beat was taken back"
            return
        if not waiting:
            self.valid.append(cycle)
        if not pause:
            self.payloads.append(ctx.get(self.port.payload))
            self.cycles.append(cycle)


@dataclass
class Streams:
    """The streams of a block under test."""

    sources: dict[str, Source]
    sinks: dict[str, Sink]


def simulate(
    block: Any,
    inputs: Mapping[str, Sequence[Any]],
    outputs: Mapping[str, int],
    *,
    stall: float = 0.0,
    seed: int = 0,
    values: Mapping[str, Any] | None = None,
    reset_after: int | None = None,
    limit: int = 100_000,
) -> Streams:
    """Run a block until it has put out what is expected, and some cycles more.

    Parameters
    ----------
    inputs
        Payloads of each input stream.
    outputs
        How many beats to wait for, of each output stream.
    stall
        Probability of a pause in each cycle, on each stream by itself.
    values
        What other ports are set to.
    reset_after
        Beats of every input after which there is a reset, some cycles later. Outputs count from there on.
    limit
        Cycles after which the block hangs.
    """
    rng = np.random.default_rng(seed)
    streams = Streams(
        {name: Source(getattr(block, name), payloads) for name, payloads in inputs.items()},
        {name: Sink(getattr(block, name)) for name in outputs},
    )
    reset = Signal()

    async def run(ctx: Any, most: int, done: Callable[[], bool]) -> None:
        for cycle in range(limit):
            for source in streams.sources.values():
                source.offer(ctx, rng.random() < stall, most)
            for sink in streams.sinks.values():
                sink.look(ctx, cycle, rng.random() < stall)
            for source in streams.sources.values():
                source.look(ctx, cycle)
            await ctx.tick()
            if done():
                return
        raise AssertionError(f"the block hangs: {streams}")

    async def bench(ctx: Any) -> None:
        for name, value in (values or {}).items():
            ctx.set(getattr(block, name), value)
        if reset_after is not None:
            wait = iter(range(int(rng.integers(0, 25)), -1, -1))
            await run(ctx, reset_after, lambda: _taken(streams, reset_after) and not next(wait))
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            streams.sinks.update({name: Sink(getattr(block, name)) for name in outputs})
        rest = iter(range(20, -1, -1))
        await run(ctx, limit, lambda: _complete(streams, outputs) and not next(rest))

    simulate_bench(ResetInserter(reset)(block), bench)
    return streams


def simulate_bench(block: Any, bench: Bench, watch: Bench | None = None, *, clock: bool = True) -> None:
    """Run a testbench beside a block, and one that only watches; without a clock where the block has no register."""
    top = Module()
    top.submodules.block = block
    simulator = Simulator(top)
    if clock:
        simulator.add_clock(PERIOD)
    simulator.add_testbench(bench)
    if watch is not None:
        simulator.add_testbench(watch, background=True)
    simulator.run()


def _taken(streams: Streams, count: int) -> bool:
    return all(len(source.cycles) >= count for source in streams.sources.values())


def _complete(streams: Streams, outputs: Mapping[str, int]) -> bool:
    return all(len(streams.sinks[name].payloads) >= count for name, count in outputs.items())
