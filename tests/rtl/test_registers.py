"""The register block, driven over AXI4-Lite with random stalls on all its channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from support.streaming import simulate_bench

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl.interface import IDENTIFICATION, Interface, Register
from hw_trigger.rtl.registers import SOFT_RESET_CYCLES, RegisterBlock

SIGNED, UNSIGNED = Format(10, 4), Format(40, 20, False)


def interface(score: Format | None = SIGNED, channels: int = 1) -> Interface:
    x = Format(8, 2)
    return Interface("top", 7, 2, channels, x, x, 7, 2, score is None, score)


@dataclass
class Bus:
    """The other side of the bus; every channel pauses at random, address and word in any order."""

    ctx: Any
    port: Any
    stall: float = 0.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    async def _transfer(self, channels: dict[str, dict[str, int]], answer: str) -> int:
        """Send what each channel carries, then wait for the answer's channel; return its data."""
        ctx, port = self.ctx, self.port
        pending, offered = dict(channels), set[str]()
        while True:
            for name, values in pending.items():
                if name in offered or self.rng.random() >= self.stall:
                    offered.add(name)
                    ctx.set(getattr(port, f"{name}valid"), 1)
                    for signal, value in values.items():
                        ctx.set(getattr(port, signal), value)
            ready = int(self.rng.random() >= self.stall)
            ctx.set(getattr(port, f"{answer}ready"), ready)
            sent = [name for name in offered if ctx.get(getattr(port, f"{name}ready"))]
            answered = ready and ctx.get(getattr(port, f"{answer}valid"))
            result = ctx.get(port.rdata) if answer == "r" else 0
            assert ctx.get(getattr(port, f"{answer}resp")) == 0
            assert not (answered and pending), "an answer came before the request"
            await ctx.tick()
            for name in sent:
                ctx.set(getattr(port, f"{name}valid"), 0)
                offered.discard(name)
                del pending[name]
            if answered:
                ctx.set(getattr(port, f"{answer}ready"), 0)
                return int(result)

    async def write(self, address: int, word: int, strobes: int = 15) -> None:
        channels = {"aw": {"awaddr": address}, "w": {"wdata": word & 0xFFFFFFFF, "wstrb": strobes}}
        await self._transfer(channels, "b")

    async def read(self, address: int) -> int:
        return await self._transfer({"ar": {"araddr": address}}, "r")

    async def threshold(self) -> int:
        """Read the chosen channel's threshold, a number of 64 bits in two's complement."""
        low, high = [await self.read(address) for address in (Register.THRESHOLD_LOW, Register.THRESHOLD_HIGH)]
        return low | (high - ((high >> 31) << 32)) << 32

    async def set_threshold(self, code: int) -> None:
        await self.write(Register.THRESHOLD_LOW, code)
        await self.write(Register.THRESHOLD_HIGH, code >> 32)


def drive(block: RegisterBlock, bench: Callable[[Bus], Awaitable[None]], stall: float = 0.0) -> None:
    async def run(ctx: Any) -> None:
        await bench(Bus(ctx, block.bus, stall))

    simulate_bench(block, run)


@pytest.mark.parametrize("stall", [0.0, 0.5, 0.8])
def test_every_register_reads_what_it_says(stall: float) -> None:
    async def bench(bus: Bus) -> None:
        for _ in range(3):
            await bus.write(Register.CHANNEL, 2)
        expected = {
            Register.ID: IDENTIFICATION,
            Register.CONTROL: 0,
            Register.STATUS: 0,
            Register.THRESHOLD_LOW: 0xFFFFFFF4,
            Register.THRESHOLD_HIGH: 0xFFFFFFFF,
            Register.WINDOWS: 0,
            Register.TRIGGERS: 0,
            Register.SAMPLES: 0,
            Register.STALLS: 0,
            Register.STEPS: 7,
            Register.CHANNELS: 3,
            Register.CHANNEL: 2,
        }
        assert set(expected) == set(Register)
        words = {int(register): word for register, word in expected.items()}
        for address in range(0, 256, 4):
            assert await bus.read(address) == words.get(address, 0)

    drive(RegisterBlock(interface(channels=3), (5, 6, -12)), bench, stall)


@pytest.mark.parametrize("stall", [0.0, 0.6])
@pytest.mark.parametrize(("score", "codes"), [
    (SIGNED, {0: 0, -1: -1, 511: 511, -512: -512, 512: 511, -513: -512, 1 << 62: 511, -(1 << 63): -512, 1 << 32: 511}),
    (UNSIGNED, {0: 0, (1 << 40) - 1: (1 << 40) - 1, 1 << 40: (1 << 40) - 1, -1: 0, 0x12_3456_789A: 0x12_3456_789A}),
])  # fmt: skip
def test_a_threshold_is_written_in_two_words(score: Format, codes: dict[int, int], stall: float) -> None:
    block = RegisterBlock(interface(score, 2), (3,))

    async def bench(bus: Bus) -> None:
        await bus.write(Register.CHANNEL, 1)
        for written, effective in codes.items():
            await bus.set_threshold(written)
            assert await bus.threshold() == effective
            assert [bus.ctx.get(block.thresholds[k]) for k in range(2)] == [3, effective]
        # Channels that there are not are not chosen; what is chosen is another threshold.
        await bus.write(Register.CHANNEL, 2)
        assert await bus.read(Register.CHANNEL) == 1
        await bus.write(Register.CHANNEL, 0)
        assert await bus.threshold() == 3

    drive(block, bench, stall)


def test_a_low_word_waits_for_the_high_one() -> None:
    block = RegisterBlock(interface(UNSIGNED, 2), (0x11_2222_3333, 5))

    async def bench(bus: Bus) -> None:
        await bus.write(Register.THRESHOLD_LOW, 7)
        assert await bus.threshold() == 0x11_2222_3333
        await bus.write(Register.THRESHOLD_HIGH, 0x44)
        assert await bus.threshold() == 0x44_0000_0007
        # Without a low word, that in effect stays.
        await bus.write(Register.THRESHOLD_HIGH, 0x55)
        assert await bus.threshold() == 0x55_0000_0007
        # That in effect, not the one that was written last: here the score's greatest code.
        await bus.write(Register.THRESHOLD_LOW, 8)
        await bus.write(Register.THRESHOLD_HIGH, 0x100)
        await bus.write(Register.THRESHOLD_HIGH, 0x01)
        assert await bus.threshold() == 0x01_FFFF_FFFF
        # One that is held is of the channel that was chosen then.
        await bus.write(Register.THRESHOLD_LOW, 9)
        await bus.write(Register.CHANNEL, 1)
        await bus.write(Register.THRESHOLD_HIGH, 0x66)
        assert await bus.threshold() == 0x66_0000_0005

    drive(block, bench)


def test_bytes_without_a_strobe_stay() -> None:
    block = RegisterBlock(interface(UNSIGNED, 300), (0x11_2233_4455,))

    async def bench(bus: Bus) -> None:
        await bus.write(Register.THRESHOLD_LOW, 0xAABBCCDD, 0b0100)
        await bus.write(Register.THRESHOLD_LOW, 0xAABBCCDD, 0b0001)
        await bus.write(Register.THRESHOLD_HIGH, 0x77, 0b1110)
        assert await bus.threshold() == 0x11_22BB_44DD
        await bus.write(Register.CHANNEL, 0x0102, 0b0010)
        assert await bus.read(Register.CHANNEL) == 0x0100
        await bus.write(Register.CONTROL, 1, 0b1110)
        assert not bus.ctx.get(block.soft_reset)

    drive(block, bench)


def test_a_soft_reset_spares_the_thresholds() -> None:
    block = RegisterBlock(interface(channels=2), (5,))
    high: list[int] = []

    async def bench(bus: Bus) -> None:
        ctx = bus.ctx
        await bus.write(Register.CHANNEL, 1)
        await bus.set_threshold(-9)
        ctx.set(block.sample, 1)
        await ctx.tick()
        ctx.set(block.sample, 0)
        assert await bus.read(Register.SAMPLES) == 1
        await bus.write(Register.CONTROL, 0)
        assert not ctx.get(block.soft_reset)
        assert await bus.read(Register.SAMPLES) == 1
        await bus.write(Register.CONTROL, 1)
        for _ in range(2 * SOFT_RESET_CYCLES):
            await ctx.tick()
        assert await bus.read(Register.SAMPLES) == 0
        assert await bus.read(Register.CHANNEL) == 0
        assert await bus.threshold() == 5
        await bus.write(Register.CHANNEL, 1)
        assert await bus.threshold() == -9

    async def watch(ctx: Any) -> None:
        async for _, _, soft_reset in ctx.tick().sample(block.soft_reset):
            high.append(int(soft_reset))

    async def run(ctx: Any) -> None:
        await bench(Bus(ctx, block.bus))

    simulate_bench(block, run, watch)
    assert sum(high) == SOFT_RESET_CYCLES


def test_counters_count_cycles() -> None:
    block = RegisterBlock(interface(), (0,))
    rng = np.random.default_rng(4)
    names = ("result", "result_trigger", "sample", "stall")
    pulses = rng.integers(0, 2, (60, len(names)))

    async def bench(bus: Bus) -> None:
        ctx = bus.ctx
        for row in pulses.tolist():
            for name, value in zip(names, row, strict=True):
                ctx.set(getattr(block, name), value)
            await ctx.tick()
        for name in names:
            ctx.set(getattr(block, name), 0)
        result, fired, sample, stalled = pulses.T
        counts = {
            Register.WINDOWS: result.sum(),
            Register.TRIGGERS: (result & fired).sum(),
            Register.SAMPLES: sample.sum(),
            Register.STALLS: stalled.sum(),
        }
        for register, count in counts.items():
            assert await bus.read(register) == count
        for busy, framing in ((1, 0), (0, 1)):
            ctx.set(block.busy, busy)
            ctx.set(block.framing, framing)
            assert await bus.read(Register.STATUS) == busy + 2 * framing
        await bus.write(Register.SAMPLES, 99)
        assert await bus.read(Register.SAMPLES) == counts[Register.SAMPLES]

    drive(block, bench)


def test_a_design_without_a_trigger_has_no_thresholds() -> None:
    block = RegisterBlock(interface(None), ())

    async def bench(bus: Bus) -> None:
        await bus.set_threshold(5)
        assert await bus.threshold() == 0
        assert await bus.read(Register.STEPS) == 7

    drive(block, bench)
    assert not hasattr(block, "thresholds")
