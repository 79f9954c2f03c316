"""The control of an LSTM's loop: which step begins when, which slot is issued, and which units the gate lanes work on."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.rtl.flow import counter, later
from hw_trigger.rtl.schedule import LstmTiming
from hw_trigger.rtl.streams import index


class StepIssuer(wiring.Component):
    """Begins steps, of channels in turn, and issues their slots.

    Ports
    -----
    available, free
        There are sums of the input's product for another step (window, where the input is a window's), and a place for its
        result.
    consumed, reserve
        1 where a step begins that takes such sums, and where one begins that gives a result.
    slot, first
        The slot that is issued, and whether it is the first of its group.
    entry, block, fresh
        What is read of the state in the cycle after: the entry, the block, and whether it counts as 0.
    group_ends, units_end
        The last slot of a group, and of a group of units, is issued.

    Parameters
    ----------
    slots
        Slots of all members' weights.
    """

    def __init__(self, timing: LstmTiming, slots: int) -> None:
        self.timing, self.slots = timing, slots
        super().__init__(
            {
                "available": In(1),
                "free": In(1),
                "consumed": Out(1),
                "reserve": Out(1),
                "slot": Out(index(slots)),
                "first": Out(1),
                "entry": Out(index(timing.state_entries)),
                "block": Out(index(timing.blocks)),
                "fresh": Out(1),
                "group_ends": Out(1),
                "units_end": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the counters of steps, and those of the slots of the step that has begun."""
        m = Module()
        timing, layer = self.timing, self.timing.layer
        cycles_left = Signal(range(max(2, timing.spacing)))
        may_begin = Signal(init=1)  # cycles_left == 0, out of a register
        begins = Signal()
        channel, last_channel = counter(m, begins, timing.channels, "channel")
        step, last_step = counter(m, begins & last_channel, layer.steps, "step")
        parity, _ = counter(m, begins & last_channel, 2, "parity")
        emits = Const(1, 1) if layer.return_sequence else last_step
        consumes = (step == 0) if layer.repeat_input else Const(1, 1)
        m.d.comb += [
            begins.eq(may_begin & (~consumes | self.available) & (~emits | self.free)),
            self.consumed.eq(begins & consumes),
            self.reserve.eq(begins & emits),
        ]
        with m.If(begins):
            m.d.sync += [cycles_left.eq(timing.spacing - 1), may_begin.eq(timing.spacing == 1)]
        with m.Elif(~may_begin):
            m.d.sync += [cycles_left.eq(cycles_left - 1), may_begin.eq(cycles_left == 1)]
        self._issue(m, begins)
        # The step that has begun reads the state that the one before wrote.
        entry = _state_entry(timing, channel, ~parity)
        for name, value, port in (("entry", entry, self.entry), ("fresh", step == 0, self.fresh)):
            of_step = Signal.like(port, name=f"step_{name}")
            with m.If(begins):
                m.d.sync += of_step.eq(value)
            m.d.sync += port.eq(of_step)
        return m

    def _issue(self, m: Module, begins: Value) -> None:
        timing = self.timing
        active = Signal()
        slot, _ = counter(m, active, self.slots, "next_slot")
        block, last_block = counter(m, active, timing.blocks, "next_block")
        _, last_of_units = counter(m, active, timing.group_slots, "slot_of_units")
        _, last_of_step = counter(m, active, timing.slots, "slot_of_step")
        with m.If(begins):
            m.d.sync += active.eq(1)
        with m.Elif(last_of_step):
            m.d.sync += active.eq(0)
        m.d.sync += self.block.eq(block)
        m.d.comb += [
            self.slot.eq(slot),
            self.first.eq(block == 0),
            self.group_ends.eq(active & last_block),
            self.units_end.eq(active & last_of_units),
        ]


class LaneControl(wiring.Component):
    """Says which units the gate lanes work on: batches of a group of units, one a cycle, groups and steps in order.

    Ports
    -----
    soon
        The lanes can take the first of a group of units in the next cycle; in the one after where the sums are `slow`.
    read_entry, read_batch
        What is read of the input's sums: in the cycle before they are used, or two before where they are `slow`.
    released
        The cycle before an entry is used for the last time.
    valid
        The lanes take units.
    batch, entry, place, first, emits, last
        Of the units that they take: number in the step, entry of the state, place of the cell state, whether the state before
        counts as 0, whether their step gives a result, whether they are its last.

    Parameters
    ----------
    entries, slow
        Of the memory of the input's sums.
    """

    def __init__(self, timing: LstmTiming, entries: int, *, slow: bool) -> None:
        self.timing, self.entries, self.slow = timing, entries, slow
        batches = timing.total_batches
        super().__init__(
            {
                "soon": In(1),
                "read_entry": Out(index(entries)),
                "read_batch": Out(index(batches)),
                "released": Out(1),
                "valid": Out(1),
                "batch": Out(index(batches)),
                "entry": Out(index(timing.state_entries)),
                "place": Out(index(timing.channels * batches)),
                "first": Out(1),
                "emits": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Count a cycle ahead, so that all that is said comes out of registers; two where the sums are read so much sooner."""
        m = Module()
        timing, layer = self.timing, self.timing.layer
        works = Signal()
        left = Signal(index(timing.batches))
        m.d.comb += works.eq(self.soon | (left != 0))
        with m.If(self.soon):
            m.d.sync += left.eq(timing.batches - 1)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        batch, last_batch = counter(m, works, timing.total_batches, "next_batch")
        place, _ = counter(m, works, timing.channels * timing.total_batches, "next_place")
        ended = works & last_batch
        channel, last_channel = counter(m, ended, timing.channels, "channel")
        step, last_step = counter(m, ended & last_channel, layer.steps, "step")
        parity, _ = counter(m, ended & last_channel, 2, "parity")
        if layer.repeat_input:
            window, _ = counter(m, ended & last_channel & last_step, 2, "window")
            read_entry: Value = repeated_entry(timing, channel, window)
        else:
            read_entry, _ = counter(m, ended, self.entries, "next_read_entry")
        m.d.comb += [
            self.read_entry.eq(read_entry),
            self.read_batch.eq(batch),
        ]
        released: Value = ended & (last_step if layer.repeat_input else 1)
        said: dict[str, Value] = {
            "valid": works,
            "batch": batch,
            "entry": _state_entry(timing, channel, parity),
            "place": place,
            "first": step == 0,
            "emits": Const(1, 1) if layer.return_sequence else last_step,
            "last": last_batch,
        }
        if self.slow:
            before = {"released": released, **said}
            released, *values = [later(m, value, f"{name}_before", reset=True) for name, value in before.items()]
            said = dict(zip(said, values, strict=True))
        m.d.comb += self.released.eq(released)
        m.d.sync += [getattr(self, name).eq(value) for name, value in said.items()]
        return m


def repeated_entry(timing: LstmTiming, channel: Value, window: Value) -> Value:
    """Return the entry of a channel's sums of the input's product, where they are a window's: of two windows in turn."""
    return Cat(channel[: (timing.channels - 1).bit_length()], window)


def _state_entry(timing: LstmTiming, channel: Value, parity: Value) -> Value:
    """Return the place of a channel's state: of two in turn where the next is written before this one is read."""
    return channel if timing.banks_of_state == 1 else Cat(parity[0], channel)
