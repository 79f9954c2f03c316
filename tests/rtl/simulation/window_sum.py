"""A small design with the ports of every design: the sum of a window against a threshold. It can be made to break the rules.

It puts out each sample's features negated, and, of each window and channel, the sum of all features, which the trigger compares
with the threshold. A sample takes `work` cycles. A write to the register :data:`FAULT` makes it faulty.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from amaranth.hdl import Array, Cat, ClockDomain, Const, Module, Mux, ResetSignal, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.interface import IDENTIFICATION, Interface, Register, padded
from hw_trigger.rtl.verilog import to_verilog

RAW, OUTPUT, SCORE = Format(10, 4), Format(11, 5), Format(30, 24)

FAULT = 0x80
"""Address of the register that takes the index of a fault."""

FAULTS = (
    "none",
    "falls",  # VALID of the result falls before READY
    "changes",  # the score changes before READY
    "early",  # the result comes two samples before its window's last
    "twice",  # every result comes twice
    "hangs",  # no result comes
    "unfinished",  # no TLAST on vectors
    "anonymous",  # no TID on results
    "keeps",  # the sum survives a reset
    "wide",  # the score is outside its format
    "unasked",  # responses to writes come before what is written
)


def interface_of(
    *, steps: int = 5, features: int = 3, channels: int = 1, has_output: bool = True, has_score: bool = True
) -> Interface:
    score = SCORE if has_score else None
    return Interface("window_sum", steps, features, channels, RAW, OUTPUT, steps, features, has_output, score)


def expected(windows: Codes, threshold: int) -> tuple[Codes, Any, Codes]:
    """Scores, triggers and outputs of windows ``(..., n, steps, features)``."""
    scores = windows.sum(axis=(-1, -2))
    return scores, scores > threshold, -windows


class WindowSum(wiring.Component):
    """The design."""

    def __init__(self, interface: Interface, threshold: int, work: int) -> None:
        self.interface, self.threshold, self.work = interface, threshold, work
        self.fault = Signal(8, reset_less=True)
        ports: dict[str, Any] = {"aclk": In(1), "aresetn": In(1)}
        ports |= _channel(In, "s_axis_t", {"data": interface.input_bits, "last": 1})
        if interface.score is not None:
            identity = {"id": interface.channel_bits} if interface.channels > 1 else {}
            ports |= _channel(Out, "m_axis_t", {"data": interface.score_bits, "last": 1, "user": 1, **identity})
        if interface.has_output:
            ports |= _channel(Out, "m_axis_output_t", {"data": interface.output_bits, "last": 1})
        for letters, payload in (("aw", {"addr": 8}), ("w", {"data": 32, "strb": 4}), ("ar", {"addr": 8})):
            ports |= _channel(In, f"s_axi_{letters}", payload)
        ports |= _channel(Out, "s_axi_b", {"resp": 2}) | _channel(Out, "s_axi_r", {"data": 32, "resp": 2})
        super().__init__(ports)

    def elaborate(self, _: object) -> Module:
        m = Module()
        m.domains += (domain := ClockDomain("sync", local=True))
        m.d.comb += [domain.clk.eq(self.aclk), domain.rst.eq(~self.aresetn)]
        soft, threshold, samples, framing = self.registers(m)
        shape = self.interface
        step, channel, waited = Signal(range(shape.steps)), Signal(range(shape.channels)), Signal(range(self.work))
        sums = Array([Signal(signed(30), name=f"sum_{k}", reset_less=True) for k in range(shape.channels)])
        width = padded(RAW.width)
        features = [self.s_axis_tdata[k * width :][: RAW.width].as_signed() for k in range(shape.n_features)]
        last, total = step == shape.steps - 1, Signal(signed(30))
        m.d.comb += total.eq(sum(features, sums[channel]))
        free = waited == self.work - 1
        if shape.score is not None:
            free = free & (~self.m_axis_tvalid | self.m_axis_tready)
            again = Signal()
            m.d.sync += again.eq(self.m_axis_tvalid & self.m_axis_tready & ~again)
            with m.If((self.m_axis_tready & ~(self.has("twice") & ~again)) | self.has("falls")):
                m.d.sync += self.m_axis_tvalid.eq(0)
            with m.If(self.has("changes")):
                m.d.sync += self.m_axis_tdata.eq(self.m_axis_tdata + 1)
        if shape.has_output:
            free = free & (~self.m_axis_output_tvalid | self.m_axis_output_tready)
            with m.If(self.m_axis_output_tready):
                m.d.sync += self.m_axis_output_tvalid.eq(0)
        m.d.comb += self.s_axis_tready.eq(free & ~soft)
        with m.If(~free & (waited < self.work - 1)):
            m.d.sync += waited.eq(waited + 1)
        with m.If(self.s_axis_tvalid & self.s_axis_tready):
            m.d.sync += [waited.eq(0), sums[channel].eq(Mux(last, 0, total)), samples.eq(samples + 1)]
            m.d.sync += framing.eq(framing | (self.s_axis_tlast != last))
            with m.If(channel == shape.channels - 1):
                m.d.sync += [channel.eq(0), step.eq(Mux(last, 0, step + 1))]
            with m.Else():
                m.d.sync += channel.eq(channel + 1)
            if shape.has_output:
                size = padded(OUTPUT.width)
                m.d.sync += [
                    self.m_axis_output_tvalid.eq(1),
                    self.m_axis_output_tlast.eq(last & ~self.has("unfinished")),
                    *(self.m_axis_output_tdata[k * size :][:size].eq(-x) for k, x in enumerate(features)),
                ]
            if shape.score is not None:
                with m.If(Mux(self.has("early"), step == shape.steps - 3, last)):
                    m.d.sync += [
                        self.m_axis_tvalid.eq(~self.has("hangs")),
                        self.m_axis_tlast.eq(1),
                        self.m_axis_tdata.eq(Mux(self.has("wide"), 1 << 30, total)),
                        self.m_axis_tuser.eq(total > threshold),
                    ]
                    if shape.channels > 1:
                        m.d.sync += self.m_axis_tid.eq(Mux(self.has("anonymous"), 0, channel))
        with m.If(soft):
            m.d.sync += [step.eq(0), channel.eq(0), waited.eq(0), samples.eq(0), framing.eq(0)]
            for name in ("m_axis_tvalid", "m_axis_output_tvalid"):
                if hasattr(self, name):
                    m.d.sync += getattr(self, name).eq(0)
        with m.If((soft | ResetSignal()) & ~self.has("keeps")):
            m.d.sync += [each.eq(0) for each in sums]
        return m

    def has(self, fault: str) -> Any:
        return self.fault == FAULTS.index(fault)

    def registers(self, m: Module) -> tuple[Signal, Signal, Signal, Signal]:
        """ID, CONTROL, STATUS (framing), the threshold and SAMPLES; return the soft reset, the threshold, and what is read."""
        soft, low, samples, framing = Signal(), Signal(32), Signal(32), Signal()
        threshold = Signal(signed(64), init=self.threshold)
        address, data, write, got = Signal(8), Signal(32), Signal(), Signal(2)
        m.d.comb += [
            self.s_axi_awready.eq(~got[0]),
            self.s_axi_wready.eq(~got[1]),
            write.eq(got.all() & ~self.s_axi_bvalid),
        ]
        with m.If(self.s_axi_awvalid & self.s_axi_awready):
            m.d.sync += [address.eq(self.s_axi_awaddr), got[0].eq(1)]
        with m.If(self.s_axi_wvalid & self.s_axi_wready):
            m.d.sync += [data.eq(self.s_axi_wdata), got[1].eq(1)]
        m.d.sync += soft.eq(0)
        with m.If(write):
            m.d.sync += [self.s_axi_bvalid.eq(1), got.eq(0)]
            with m.Switch(address):
                with m.Case(Register.CONTROL):
                    m.d.sync += soft.eq(data[0])
                with m.Case(Register.THRESHOLD_LOW):
                    m.d.sync += low.eq(data)
                with m.Case(Register.THRESHOLD_HIGH):
                    m.d.sync += threshold.eq(Cat(low, data))
                with m.Case(FAULT):
                    m.d.sync += self.fault.eq(data)
        with m.If(self.s_axi_bvalid & self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)
        with m.If(self.has("unasked") & self.s_axi_awvalid):
            m.d.sync += self.s_axi_bvalid.eq(1)
        m.d.comb += self.s_axi_arready.eq(~self.s_axi_rvalid)
        with m.If(self.s_axi_arvalid & self.s_axi_arready):
            read = Signal(32)
            values = {Register.ID: Const(IDENTIFICATION, 32), Register.STATUS: framing << 1, Register.SAMPLES: samples}
            values |= {Register.THRESHOLD_LOW: threshold[:32], Register.THRESHOLD_HIGH: threshold[32:]}
            with m.Switch(self.s_axi_araddr):
                for where, value in values.items():
                    with m.Case(where):
                        m.d.comb += read.eq(value)
            m.d.sync += [self.s_axi_rvalid.eq(1), self.s_axi_rdata.eq(read)]
        with m.If(self.s_axi_rvalid & self.s_axi_rready):
            m.d.sync += self.s_axi_rvalid.eq(0)
        return soft, threshold, samples, framing


def _channel(direction: Any, prefix: str, payload: dict[str, int]) -> dict[str, Any]:
    """Ports of one AXI channel: the payload's, VALID and READY."""
    other = In if direction is Out else Out
    ports = {f"{prefix}{name}": direction(width) for name, width in payload.items()}
    return ports | {f"{prefix}valid": direction(1), f"{prefix}ready": other(1)}


def verilog(interface: Interface, *, threshold: int = 100, work: int = 1) -> str:
    """The design's Verilog."""
    return _verilog(interface, threshold, work)


@lru_cache
def _verilog(interface: Interface, threshold: int, work: int) -> str:
    return to_verilog(WindowSum(interface, threshold, work), interface.name)
