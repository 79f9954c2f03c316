"""An LSTM layer: the product of its input, computed ahead, and the loop of its state through the gate lanes.

Nothing in the loop waits: when a step begins, all it needs is there or will be in time
(:class:`hw_trigger.rtl.schedule.LstmTiming`). Steps of interleaved channels follow each other, so that one channel's products
are computed while another's gates are.
"""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.rtl.arithmetic import extended, rounding_offset
from hw_trigger.rtl.dense import gather
from hw_trigger.rtl.flow import Queue, counter, tally
from hw_trigger.rtl.gates import GateLanes
from hw_trigger.rtl.lstm_control import LaneControl, StepIssuer, repeated_entry
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
        self.queue = Queue(
            layout, 2 + -(-self.step_latency // timing.spacing) if layer.return_sequence else 2 * timing.channels
        )
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
    def step_latency(self) -> int:
        """Cycles from a step's start to when its state is in the queue."""
        timing = self.timing
        return 1 + timing.slots + self.plan.latency + timing.holds_sums + timing.batches + timing.gate_cycles + 2

    @property
    def entries(self) -> int:
        """Vectors of the input's product that are kept: of two windows where a vector is a window's, else as many as are on
        their way.
        """
        timing = self.timing
        if self.layer.repeat_input:
            return 2 * timing.channels
        alive = self.input_product.latency + 3 + timing.slots + self.plan.latency + timing.batches
        return 2 + -(-alive // timing.spacing)

    def elaborate(self, _platform: object) -> Module:
        """Connect the input's product, the state's product, the gate lanes, and the memories between them."""
        m = Module()
        timing, plan = self.timing, self.plan
        m.submodules.input_product_unit = self.input_product
        m.submodules.state_product = product = Products(plan)
        m.submodules.state = state = self._state_memory()
        m.submodules.issuer = issuer = StepIssuer(timing, plan.slots * plan.members)
        m.submodules.results = self.queue
        wiring.connect(m, wiring.flipped(self.input), self.input_product.input)
        wiring.connect(m, self.queue.output, wiring.flipped(self.output))
        sums, written = self._input_sums(m)
        m.submodules.lane_control = lanes = LaneControl(timing, sums.entries, slow=sums.slow)
        free = tally(
            m, lanes.released, self.input_product.taken, initial=self.entries, limit=self.entries, name="free_entries"
        )
        available = tally(m, written, issuer.consumed, initial=0, limit=self.entries, name="available_entries")
        m.d.comb += [
            self.input_product.allowed.eq(free != 0),
            issuer.available.eq(available != 0),
            issuer.free.eq(self.queue.free),
            self.queue.reserve.eq(issuer.reserve),
            state.read_entry.eq(issuer.entry),
            state.read_batch.eq(issuer.block),
            product.operands.eq(state.read_data),
            product.clear.eq(issuer.fresh),
            product.slot.eq(issuer.slot),
            product.first.eq(issuer.first),
            sums.read_entry.eq(lanes.read_entry),
            sums.read_batch.eq(lanes.read_batch),
        ]
        group_ready, units_ready = self._ends(m, issuer)
        m.d.comb += lanes.soon.eq(units_ready[timing.holds_sums - 2 - sums.slow])
        accumulators = self._lane_input(m, group_ready, units_ready[-1], product)
        self._finish(m, lanes, self._gates(m, lanes, sums, accumulators), state)
        return m

    def _input_sums(self, m: Module) -> tuple[BankedMemory, Value]:
        """Keep the sums of the input's product, and say when a vector's are complete."""
        timing, product, layer = self.timing, self.input_product, self.layer
        rows, groups = timing.schedule.input.rows, product.plan.groups
        units = max(1, rows // N_GATES)
        padded = max(-(-layer.n_units // units) * units, timing.unit_groups * timing.units_per_group)
        entries = 2 << (timing.channels - 1).bit_length() if layer.repeat_input else self.entries
        m.submodules.input_sums = sums = BankedMemory(
            N_GATES * self.sum_bits, padded, writes=units, reads=timing.lanes, entries=entries, fields=N_GATES
        )
        _, last = counter(m, product.done, groups, "input_group")
        if layer.repeat_input:
            channel, last_channel = counter(m, product.done & last, timing.channels, "input_channel")
            window, _ = counter(m, product.done & last & last_channel, 2, "input_window")
            entry: Value = repeated_entry(timing, channel, window)
        else:
            entry, _ = counter(m, product.done & last, entries, "written_entry")
        if rows < N_GATES:
            part, part_last = counter(m, product.done, N_GATES // rows, "input_part")
            batch, _ = counter(m, product.done & part_last, layer.n_units, "input_unit")
            enable = Cat(product.done & (part == gate // rows) for gate in range(N_GATES))
            data = Cat(product.sums for _ in range(N_GATES // rows))
        else:
            batch, _ = counter(m, product.done, groups, "input_batch")
            enable, data = product.done.replicate(N_GATES), product.sums
        m.d.comb += [
            sums.write_enable.eq(enable),
            sums.write_entry.eq(entry),
            sums.write_batch.eq(batch),
            sums.write_data.eq(data),
        ]
        return sums, product.done & last

    def _state_memory(self) -> BankedMemory:
        timing, layer = self.timing, self.layer
        columns = timing.schedule.state.columns
        units = max(timing.unit_groups * timing.units_per_group, timing.blocks * columns)
        return BankedMemory(layer.hidden.width, units, writes=timing.lanes, reads=columns, entries=timing.state_entries)

    def _ends(self, m: Module, issuer: StepIssuer) -> tuple[Value, list[Value]]:
        """Return when a group's sums are there, and when those of a group of units are: cycles before, and at the end then."""
        group_ready, units_ready = issuer.group_ends, [issuer.units_end]
        for number in range(self.plan.latency):
            later = Signal(name=f"group_ready_{number}"), Signal(name=f"units_ready_{number}")
            m.d.sync += [later[0].eq(group_ready), later[1].eq(units_ready[-1])]
            group_ready = later[0]
            units_ready.append(later[1])
        return group_ready, units_ready

    def _lane_input(self, m: Module, group_ready: Value, units_ready: Value, product: Products) -> Value:
        """Return the accumulators of the units that the lanes take."""
        timing, rows, accumulators = self.timing, self.timing.schedule.state.rows, product.accumulators
        if rows < N_GATES:
            # The earlier gates of a unit wait for its last.
            gathered = Signal((N_GATES // rows - 1) * len(accumulators), name="earlier_gates", reset_less=True)
            with m.If(group_ready):
                m.d.sync += gathered.eq(Cat(gathered, accumulators)[len(accumulators) :])
            return Cat(gathered, accumulators)
        if timing.batches == 1:
            return accumulators
        width = len(accumulators) // timing.batches
        if timing.holds_sums:
            held = Signal(len(accumulators), name="waiting_sums", reset_less=True)
            m.d.sync += held.eq(Mux(units_ready, accumulators, held >> width))
            return held[:width]
        held = Signal(len(accumulators) - width, name="waiting_sums", reset_less=True)
        m.d.sync += held.eq(Mux(units_ready, accumulators[width:], held >> width))
        return Mux(units_ready, accumulators[:width], held[:width])

    def _lane_fields(self) -> tuple[Field, ...]:
        """Return the fields of as many units as the lanes take in a cycle: all units have the same layout."""
        rows = self.timing.schedule.state.rows
        if rows < N_GATES:
            return self.plan.fields * (N_GATES // rows)
        return self.plan.fields[: len(self.plan.fields) * self.timing.lanes * N_GATES // rows]

    def _gates(self, m: Module, control: LaneControl, input_sums: BankedMemory, accumulators: Value) -> GateLanes:
        """Add up the input's and the state's sums, and give them to the gate lanes."""
        timing, layer, bits = self.timing, self.layer, self.sum_bits
        m.submodules.gates = gates = GateLanes(timing, bits, timing.channels * timing.total_batches)
        addends: Value = input_sums.read_data
        for number in range(1 + input_sums.slow):
            kept = Signal(len(addends), name=f"addends_{number}", reset_less=True)
            m.d.sync += kept.eq(addends)
            addends = kept
        words = [addends[start : start + bits].as_signed() for start in range(0, len(addends), bits)]
        sums = sums_of(self._lane_fields(), accumulators, words, self.fraction - self.state_fraction)
        dropped = [self.fraction - gate.fraction for gate in layer.gates]
        m.d.comb += [
            gates.valid.eq(control.valid),
            gates.place.eq(control.place),
            gates.first.eq(control.first),
            gates.sums.eq(Cat(extended(row.total, bits) for row in sums)),
            gates.ties.eq(Cat(row.ends_in_zeros(dropped[number % N_GATES]) for number, row in enumerate(sums))),
        ]
        return gates

    def _finish(self, m: Module, control: LaneControl, gates: GateLanes, state: BankedMemory) -> None:
        """Write hidden states, and put the steps that give a result together for the queue."""
        timing, layer = self.timing, self.layer
        now = {name: getattr(control, name) for name in ("valid", "batch", "entry", "emits", "last")}
        for number in range(timing.gate_cycles - 1):
            for name, value in now.items():
                now[name] = Signal.like(value, name=f"{name}_{number}", reset_less=name != "valid")
                m.d.sync += now[name].eq(value)
        m.d.comb += [
            state.write_enable.eq(now["valid"]),
            state.write_entry.eq(now["entry"]),
            state.write_batch.eq(now["batch"]),
            state.write_data.eq(gates.hidden),
        ]
        given = now["valid"] & now["emits"]
        gathered = gather(m, given, gates.hidden, timing.total_batches)
        m.d.sync += self.queue.push.eq(given & now["last"])
        m.d.comb += self.queue.pushed.eq(gathered[: layer.n_units * layer.hidden.width])
