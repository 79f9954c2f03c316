"""An LSTM layer: the product of its input, computed ahead, and the loop of its state through the gate lanes.

Nothing in the loop waits: when a step begins, all it needs is there or will be in time (:class:`hw_trigger.rtl.schedule.LstmTiming`).
Steps of interleaved channels follow each other, so that one channel's products are computed while another's gates are.
"""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import GATES, Lstm
from hw_trigger.rtl.arithmetic import extended, rounding_offset
from hw_trigger.rtl.dense import gather
from hw_trigger.rtl.flow import Queue, counter, credits
from hw_trigger.rtl.gates import GateLanes
from hw_trigger.rtl.memories import BankedMemory
from hw_trigger.rtl.packing import Field
from hw_trigger.rtl.product_unit import ProductUnit, sum_width
from hw_trigger.rtl.products import ProductPlan, Products, plan_product, sums_of
from hw_trigger.rtl.schedule import N_GATES, LstmTiming
from hw_trigger.rtl.streams import vector


def by_unit(rows: Codes) -> Codes:
    """Return rows in the order gate, unit in the order unit, gate."""
    return np.asarray(np.swapaxes(rows.reshape(N_GATES, -1, *rows.shape[1:]), 0, 1).reshape(rows.shape))


class LstmEngine(wiring.Component):
    """Gives h of every step, or of the last: stream `input` of the format `source`, stream `output`.

    Parameters
    ----------
    members
        The layer of every channel, or one for all.
    """

    def __init__(self, members: tuple[Lstm, ...], source: Format, timing: LstmTiming, *, pack: bool) -> None:
        self.members, self.layer, self.timing = members, members[0], timing
        layer = self.layer
        self.fraction = layer.accumulator.fraction
        products = (layer.input.fraction + layer.weight_format.fraction, self.state_fraction)
        offset = max(rounding_offset(self.fraction, gate) for gate in layer.gates)
        accumulators = [member.accumulator for member in members]
        self.sum_bits = sum_width(accumulators, offset, self.fraction - min(products))
        self.input_product = self._input_product(source, pack=pack)
        self.plan: ProductPlan = plan_product(
            tuple(by_unit(member.recurrent_weight) for member in members),
            timing.schedule.state,
            layer.hidden,
            operand_register=timing.operand_register,
            pack=pack,
        )
        layout = vector(layer.hidden, layer.n_units)
        self.queue = Queue(layout, 2 + -(-self.step_latency // timing.spacing) if layer.return_sequence else 2 * timing.channels)
        super().__init__(
            {"input": In(stream.Signature(vector(source, layer.n_inputs))), "output": Out(stream.Signature(layout))}
        )

    @property
    def state_fraction(self) -> int:
        """Fractional bits of the products of the state."""
        return self.layer.hidden.fraction + self.layer.recurrent_format.fraction

    def _input_product(self, source: Format, *, pack: bool) -> ProductUnit:
        layer = self.layer
        offsets = [rounding_offset(self.fraction, gate) for gate in layer.gates]
        shift = self.fraction - layer.bias_format.fraction
        return ProductUnit(
            tuple(by_unit(member.weight) for member in self.members),
            tuple(
                by_unit((member.bias << shift) + np.repeat(np.array(offsets, np.int64), layer.n_units))
                for member in self.members
            ),
            source,
            layer.input,
            self.timing.schedule.input,
            product_fraction=layer.input.fraction + layer.weight_format.fraction,
            sum_fraction=self.fraction,
            sum_bits=self.sum_bits,
            pack=pack,
        )

    @property
    def total_batches(self) -> int:
        """Cycles of the gate lanes a step."""
        return self.timing.unit_groups * self.timing.batches

    @property
    def step_latency(self) -> int:
        """Cycles from a step's start to when its state is in the queue."""
        timing = self.timing
        return 1 + timing.slots + self.plan.latency + timing.batches + timing.gate_cycles + 2

    @property
    def entries(self) -> int:
        """Vectors of the input's product that are kept: of two windows where a vector is a window's, else as many as are on their way."""
        timing = self.timing
        if self.layer.repeat_input:
            return 2 * timing.channels
        alive = self.input_product.latency + 2 + timing.slots + self.plan.latency + timing.batches
        return 2 + -(-alive // timing.spacing)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.input_product_unit = self.input_product
        m.submodules.state_product = product = Products(self.plan)
        m.submodules.results = self.queue
        wiring.connect(m, wiring.flipped(self.input), self.input_product.input)
        wiring.connect(m, self.queue.output, wiring.flipped(self.output))
        constants, written = self._input_side(m)
        released = Signal()
        consumed = Signal()
        m.d.comb += self.input_product.allowed.eq(
            credits(m, released, self.input_product.taken, self.entries, self.entries, "free_entries") != 0
        )
        available = credits(m, written, consumed, 0, self.entries, "available_entries")
        hidden = self._state_memory(m)
        ends = self._issue(m, product, hidden, available, consumed)
        self._retire(m, product, constants, hidden, ends, released)
        return m

    def _input_side(self, m: Module) -> tuple[BankedMemory, Value]:
        """Keep the sums of the input's product, and say when a vector's are complete."""
        timing, product, layer = self.timing, self.input_product, self.layer
        rows = timing.schedule.input.rows
        units = max(1, rows // N_GATES)
        padded = max(-(-layer.n_units // units) * units, timing.unit_groups * timing.units_per_group)
        m.submodules.input_sums = constants = BankedMemory(
            N_GATES * self.sum_bits, padded, units, timing.lanes, self.entries, N_GATES
        )
        groups = product.plan.groups
        _, last, _ = counter(m, product.done, groups, "input_group")
        entry, _, _ = counter(m, product.done & last, self.entries, "written_entry")
        if rows < N_GATES:
            part, part_last, _ = counter(m, product.done, N_GATES // rows, "input_part")
            batch, _, _ = counter(m, product.done & part_last, layer.n_units, "input_unit")
            enable = Cat(product.done & (part == gate // rows) for gate in range(N_GATES))
            data = Cat(product.sums for _ in range(N_GATES // rows))
        else:
            batch, _, _ = counter(m, product.done, groups, "input_batch")
            enable, data = product.done.replicate(N_GATES), product.sums
        m.d.comb += [
            constants.write_enable.eq(enable),
            constants.write_entry.eq(entry),
            constants.write_batch.eq(batch),
            constants.write_data.eq(data),
        ]
        return constants, product.done & last

    def _state_memory(self, m: Module) -> BankedMemory:
        timing, layer = self.timing, self.layer
        units = max(timing.unit_groups * timing.units_per_group, timing.blocks * timing.schedule.state.columns)
        m.submodules.state = memory = BankedMemory(
            layer.hidden.width,
            units,
            timing.lanes,
            timing.schedule.state.columns,
            timing.channels * timing.banks_of_state,
        )
        return memory

    def _issue(
        self, m: Module, product: Products, hidden: BankedMemory, available: Value, consumed: Signal
    ) -> tuple[Value, Value]:
        """Begin steps and issue their slots; return whether the last slot of a group is issued, and that of a group of units."""
        timing, layer, plan = self.timing, self.layer, self.plan
        wait = Signal(range(max(2, timing.spacing)), name="cycles_left")
        begins = Signal(name="begins")
        channel, last_channel, _ = counter(m, begins, timing.channels, "start_channel")
        step, last_step, _ = counter(m, begins & last_channel, layer.steps, "start_step")
        emits = Const(1, 1) if layer.return_sequence else last_step
        consumes = (step == 0) if layer.repeat_input else Const(1, 1)
        m.d.comb += [
            begins.eq((wait == 0) & (~consumes | (available != 0)) & (~emits | self.queue.free)),
            consumed.eq(begins & consumes),
            self.queue.reserve.eq(begins & emits),
        ]
        with m.If(begins):
            m.d.sync += wait.eq(timing.spacing - 1)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        active = Signal()
        slot, _, _ = counter(m, active, plan.slots * plan.members, "slot")
        block, last_block, _ = counter(m, active, timing.blocks, "block")
        _, last_of_units, _ = counter(m, active, timing.group_slots, "slot_of_units")
        _, last_of_step, _ = counter(m, active, plan.slots, "slot_of_step")
        with m.If(begins):
            m.d.sync += active.eq(1)
        with m.Elif(last_of_step):
            m.d.sync += active.eq(0)
        # What is read of the state, a cycle after the slot was issued.
        parity = Signal()
        with m.If(begins & last_channel):
            m.d.sync += parity.eq(~parity)
        issued = {"channel": channel, "parity": parity, "fresh": step == 0}
        now = {}
        for name, value in issued.items():
            now[name] = Signal(Value.cast(value).shape(), name=f"step_{name}")
            with m.If(begins):
                m.d.sync += now[name].eq(value)
        read_block = Signal.like(block, name="read_block")
        read = {name: Signal.like(value, name=f"read_{name}") for name, value in now.items()}
        m.d.sync += [read_block.eq(block), *(read[name].eq(now[name]) for name in now)]
        entry = read["channel"]
        if timing.banks_of_state == 2:
            entry = Cat(~read["parity"], read["channel"])
        m.d.comb += [
            hidden.read_entry.eq(entry),
            hidden.read_batch.eq(read_block),
            product.operands.eq(Mux(read["fresh"], 0, hidden.read_data)),
            product.slot.eq(slot),
            product.first.eq(block == 0),
        ]
        return active & last_block, active & last_of_units

    def _retire(
        self,
        m: Module,
        product: Products,
        constants: BankedMemory,
        hidden: BankedMemory,
        ends: tuple[Value, Value],
        released: Signal,
    ) -> None:
        """Take the sums through the gate lanes, write the states, and give results."""
        timing, layer = self.timing, self.layer
        group_ready, load = ends
        for number in range(self.plan.latency):
            later = Signal(name=f"group_ready_{number}"), Signal(name=f"units_ready_{number}")
            m.d.sync += [later[0].eq(group_ready), later[1].eq(load)]
            group_ready, load = later
        valid, accumulators = self._lane_input(m, group_ready, load, product)
        batch, last_batch, next_batch = counter(m, valid, self.total_batches, "batch")
        ended = valid & last_batch
        channel, last_channel, _ = counter(m, ended, timing.channels, "channel")
        step, last_step, _ = counter(m, ended & last_channel, layer.steps, "step")
        parity = Signal(name="write_parity")
        with m.If(ended & last_channel):
            m.d.sync += parity.eq(~parity)
        entry_next = self._entry(m, ended, last_channel, last_step)
        m.d.comb += [
            released.eq(ended & (last_step if layer.repeat_input else 1)),
            constants.read_entry.eq(entry_next),
            constants.read_batch.eq(next_batch),
        ]
        addends = Signal(timing.lanes * N_GATES * self.sum_bits, name="addends", reset_less=True)
        m.d.sync += addends.eq(constants.read_data)
        lanes = GateLanes(timing, self.sum_bits, timing.channels * self.total_batches)
        m.submodules.gates = lanes
        shift = self.fraction - self.state_fraction
        words = [
            addends[start : start + self.sum_bits].as_signed() for start in range(0, len(addends), self.sum_bits)
        ]
        sums = sums_of(self._lane_fields(), accumulators, words, shift)
        m.d.comb += [
            lanes.valid.eq(valid),
            lanes.sums.eq(Cat(extended(row.total, self.sum_bits) for row in sums)),
            lanes.ties.eq(
                Cat(
                    row.ends_in_zeros(self.fraction - layer.gates[number % N_GATES].fraction)
                    for number, row in enumerate(sums)
                )
            ),
            lanes.place.eq(channel * self.total_batches + batch),
            lanes.first.eq(step == 0),
        ]
        emits = Const(1, 1) if layer.return_sequence else last_step
        self._write(m, hidden, lanes, [valid, batch, channel, parity, emits, last_batch])

    def _entry(self, m: Module, ended: Value, last_channel: Value, last_step: Value) -> Value:
        """Return the entry of the input's sums that the next cycle needs."""
        if not self.layer.repeat_input:
            return counter(m, ended, self.entries, "read_entry")[2]
        channels = self.timing.channels
        half, _, next_half = counter(m, ended & last_channel & last_step, 2, "window_parity")
        _, _, next_channel = counter(m, ended, channels, "entry_channel")
        _ = half
        return next_half * channels + next_channel

    def _lane_fields(self) -> tuple[Field, ...]:
        """Return the fields of as many units as the lanes take in a cycle: all units have the same layout."""
        rows = self.timing.schedule.state.rows
        if rows < N_GATES:
            return self.plan.fields * (N_GATES // rows)
        return self.plan.fields[: len(self.plan.fields) * self.timing.lanes * N_GATES // rows]

    def _lane_input(self, m: Module, group_ready: Value, load: Value, product: Products) -> tuple[Value, Value]:
        """Return whether the lanes have work, and the accumulators of their units, from the lowest bits on."""
        timing, rows = self.timing, self.timing.schedule.state.rows
        if rows < N_GATES:
            # The earlier gates of a unit wait for its last.
            parts = N_GATES // rows
            gathered = Signal((parts - 1) * len(product.accumulators), name="earlier_gates", reset_less=True)
            with m.If(group_ready):
                m.d.sync += gathered.eq(Cat(gathered, product.accumulators)[len(product.accumulators) :])
            return load, Cat(gathered, product.accumulators)
        if timing.batches == 1:
            return load, product.accumulators
        width = len(product.accumulators) // timing.batches
        held = Signal(len(product.accumulators) - width, name="waiting_sums", reset_less=True)
        left = Signal(range(timing.batches), name="batches_left")
        with m.If(load):
            m.d.sync += [held.eq(product.accumulators[width:]), left.eq(timing.batches - 1)]
        with m.Elif(left != 0):
            m.d.sync += [held.eq(held >> width), left.eq(left - 1)]
        return load | (left != 0), Mux(load, product.accumulators[:width], held[:width])

    def _write(self, m: Module, hidden: BankedMemory, lanes: GateLanes, controls: list[Value]) -> None:
        """Write hidden states, and put the steps that count together for the queue."""
        timing, layer = self.timing, self.layer
        for number in range(timing.gate_cycles - 1):
            delayed = []
            for name, value in zip(("valid", "batch", "channel", "parity", "emits", "last"), controls, strict=True):
                register = Signal(Value.cast(value).shape(), name=f"{name}_{number}", reset_less=name != "valid")
                m.d.sync += register.eq(value)
                delayed.append(register)
            controls = list(delayed)
        valid, batch, channel, parity, emits, last = controls
        entry = channel
        if timing.banks_of_state == 2:
            entry = Cat(parity, channel)
        m.d.comb += [
            hidden.write_enable.eq(valid),
            hidden.write_entry.eq(entry),
            hidden.write_batch.eq(batch),
            hidden.write_data.eq(lanes.hidden),
        ]
        gathered = gather(m, valid & emits, lanes.hidden, self.total_batches)
        m.d.sync += self.queue.push.eq(valid & emits & last)
        m.d.comb += self.queue.pushed.eq(gathered[: layer.n_units * layer.hidden.width])
