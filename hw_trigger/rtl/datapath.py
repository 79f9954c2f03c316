"""The way of the data: scaling, layers and trigger, connected."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from amaranth.hdl import Module, ResetInserter, Value
from amaranth.lib import wiring

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.layers import Dense, Lstm
from hw_trigger.fixedpoint.triggers import Comparison
from hw_trigger.rtl.calculated import window_interval
from hw_trigger.rtl.dense import DenseEngine
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.flow import Buffer, Fork
from hw_trigger.rtl.latency import passage
from hw_trigger.rtl.lstm import LstmEngine
from hw_trigger.rtl.scaling import Scaler
from hw_trigger.rtl.streams import vector
from hw_trigger.rtl.triggers import trigger_block

SLACK = 16
"""Samples that the way of x to the trigger holds beyond whole windows: those that layers have taken and not yet used."""


class Datapath:
    """A program's blocks as submodules of a module, each with the program's name for it.

    Attributes
    ----------
    input, output, decision
        Streams: of raw samples, of what the network puts out, of decisions; ``None`` where the design has none.
    thresholds
        What decisions compare with, as ports of the trigger; ``None`` without one.
    """

    def __init__(self, m: Module, design: Design, reset: Value) -> None:
        self._m, self._design, self._reset = m, design, reset
        program, channels = design.program, design.schedule.channels
        self.output: Any = None
        self.decision: Any = None
        self.thresholds: Any = None
        first: Any = None
        data: Any = None
        if program.scaling is not None:
            scalings = tuple(member.scaling for member in design.members if member.scaling is not None)
            first = self._add(program.scaling.name, Scaler(scalings, channels))
            data = first.output
        x: Any = None
        if isinstance(program.trigger, Comparison):
            fork = self._fork("fork_x", program.input, program.n_features)
            first = self._connected(first, data, fork)
            data, x = fork.outputs()
        source = program.input
        for number, layer in enumerate(program.layers):
            engine = self._add(layer.name, self._engine(number, source))
            first = self._connected(first, data, engine)
            data, source = engine.output, layer.output
        self.input: Any = first.input
        self._finish(data, x)

    def _add(self, name: str, block: Any) -> Any:
        self._m.submodules[name] = ResetInserter(self._reset)(block)
        return block

    def _connected(self, first: Any, data: Any, block: Any) -> Any:
        """Connect a block with the stream before it; return the first block of all."""
        if first is None:
            return block
        wiring.connect(self._m, data, block.input)
        return first

    def _fork(self, name: str, number_format: Format, count: int) -> Fork:
        fork: Fork = self._add(name, Fork(vector(number_format, count), 2))
        return fork

    def _engine(self, number: int, source: Format) -> LstmEngine | DenseEngine:
        schedule = self._design.schedule
        layers = [member.layers[number] for member in self._design.members]
        lstms = tuple(layer for layer in layers if isinstance(layer, Lstm))
        if lstms:
            return LstmEngine(lstms, source, schedule.timing(lstms[0]), pack=schedule.pack)
        denses = tuple(layer for layer in layers if isinstance(layer, Dense))
        return DenseEngine(denses, source, schedule.product(denses[0]), pack=schedule.pack)

    def _finish(self, data: Any, x: Any) -> None:
        """Connect what the network puts out with the trigger."""
        design, program, m = self._design, self._design.program, self._m
        if program.trigger is None:
            self.output = data
            return
        if design.has_output:
            fork = self._fork("fork_output", program.output, program.output_shape[-1])
            wiring.connect(m, data, fork.input)
            data, self.output = fork.outputs()
        triggers = tuple(member.trigger for member in design.members if member.trigger is not None)
        trigger = self._add(program.trigger.name, trigger_block(triggers, design.schedule.channels))
        wiring.connect(m, data, trigger.output)
        if x is not None:
            buffer = self._add("x_buffer", Buffer(vector(program.input, program.n_features), x_depth(design)))
            wiring.connect(m, x, buffer.input)
            wiring.connect(m, buffer.output, trigger.x)
        self.decision, self.thresholds = trigger.decision, trigger.thresholds


def x_depth(design: Design) -> int:
    """Return the samples that x waits for the trigger.

    As many as come until one is compared, where windows follow at the design's interval; at least a window for each layer that
    must have seen all of it, and the one beyond, as a window may take longer on its way than the first one does.
    """
    program, schedule = design.program, design.schedule
    whole = sum(isinstance(layer, Lstm) and not layer.return_sequence for layer in program.layers)
    found, interval = passage(program, schedule), window_interval(program, schedule)
    waiting = 0
    for beat, compared in enumerate(found.outputs):
        windows = range(1 + (compared - found.samples[0]) // interval)
        waiting = max(waiting, sum(bisect_right(found.samples, compared - n * interval) for n in windows) - beat)
    return max(waiting + 1, schedule.channels * program.steps * (1 + whole) + SLACK)
