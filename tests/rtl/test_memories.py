"""Memories: what was written is read, in whatever batches."""

from __future__ import annotations

import gc
import math
import warnings
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, UnusedElaboratable, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from support.streaming import simulate_bench

from hw_trigger.rtl.memories import BankedMemory, constant_table, rom

PAIRS = [
    (writes, reads) for writes in range(1, 7) for reads in range(1, 7) if max(writes, reads) % min(writes, reads) == 0
]


@pytest.mark.parametrize(("writes", "reads"), PAIRS)
@pytest.mark.parametrize("entries", [1, 3])
def test_words_come_back_in_whatever_batches(writes: int, reads: int, entries: int) -> None:
    """A vector that no batch divides, in every entry; each is written again while the others stay."""
    units, width, fields = 7, 6, 2
    rng = np.random.default_rng(writes * 10 + reads)
    block = BankedMemory(width, units, writes=writes, reads=reads, entries=entries, fields=fields)
    kept = np.zeros((entries, math.ceil(units / max(writes, reads)) * max(writes, reads)), np.int64)

    async def bench(ctx: Any) -> None:
        for _ in range(2):
            for entry in range(entries):
                for batch in range(math.ceil(units / writes)):
                    words = rng.integers(0, 1 << width, writes)
                    enable = int(rng.integers(1 << fields)) if kept[entry].any() else 3
                    ctx.set(block.write_enable, enable)
                    ctx.set(block.write_entry, entry)
                    ctx.set(block.write_batch, batch)
                    ctx.set(block.write_data, joined(words, width))
                    place = slice(batch * writes, (batch + 1) * writes)
                    mask = (7 if enable & 1 else 0) | (56 if enable & 2 else 0)
                    kept[entry, place] = kept[entry, place] & ~mask | words & mask
                    await ctx.tick()
            ctx.set(block.write_enable, 0)
            for entry in range(entries):
                for batch in range(math.ceil(units / reads)):
                    ctx.set(block.read_entry, entry)
                    ctx.set(block.read_batch, batch)
                    found = ctx.get(block.read_data)
                    count = min(reads, units - batch * reads)
                    wanted = kept[entry, batch * reads : batch * reads + count]
                    assert [found >> width * place & 63 for place in range(count)] == wanted.tolist()

    simulate_bench(block, bench)


def joined(words: Any, width: int) -> int:
    return sum(int(word) << width * place for place, word in enumerate(words))


def test_a_write_counts_from_the_next_cycle() -> None:
    block = BankedMemory(4, 4, writes=1, reads=2, entries=2)

    async def bench(ctx: Any) -> None:
        ctx.set(block.write_enable, 1)
        ctx.set(block.write_data, 9)
        assert ctx.get(block.read_data) == 0
        await ctx.tick()
        assert ctx.get(block.read_data) == 9

    simulate_bench(block, bench)


def test_batches_that_share_no_banks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)  # what could not be made is not used
        with pytest.raises(RuntimeError, match=r"^2 words a write and 3 a read do not share banks$"):
            BankedMemory(4, 6, writes=2, reads=3, entries=1)
        gc.collect()


class Constants(wiring.Component):
    """The same constants as logic, and read from memory a cycle later."""

    def __init__(self, words: list[int]) -> None:
        self.words = words
        super().__init__({"index": In(4), "logic": Out(signed(5)), "stored": Out(unsigned(5))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = rom(self.words, 5)
        read = memory.read_port()
        index = Signal(range(max(2, len(self.words))))
        m.d.comb += [
            index.eq(self.index),
            self.logic.eq(constant_table(self.words, signed(5), index)),
            read.addr.eq(index),
            self.stored.eq(read.data),
        ]
        return m


@pytest.mark.parametrize("words", [[-3], [4, -16, 15], list(range(-8, 8))])
def test_constants(words: list[int]) -> None:
    block = Constants(words)

    async def bench(ctx: Any) -> None:
        for index, word in enumerate(words):
            ctx.set(block.index, index)
            assert ctx.get(block.logic) == word
            await ctx.tick()
            assert ctx.get(block.stored) == word & 31

    simulate_bench(block, bench)


@pytest.mark.parametrize(("count", "style"), [(64, "logic"), (65, "block")])
def test_deep_constants_are_in_block_ram(count: int, style: str) -> None:
    memory = rom([0] * count, 3)
    simulate_bench(memory, _nothing, clock=False)
    assert memory.attrs["rom_style"] == style


async def _nothing(ctx: Any) -> None:
    await ctx.delay(1e-6)
