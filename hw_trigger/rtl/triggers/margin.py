"""The margin trigger of a classifier: the logit of the class that triggers, less the greatest of the others."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from hw_trigger.fixedpoint.triggers import MarginTrigger
from hw_trigger.rtl.streams import Pipeline, Position, vector
from hw_trigger.rtl.triggers.common import COMPARE_CYCLES, compare, decision_ports, greatest, tree, tree_stages


def margin_cycles(trigger: MarginTrigger) -> int:
    """Return the cycles from the one in which a vector of logits is taken to the one in which its decision is valid."""
    return 1 + tree_stages(trigger.n_classes - 1) + COMPARE_CYCLES


class MarginBlock(wiring.Component):
    """Decides on vectors of logits; ports as :func:`hw_trigger.rtl.triggers.trigger_block` says."""

    def __init__(self, trigger: MarginTrigger, channels: int) -> None:
        self.trigger, self.channels = trigger, channels
        logits = stream.Signature(vector(trigger.input, trigger.n_classes))
        super().__init__(decision_ports(trigger, channels) | {"output": In(logits)})

    def elaborate(self, _platform: object) -> Module:
        """Build the pipeline: taken | greatest of the others, in a tree | subtracted | compared."""
        m = Module()
        trigger = self.trigger
        pipe = Pipeline(m, ~self.decision.valid | self.decision.ready)
        m.submodules.position = position = Position(1, self.channels)
        taken = self.output.valid & pipe.advance
        m.d.comb += [self.output.ready.eq(pipe.advance), position.advance.eq(taken)]
        valid = pipe.keep(taken, "taken", reset=True)
        channel = pipe.keep(position.channel, "channel")
        logits = pipe.keep(self.output.payload, "logits")
        positive = logits[trigger.positive]
        others = [logits[k] for k in range(trigger.n_classes) if k != trigger.positive]
        other = tree(pipe, others, greatest, "greatest")
        for stage in range(tree_stages(len(others))):
            valid = pipe.keep(valid, f"valid_{stage}", reset=True)
            channel = pipe.keep(channel, f"channel_{stage}")
            positive = pipe.keep(positive, f"positive_{stage}")
        compare(pipe, self, positive - other, channel, valid)
        return m
