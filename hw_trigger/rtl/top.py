"""The top module: scaling, layers and trigger behind AXI4-Stream ports, and the registers."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, ClockDomain, Elaboratable, Module, ResetInserter, Shape, Signal, Value
from amaranth.hdl._ir import PortDirection
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.layers import Dense, Lstm
from hw_trigger.fixedpoint.triggers import Comparison
from hw_trigger.rtl.arithmetic import extended
from hw_trigger.rtl.dense import DenseEngine
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.flow import Buffer, Fork
from hw_trigger.rtl.interface import padded
from hw_trigger.rtl.lstm import LstmEngine
from hw_trigger.rtl.registers import RegisterBlock, axi_lite_signature
from hw_trigger.rtl.scaling import Scaler
from hw_trigger.rtl.streams import Position, vector
from hw_trigger.rtl.triggers import trigger_block
from hw_trigger.rtl.triggers.common import decision_layout
from hw_trigger.rtl.verilog import to_verilog

SLACK = 16
"""Samples that the way of x to the trigger holds beyond whole windows: those that layers have taken and not yet used."""


class Core(wiring.Component):
    """The program's own data path; streams `input` (raw samples), `output` and `decision`, as the design has them."""

    def __init__(self, design: Design) -> None:
        self.design = design
        program, channels = design.program, design.schedule.channels
        ports: dict[str, Any] = {"input": In(stream.Signature(vector(program.raw, program.n_features)))}
        if design.has_output:
            ports["output"] = Out(stream.Signature(vector(program.output, program.output_shape[-1])))
        if program.trigger is not None:
            ports["thresholds"] = In(vector(program.trigger.score, channels))
            ports["decision"] = Out(stream.Signature(decision_layout(program.trigger, channels)))
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        program, members = self.design.program, self.design.members
        data: Any = wiring.flipped(self.input)
        if program.scaling is not None:
            scalings = tuple(member.scaling for member in members if member.scaling is not None)
            m.submodules[program.scaling.name] = scaler = Scaler(scalings, self.design.schedule.channels)
            wiring.connect(m, data, scaler.input)
            data = scaler.output
        x: Any = None
        if isinstance(program.trigger, Comparison):
            data, x = self._fork(m, "fork_x", data, program.input, program.n_features)
        source = program.input
        for number, layer in enumerate(program.layers):
            m.submodules[layer.name] = engine = self._engine(number, source)
            wiring.connect(m, data, engine.input)
            data, source = engine.output, layer.output
        self._finish(m, data, x)
        return m

    def _engine(self, number: int, source: Format) -> LstmEngine | DenseEngine:
        schedule = self.design.schedule
        layers = [member.layers[number] for member in self.design.members]
        lstms = tuple(layer for layer in layers if isinstance(layer, Lstm))
        if lstms:
            return LstmEngine(lstms, source, schedule.timing(lstms[0]), pack=schedule.pack)
        denses = tuple(layer for layer in layers if isinstance(layer, Dense))
        return DenseEngine(denses, source, schedule.product(denses[0]), pack=schedule.pack)

    def _fork(self, m: Module, name: str, data: Any, number_format: Format, count: int) -> tuple[Any, Any]:
        m.submodules[name] = fork = Fork(vector(number_format, count), 2)
        wiring.connect(m, data, fork.input)
        first, second = fork.outputs()
        return first, second

    def _finish(self, m: Module, data: Any, x: Any) -> None:
        """Connect what the network puts out with the port and the trigger."""
        program, design = self.design.program, self.design
        if program.trigger is None:
            wiring.connect(m, data, wiring.flipped(self.output))
            return
        if design.has_output:
            data, copy = self._fork(m, "fork_output", data, program.output, program.output_shape[-1])
            wiring.connect(m, copy, wiring.flipped(self.output))
        triggers = tuple(member.trigger for member in design.members if member.trigger is not None)
        m.submodules[program.trigger.name] = trigger = trigger_block(triggers, design.schedule.channels)
        wiring.connect(m, data, trigger.output)
        if x is not None:
            layout = vector(program.input, program.n_features)
            m.submodules.x_buffer = buffer = Buffer(layout, x_depth(design))
            wiring.connect(m, x, buffer.input)
            wiring.connect(m, buffer.output, trigger.x)
        wiring.connect(m, trigger.decision, wiring.flipped(self.decision))
        m.d.comb += trigger.thresholds.eq(self.thresholds)


def x_depth(design: Design) -> int:
    """Return the samples that x waits for the trigger: a window for each layer that must have seen all of it, and the one beyond."""
    program = design.program
    whole = sum(isinstance(layer, Lstm) and not layer.return_sequence for layer in program.layers)
    return design.schedule.channels * program.steps * (1 + whole) + SLACK


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
        m = Module()
        m.domains.sync = self.clock
        m.d.comb += self.clock.rst.eq(~self.aresetn)
        m.submodules.registers = registers = self.registers
        self._connect_bus(m)
        core = Core(self.design)
        reset = registers.soft_reset
        m.submodules.core = ResetInserter(reset)(core)
        status = Module()
        self._connect_input(m, status, core)
        sent = self._connect_outputs(m, status, core)
        # Windows that have begun and whose result is not sent, of all channels.
        begun = core.input.valid & core.input.ready & self._first_step
        open_windows = Signal(16)
        status.d.sync += open_windows.eq(open_windows + begun - sent)
        m.d.comb += registers.busy.eq(open_windows != 0)
        m.submodules.status = ResetInserter(reset)(status)
        return m

    def _connect_bus(self, m: Module) -> None:
        for name, member in axi_lite_signature().members.items():
            port, value = self.s_axi[name], getattr(self.registers.bus, name)
            # Out is what comes from whoever sends requests.
            m.d.comb += value.eq(port) if member.flow is Out else port.eq(value)

    def _connect_input(self, m: Module, status: Module, core: Core) -> None:
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

    def _connect_outputs(self, m: Module, status: Module, core: Core) -> Value:
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
