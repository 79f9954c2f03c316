"""What the triggers share: their ports, numbers kept for each channel, and sums and maxima in pipelined trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.triggers import DeviationTrigger, ErrorTrigger, Trigger
from hw_trigger.rtl.arithmetic import shape_of
from hw_trigger.rtl.streams import Pipeline, index, vector

TREE_INPUTS = 2
"""Values that one stage of a tree takes together: an adder, or a comparator with its choice, between two registers."""


def decision_layout(trigger: Trigger, channels: int) -> data.StructLayout:
    """Return the payload of decisions: the score's code, the trigger bit, the channel's number."""
    return data.StructLayout({"score": shape_of(trigger.score), "trigger": 1, "channel": index(channels)})


def decision_ports(trigger: Trigger, channels: int) -> dict[str, wiring.Member]:
    """Return the ports that every trigger has.

    ``thresholds`` is a code of the score's format for each channel; ``decision`` a stream of one beat a window and channel.
    """
    return {
        "thresholds": In(vector(trigger.score, channels)),
        "decision": Out(stream.Signature(decision_layout(trigger, channels))),
    }


def comparison_ports(trigger: ErrorTrigger | DeviationTrigger, channels: int) -> dict[str, wiring.Member]:
    """Return the ports of a trigger that compares: besides, the streams ``x`` and ``output``, the reconstruction."""
    return decision_ports(trigger, channels) | {
        "x": In(stream.Signature(vector(trigger.input, trigger.n_features))),
        "output": In(stream.Signature(vector(trigger.reconstruction, trigger.n_features))),
    }


class TriggerPorts(Protocol):
    """The ports of :func:`decision_ports`."""

    thresholds: data.View
    decision: stream.Interface


COMPARE_CYCLES = 2
"""Moves from a score to its decision."""


def compare(pipe: Pipeline, block: TriggerPorts, score: Value, channel: Value, valid: Value) -> None:
    """Put out a block's decision on a score: its threshold is chosen in one stage, and compared in the next."""
    decision = block.decision
    kept_score = pipe.keep(score, "score", decision.payload.score.shape())
    limit = pipe.keep(block.thresholds[channel], "limit")
    kept_channel = pipe.keep(channel, "score_channel")
    scored = pipe.keep(valid, "scored", reset=True)
    with pipe.module.If(pipe.advance):
        pipe.module.d.sync += [
            decision.valid.eq(scored),
            decision.payload.score.eq(kept_score),
            decision.payload.trigger.eq(kept_score > limit),
            decision.payload.channel.eq(kept_channel),
        ]


class ChannelStore(wiring.Component):
    """A word for each channel: a register where there is one channel, else a memory.

    ``data`` is the word of `fetch_channel` from the cycle after `fetch` on. A channel is fetched in the cycle after its `store`
    at the earliest; where there is one channel, a fetch is not needed. A reset leaves the words as they are.
    """

    def __init__(self, shape: data.Layout, channels: int) -> None:
        self.shape, self.channels = shape, channels
        super().__init__(
            {
                "fetch": In(1),
                "fetch_channel": In(index(channels)),
                "data": Out(shape),
                "store": In(1),
                "store_channel": In(index(channels)),
                "store_data": In(shape),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the register or the memory."""
        m = Module()
        if self.channels == 1:
            word = Signal(self.shape, reset_less=True)
            m.d.comb += self.data.eq(word)
            with m.If(self.store):
                m.d.sync += word.eq(self.store_data)
            return m
        m.submodules.words = words = memory.Memory(shape=self.shape, depth=self.channels, init=[])
        read, write = words.read_port(), words.write_port()
        m.d.comb += [
            read.en.eq(self.fetch),
            read.addr.eq(self.fetch_channel),
            self.data.eq(read.data),
            write.en.eq(self.store),
            write.addr.eq(self.store_channel),
            write.data.eq(self.store_data),
        ]
        return m


def greatest(values: Sequence[Value]) -> Value:
    """Return the greatest value, by a balanced tree of comparators."""
    if len(values) == 1:
        return values[0]
    left, right = greatest(values[: len(values) // 2]), greatest(values[len(values) // 2 :])
    return Mux(left > right, left, right)


def tree_stages(count: int) -> int:
    """Return the registers in a row that a tree over so many values has."""
    stages = 0
    while count > 1:
        count = -(-count // TREE_INPUTS)
        stages += 1
    return stages


def tree(pipe: Pipeline, values: Sequence[Value], combine: Callable[[Sequence[Value]], Value], name: str) -> Value:
    """Combine values with a function such as :func:`greatest`, in :func:`tree_stages` moves of a pipeline."""
    stage = 0
    while len(values) > 1:
        groups = [values[start : start + TREE_INPUTS] for start in range(0, len(values), TREE_INPUTS)]
        values = [pipe.keep(combine(group), f"{name}_{stage}_{k}") for k, group in enumerate(groups)]
        stage += 1
    return values[0]
