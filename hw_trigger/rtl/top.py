"""The top module: scaling, layers and trigger behind AXI4-Stream ports, and the registers."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, Elaboratable, Module, ResetInserter, Shape, Signal, Value
from amaranth.hdl._ir import PortDirection
from amaranth.lib.wiring import Out

from hw_trigger.rtl.arithmetic import extended
from hw_trigger.rtl.datapath import Datapath
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.interface import padded
from hw_trigger.rtl.registers import RegisterBlock, axi_lite_signature
from hw_trigger.rtl.streams import Position
from hw_trigger.rtl.verilog import to_verilog


class Top(Elaboratable):
    """The top module; `ports` are its ports by name."""

    def __init__(self, design: Design) -> None:
        self.design = design
        interface = design.interface
        self.clock = ClockDomain("sync")
        self.ports: dict[str, tuple[Value, PortDirection]] = {"aclk": (self.clock.clk, PortDirection.Input)}
        self.aresetn = self._input("aresetn", 1)
        self.s_axis = self._stream("s_axis", interface.input_bits, outward=False)
        if interface.score is not None:
            self.m_axis = self._stream("m_axis", interface.score_bits, outward=True)
            self.m_axis["tuser"] = self._output("m_axis_tuser", 1)
            if interface.channels > 1:
                self.m_axis["tid"] = self._output("m_axis_tid", interface.channel_bits)
        if interface.has_output:
            self.m_axis_output = self._stream("m_axis_output", interface.output_bits, outward=True)
        thresholds = tuple(member.trigger.threshold for member in design.members if member.trigger is not None)
        self.registers = RegisterBlock(interface, thresholds or (0,))
        self.s_axi = {
            name: (self._input if member.flow is Out else self._output)(f"s_axi_{name}", Shape.cast(member.shape).width)
            for name, member in axi_lite_signature().members.items()
        }

    def verilog(self) -> str:
        """Return the Verilog of the design, the top module last."""
        return to_verilog(self, self.design.name, self.ports)

    def _input(self, name: str, width: int) -> Signal:
        signal = Signal(width, name=name)
        self.ports[name] = (signal, PortDirection.Input)
        return signal

    def _output(self, name: str, width: int) -> Signal:
        signal = Signal(width, name=name)
        self.ports[name] = (signal, PortDirection.Output)
        return signal

    def _stream(self, name: str, bits: int, *, outward: bool) -> dict[str, Signal]:
        give, take = (self._output, self._input) if outward else (self._input, self._output)
        return {
            "tdata": give(f"{name}_tdata", bits),
            "tvalid": give(f"{name}_tvalid", 1),
            "tlast": give(f"{name}_tlast", 1),
            "tready": take(f"{name}_tready", 1),
        }

    def elaborate(self, _platform: object) -> Module:
        """Build the parts and connect them to the ports."""
        m = Module()
        m.domains.sync = self.clock
        m.d.comb += self.clock.rst.eq(~self.aresetn)
        m.submodules.registers = registers = self.registers
        self._connect_bus(m)
        reset = registers.soft_reset
        core = Datapath(m, self.design, reset)
        status = Module()
        self._connect_input(m, status, core)
        sent = self._connect_outputs(m, status, core)
        # Windows that have begun and whose result is not sent, of all channels.
        # They are counted a cycle later: what moves a stream is known late in a cycle.
        begun, ended, open_windows = Signal(), Signal(), Signal(16)
        status.d.sync += [
            begun.eq(core.input.valid & core.input.ready & self._first_step),
            ended.eq(sent),
            open_windows.eq(open_windows + begun - ended),
        ]
        m.d.comb += registers.busy.eq(open_windows != 0)
        m.submodules.status = ResetInserter(reset)(status)
        return m

    def _connect_bus(self, m: Module) -> None:
        for name, member in axi_lite_signature().members.items():
            port, value = self.s_axi[name], getattr(self.registers.bus, name)
            # Out is what comes from whoever sends requests.
            m.d.comb += value.eq(port) if member.flow is Out else port.eq(value)

    def _connect_input(self, m: Module, status: Module, core: Datapath) -> None:
        """Take samples, unless the design is being reset, and see that the end of a window is where it should be."""
        design, registers, port = self.design, self.registers, self.s_axis
        program = design.program
        width, stride = program.raw.width, padded(program.raw.width)
        open_ = self.aresetn & ~registers.soft_reset
        for feature in range(program.n_features):
            m.d.comb += core.input.payload[feature].eq(port["tdata"][feature * stride :][:width])
        takes = Signal(name="sample_taken")
        m.d.comb += [
            core.input.valid.eq(port["tvalid"] & open_),
            port["tready"].eq(core.input.ready & open_),
            takes.eq(port["tvalid"] & port["tready"]),
            registers.sample.eq(takes),
            registers.stall.eq(port["tvalid"] & ~port["tready"]),
        ]
        status.submodules.position = position = Position(program.steps, design.schedule.channels)
        framing = Signal()
        status.d.comb += position.advance.eq(takes)
        with status.If(takes & (port["tlast"] != position.last)):
            status.d.sync += framing.eq(1)
        m.d.comb += registers.framing.eq(framing)
        self._first_step = position.first

    def _connect_outputs(self, m: Module, status: Module, core: Datapath) -> Value:
        """Give results, and return whether a window's is sent in this cycle."""
        design, registers, interface = self.design, self.registers, self.design.interface
        sent: Value = Signal(name="result_sent")
        if interface.has_output:
            port, output = self.m_axis_output, core.output
            stride = padded(interface.output.width)
            words = [extended(output.payload[place], stride) for place in range(interface.n_outputs)]
            status.submodules.output_position = position = Position(interface.output_vectors, interface.channels)
            moved = port["tvalid"] & port["tready"]
            status.d.comb += position.advance.eq(moved)
            m.d.comb += [
                port["tdata"].eq(Cat(words)),
                port["tvalid"].eq(output.valid),
                port["tlast"].eq(position.last),
                output.ready.eq(port["tready"]),
            ]
            if interface.score is None:
                m.d.comb += sent.eq(moved & position.last)
        if interface.score is not None:
            port, decision = self.m_axis, core.decision
            m.d.comb += [
                port["tdata"].eq(extended(decision.payload.score, interface.score_bits)),
                port["tuser"].eq(decision.payload.trigger),
                port["tvalid"].eq(decision.valid),
                port["tlast"].eq(1),
                decision.ready.eq(port["tready"]),
                sent.eq(port["tvalid"] & port["tready"]),
                registers.result_trigger.eq(decision.payload.trigger),
                core.thresholds.eq(registers.thresholds),
            ]
            if interface.channels > 1:
                m.d.comb += port["tid"].eq(decision.payload.channel)
        m.d.comb += registers.result.eq(sent)
        _ = design
        return sent
