"""The deviation trigger: what is measured of windows against its own running means, a window in a few cycles.

Measuring takes a beat a cycle. The decision behind it is a state machine, as it is needed once a window, and has the window's
other cycles to itself. With several channels the windows of all end in successive cycles, so their measures wait in a queue with
room for each channel: the network need not stop for the decisions, unless a window is shorter than they are.
"""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.triggers import DeviationTrigger
from hw_trigger.rtl.triggers.common import comparison_ports
from hw_trigger.rtl.triggers.deviation_steps import STEPS, DeviationDecision
from hw_trigger.rtl.triggers.measure import Measure, measure_cycles, measure_layout

QUEUE_CYCLES = 2
"""Cycles that measures spend in an empty queue."""


def deviation_cycles(trigger: DeviationTrigger, channels: int) -> int:
    """Return the cycles from the one in which a window's last beat is taken to the one in which its decision is valid.

    With several channels it is that of the first one; the others' follow :data:`~hw_trigger.rtl.triggers.deviation_steps.STEPS`
    cycles after each other.
    """
    return measure_cycles(trigger) + (QUEUE_CYCLES if channels > 1 else 0) + STEPS


class DeviationBlock(wiring.Component):
    """Decides on windows by their deviation; ports as :func:`hw_trigger.rtl.triggers.trigger_block` says.

    A reset begins every channel's stream anew.
    """

    def __init__(self, trigger: DeviationTrigger, channels: int) -> None:
        self.trigger, self.channels = trigger, channels
        super().__init__(comparison_ports(trigger, channels))

    def elaborate(self, _platform: object) -> Module:
        """Connect what measures with what decides."""
        m = Module()
        m.submodules.measure = measure = Measure(self.trigger, self.channels)
        m.submodules.steps = steps = DeviationDecision(self.trigger, self.channels)
        wiring.connect(m, measure.x, wiring.flipped(self.x))
        wiring.connect(m, measure.output, wiring.flipped(self.output))
        wiring.connect(m, steps.decision, wiring.flipped(self.decision))
        m.d.comb += steps.thresholds.eq(self.thresholds)
        if self.channels == 1:
            wiring.connect(m, measure.measured, steps.measured)
            return m
        m.submodules.queue = queue = Queue(measure_layout(self.trigger, self.channels), self.channels)
        wiring.connect(m, measure.measured, queue.input)
        wiring.connect(m, queue.output, steps.measured)
        return m


class Queue(wiring.Component):
    """A queue of beats of any layout."""

    def __init__(self, layout: object, depth: int) -> None:
        self.layout, self.depth = layout, depth
        super().__init__({"input": In(stream.Signature(layout)), "output": Out(stream.Signature(layout))})

    def elaborate(self, _platform: object) -> Module:
        """Give Amaranth's queue, whose beats are plain bits, a layout."""
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=self.input.payload.as_value().shape().width, depth=self.depth
        )
        m.d.comb += [
            queue.w_data.eq(self.input.payload.as_value()),
            queue.w_en.eq(self.input.valid),
            self.input.ready.eq(queue.w_rdy),
            self.output.payload.as_value().eq(queue.r_data),
            self.output.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.output.ready),
        ]
        return m
