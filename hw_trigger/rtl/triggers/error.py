"""The error trigger: the sum of a window's squared errors against the threshold."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring

from hw_trigger.fixedpoint.triggers import ErrorTrigger
from hw_trigger.rtl.streams import Pipeline
from hw_trigger.rtl.triggers.common import COMPARE_CYCLES, compare, comparison_ports
from hw_trigger.rtl.triggers.measure import Measure, measure_cycles


def error_cycles(trigger: ErrorTrigger) -> int:
    """Return the cycles from the one in which a window's last beat is taken to the one in which its decision is valid."""
    return measure_cycles(trigger) + COMPARE_CYCLES


class ErrorBlock(wiring.Component):
    """Decides on windows by their squared error; ports as :func:`hw_trigger.rtl.triggers.trigger_block` says."""

    def __init__(self, trigger: ErrorTrigger, channels: int) -> None:
        self.trigger, self.channels = trigger, channels
        super().__init__(comparison_ports(trigger, channels))

    def elaborate(self, _platform: object) -> Module:
        """Compare what is measured."""
        m = Module()
        m.submodules.measure = measure = Measure(self.trigger, self.channels)
        wiring.connect(m, measure.x, wiring.flipped(self.x))
        wiring.connect(m, measure.output, wiring.flipped(self.output))
        measured = measure.measured
        pipe = Pipeline(m, ~self.decision.valid | self.decision.ready)
        m.d.comb += measured.ready.eq(pipe.advance)
        compare(pipe, self, measured.payload.energy, measured.payload.channel, measured.valid)
        return m
