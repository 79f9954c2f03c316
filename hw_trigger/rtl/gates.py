"""Gate lanes of an LSTM: from the sums of a unit's four gates to its cell state and its hidden state, a unit a cycle each."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import GATES, Lstm
from hw_trigger.rtl.arithmetic import extended, quantize, shape_of, typed
from hw_trigger.rtl.memories import rom
from hw_trigger.rtl.schedule import LstmTiming


class GateLanes(wiring.Component):
    """The gate lanes of a layer.

    In a cycle with `valid`, `sums` has the sums of every lane's unit, by lane and gate, each of `sum_bits`, signed, with the gates'
    rounding offsets in them. `place` is that of the units' cell states, `first` whether they are 0. `hidden` has the hidden
    states ``timing.gate_cycles - 1`` cycles later.
    """

    def __init__(self, timing: LstmTiming, sum_bits: int, cells: int) -> None:
        self.timing, self.layer, self.sum_bits, self.cells = timing, timing.layer, sum_bits, cells
        super().__init__(
            {
                "valid": In(1),
                "sums": In(unsigned(timing.lanes * len(GATES) * sum_bits)),
                "place": In(range(max(2, cells))),
                "first": In(1),
                "hidden": Out(unsigned(timing.lanes * self.layer.hidden.width)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        controls = [self.valid, self.place, self.first]
        for number in range(1 + self.timing.wide_gates):
            controls = [_later(m, value, f"{value.name}_{number}") for value in controls]
        valid, place, first = controls
        # The new cell state is there two cycles after the old one was read.
        write, written = place, valid
        for number in range(2):
            write, written = _later(m, write, f"write_{number}"), _later(m, written, f"written_{number}")
        hidden = []
        for lane in range(self.timing.lanes):
            new_cell = Signal(shape_of(self.layer.cell), name=f"new_cell_{lane}", reset_less=True)
            old_cell = self._cell_memory(m, lane, place, write, written, new_cell)
            hidden.append(self._lane(m, lane, Mux(first, 0, old_cell), new_cell))
        m.d.comb += self.hidden.eq(Cat(hidden))
        return m

    def _cell_memory(self, m: Module, lane: int, read: Value, write: Value, written: Value, new_cell: Signal) -> Value:
        """Keep new cell states, and return the one at `read`."""
        if self.cells == 1:
            kept = Signal(new_cell.shape(), name=f"cell_state_{lane}", reset_less=True)
            with m.If(written):
                m.d.sync += kept.eq(new_cell)
            return kept
        m.submodules[f"cell_states_{lane}"] = states = memory.Memory(
            shape=unsigned(len(new_cell)), depth=self.cells, init=[]
        )
        write_port, read_port = states.write_port(), states.read_port(domain="comb")
        m.d.comb += [
            write_port.addr.eq(write),
            write_port.en.eq(written),
            write_port.data.eq(new_cell),
            read_port.addr.eq(read),
        ]
        return typed(read_port.data, new_cell.shape())

    def _lane(self, m: Module, lane: int, old_cell: Value, new_cell: Signal) -> Value:
        """Compute a lane's new cell state, and return its hidden state."""
        layer = self.layer
        i, f, g, o = (self._gate(m, lane, gate) for gate in range(len(GATES)))
        i_format, f_format, g_format, o_format = layer.activations
        old = Signal(shape_of(layer.cell), name=f"old_cell_{lane}")
        m.d.comb += old.eq(old_cell)
        fc = _later(m, f * old, f"forget_product_{lane}")
        ig = _later(m, i * g, f"input_product_{lane}")
        kept = quantize(fc, f_format.fraction + layer.cell.fraction, layer.cell)
        added = quantize(ig, i_format.fraction + g_format.fraction, layer.cell)
        m.d.sync += new_cell.eq(quantize(kept + added, layer.cell.fraction, layer.cell))
        tanh = _table(
            m, f"cell_tanh_{lane}", layer.cell_table, layer.cell_tanh, new_cell, in_memory=self.timing.wide_cell
        )
        for number in range(2 + self.timing.wide_cell):
            o = _later(m, o, f"output_gate_{lane}_{number}")
        product = _later(m, o * tanh, f"output_product_{lane}")
        hidden = quantize(product, o_format.fraction + layer.cell_tanh.fraction, layer.hidden)
        return extended(hidden, layer.hidden.width)

    def _gate(self, m: Module, lane: int, gate: int) -> Value:
        """Return a gate's activation, one register behind its sum; two where the table is a memory."""
        layer, label = self.layer, f"gate_{GATES[gate]}_{lane}"
        start = (lane * len(GATES) + gate) * self.sum_bits
        total = self.sums[start : start + self.sum_bits].as_signed()
        code = quantize(total, layer.accumulator.fraction, layer.gates[gate], offset_added=True)
        in_memory = self.timing.wide_gates
        if in_memory:
            code = _later(m, code, f"{label}_code")
        result = _table(m, label, layer.gate_tables[gate], layer.activations[gate], code, in_memory=in_memory)
        return result if in_memory else _later(m, result, label)


def _table(m: Module, label: str, table: Codes, result: Format, code: Value, *, in_memory: bool) -> Value:
    """Return the entry of a table for a code's bit pattern: in the same cycle, as logic, or in the next from memory."""
    words = table.tolist()
    m.submodules[label] = cells = rom(words, result.width, block=in_memory)
    read = cells.read_port(domain="sync" if in_memory else "comb")
    m.d.comb += read.addr.eq(extended(code, (len(words) - 1).bit_length()))
    return typed(read.data, shape_of(result))


def _later(m: Module, value: Value, name: str) -> Signal:
    register = Signal(Value.cast(value).shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
