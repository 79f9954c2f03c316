"""The AXI4-Lite register block of a design: thresholds, soft reset, status, counters.

Addresses are those of :class:`hw_trigger.rtl.interface.Register`; their last two bits are ignored, as every register is a word.
What the bus leaves open: unknown addresses read 0 and ignore writes, every response is OKAY, and bytes whose strobe is 0 keep
what the register reads. Source of the protocol: ARM IHI 0022, "AMBA AXI and ACE Protocol Specification", AXI4-Lite.
"""

from __future__ import annotations

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.rtl.arithmetic import overflow
from hw_trigger.rtl.interface import ADDRESS_WIDTH, IDENTIFICATION, Interface, Register
from hw_trigger.rtl.streams import index, vector

WORD = 32
"""Bits of a register."""

SOFT_RESET_CYCLES = 4
"""Cycles in which ``soft_reset`` is 1 after a write of CONTROL."""


def axi_lite_signature() -> wiring.Signature:
    """Return the AXI4-Lite ports of 32 bits, as whoever sends requests sees them."""
    return wiring.Signature(
        {
            "awaddr": Out(ADDRESS_WIDTH),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(WORD),
            "wstrb": Out(WORD // 8),
            "wvalid": Out(1),
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(ADDRESS_WIDTH),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(WORD),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


class RegisterBlock(wiring.Component):
    """The registers. A soft reset is of everything but this block; what it resets of itself are the counters and CHANNEL.

    Ports
    -----
    bus
        AXI4-Lite; one write and one read at a time.
    result, result_trigger
        1 in the cycle in which a result is sent, and its trigger bit.
    sample, stall
        1 in a cycle in which a sample is taken, or is offered and not taken.
    busy, framing
        The bits of STATUS.
    soft_reset
        1 for :data:`SOFT_RESET_CYCLES` cycles behind a write of CONTROL.
    thresholds
        A code of the score's format for each channel; only where the design has a trigger.

    Parameters
    ----------
    interface
        Of the design.
    thresholds
        What the channels' thresholds are after a reset; one, or one for each channel, for channel k ``thresholds[k % len]``.
        What is written later and is outside the score's range becomes the nearest code in it, and reads so.
    """

    def __init__(self, interface: Interface, thresholds: tuple[int, ...]) -> None:
        self.interface = interface
        ports = {"bus": In(axi_lite_signature()), "soft_reset": Out(1)}
        ports |= {name: In(1) for name in ("result", "result_trigger", "sample", "stall", "busy", "framing")}
        if interface.score is not None:
            initial = [thresholds[k % len(thresholds)] for k in range(interface.channels)]
            ports["thresholds"] = Out(vector(interface.score, interface.channels), init=initial)
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        """Build the bus's two halves, and the registers behind them."""
        m = Module()
        readable = {
            Register.ID: Const(IDENTIFICATION, WORD),
            Register.STATUS: Cat(self.busy, self.framing),
            Register.STEPS: Const(self.interface.steps, WORD),
            Register.CHANNELS: Const(self.interface.channels, WORD),
        }
        write = _Write(m, self.bus)
        # It comes out of a register, as the whole design hangs on it.
        remaining = Signal(range(SOFT_RESET_CYCLES))
        with m.If(write.to(Register.CONTROL) & write.strobes[0] & write.word[0]):
            m.d.sync += [self.soft_reset.eq(1), remaining.eq(SOFT_RESET_CYCLES - 1)]
        with m.Elif(remaining != 0):
            m.d.sync += remaining.eq(remaining - 1)
        with m.Else():
            m.d.sync += self.soft_reset.eq(0)
        self._count(m, readable)
        self._choose_channel(m, readable, write)
        self._read(m, readable)
        return m

    def _count(self, m: Module, readable: dict[Register, Value]) -> None:
        """Count what the pulses tell; the counters wrap."""
        pulses = {
            Register.WINDOWS: self.result,
            Register.TRIGGERS: self.result & self.result_trigger,
            Register.SAMPLES: self.sample,
            Register.STALLS: self.stall,
        }
        for register, pulse in pulses.items():
            readable[register] = counter = Signal(WORD, name=register.name.lower())
            with m.If(self.soft_reset):
                m.d.sync += counter.eq(0)
            with m.Elif(pulse):
                m.d.sync += counter.eq(counter + 1)

    def _choose_channel(self, m: Module, readable: dict[Register, Value], write: _Write) -> None:
        """Keep CHANNEL, which no write makes a channel that there is not, and the thresholds behind it."""
        channel = Signal(index(self.interface.channels))
        readable[Register.CHANNEL] = channel
        wanted = write.over(channel)
        with m.If(self.soft_reset):
            m.d.sync += channel.eq(0)
        with m.Elif(write.to(Register.CHANNEL) & (wanted < self.interface.channels)):
            m.d.sync += channel.eq(wanted)
        score = self.interface.score
        if score is not None:
            self._keep_thresholds(m, readable, write, channel, score)

    def _keep_thresholds(
        self, m: Module, readable: dict[Register, Value], write: _Write, channel: Value, score: Format
    ) -> None:
        """Keep the thresholds: a low word is held until a high one comes, and both count together."""
        code = Signal(2 * WORD)
        m.d.comb += code.eq(self.thresholds[channel])  # extends the sign
        low, high = code[:WORD], code[WORD:]
        readable |= {Register.THRESHOLD_LOW: low, Register.THRESHOLD_HIGH: high}
        held, holds = Signal(WORD), Signal()
        low = Mux(holds, held, low)
        with m.If(write.to(Register.THRESHOLD_LOW)):
            m.d.sync += [held.eq(write.over(low)), holds.eq(1)]
        with m.If(write.to(Register.THRESHOLD_HIGH)):
            written = Cat(low, write.over(high)).as_signed()
            nearest = overflow(written, replace(score, overflow=Overflow.SAT))
            m.d.sync += [self.thresholds[channel].eq(nearest), holds.eq(0)]
        with m.If(write.to(Register.CHANNEL)):
            m.d.sync += holds.eq(0)

    def _read(self, m: Module, readable: dict[Register, Value]) -> None:
        """Answer one read at a time."""
        bus = self.bus
        m.d.comb += [bus.arready.eq(~bus.rvalid), bus.rresp.eq(0)]
        with m.If(~bus.rvalid & bus.arvalid):
            m.d.sync += [bus.rvalid.eq(1), bus.rdata.eq(0)]
            with m.Switch(bus.araddr[2:]):
                for register, word in readable.items():
                    with m.Case(register >> 2):
                        m.d.sync += bus.rdata.eq(word)
        with m.Elif(bus.rready):
            m.d.sync += bus.rvalid.eq(0)


class _Write:
    """The writing half of the bus: address and word come in any order, and a write is done when both are there."""

    def __init__(self, m: Module, bus: wiring.PureInterface) -> None:
        self._address, self._done = Signal(ADDRESS_WIDTH), Signal()
        self.word, self.strobes = Signal(WORD), Signal(WORD // 8)
        addressed, filled = Signal(), Signal()
        m.d.comb += [
            bus.awready.eq(~addressed),
            bus.wready.eq(~filled),
            bus.bresp.eq(0),
            self._done.eq(addressed & filled & ~bus.bvalid),
        ]
        with m.If(bus.awvalid & ~addressed):
            m.d.sync += [self._address.eq(bus.awaddr), addressed.eq(1)]
        with m.If(bus.wvalid & ~filled):
            m.d.sync += [self.word.eq(bus.wdata), self.strobes.eq(bus.wstrb), filled.eq(1)]
        with m.If(self._done):
            m.d.sync += [addressed.eq(0), filled.eq(0), bus.bvalid.eq(1)]
        with m.Elif(bus.bready):
            m.d.sync += bus.bvalid.eq(0)

    def to(self, register: Register) -> Value:
        """Return whether a write of the register is done in this cycle."""
        return self._done & (self._address[2:] == register >> 2)

    def over(self, old: Value) -> Value:
        """Return a register's word after the write: bytes whose strobe is 0 stay as they are."""
        old_word = Cat(old, Const(0, WORD))[:WORD]
        return Cat(
            Mux(self.strobes[k], self.word.word_select(k, 8), old_word.word_select(k, 8)) for k in range(WORD // 8)
        )
