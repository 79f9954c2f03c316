"""Gate lanes of an LSTM: from the sums of a unit's four gates to its cell state and its hidden state, a unit a cycle each.

What is done between two registers is balanced for 200 MHz on UltraScale+: a sum, its rounding and a table; a product; a sum of
two rounded products and a table; a product; a rounding. Two things make that possible. Half a step is added where a sum is made
anyway, so that rounding needs no adder of its own; and a table is read before it is known whether its argument has saturated,
which then chooses between its entry and those at its ends.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format, Overflow
from hw_trigger.fixedpoint.program import GATES
from hw_trigger.rtl.arithmetic import extended, kept_bits, quantize, round_to, shape_of, typed
from hw_trigger.rtl.flow import later
from hw_trigger.rtl.memories import rom
from hw_trigger.rtl.schedule import LstmTiming
from hw_trigger.rtl.unit_products import sum_of_codes, unit_product


class GateLanes(wiring.Component):
    """The gate lanes of a layer.

    In a cycle with `valid`, `sums` has the sums of every lane's unit, by lane and gate, each of `sum_bits`, signed, with the
    gates' rounding offsets in them; `ties` says of each whether the bits that its gate drops are all 0. `place` is that of the
    units' cell states, `first` whether they are 0. `hidden` has the hidden states ``timing.gate_cycles - 1`` cycles later.
    """

    def __init__(self, timing: LstmTiming, sum_bits: int, cells: int) -> None:
        self.timing, self.layer, self.sum_bits, self.cells = timing, timing.layer, sum_bits, cells
        super().__init__(
            {
                "valid": In(1),
                "sums": In(unsigned(timing.lanes * len(GATES) * sum_bits)),
                "ties": In(unsigned(timing.lanes * len(GATES))),
                "place": In(range(max(2, cells))),
                "first": In(1),
                "hidden": Out(unsigned(timing.lanes * self.layer.hidden.width)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the lanes, and the way of what says which units they work on."""
        m = Module()
        valid, place, first = self.valid, self.place, self.first
        if self.timing.wide_gates:
            valid, place, first = (
                later(m, value, f"{name}_before")
                for value, name in ((valid, "valid"), (place, "place"), (first, "first"))
            )
        # The old cell state is read in the cycle of the gates' tables, the new one is there three cycles later.
        write, written = place, valid
        for number in range(3):
            write, written = later(m, write, f"write_{number}"), later(m, written, f"written_{number}")
        hidden = []
        for lane in range(self.timing.lanes):
            new_cell = Signal(shape_of(self.layer.cell), name=f"new_cell_{lane}", reset_less=True)
            old_cell = self._cell_memory(m, lane, new_cell, read=place, write=write, written=written)
            hidden.append(self._lane(m, lane, Mux(first, 0, old_cell), new_cell))
        m.d.comb += self.hidden.eq(Cat(hidden))
        return m

    def _cell_memory(
        self, m: Module, lane: int, new_cell: Signal, *, read: Value, write: Value, written: Value
    ) -> Value:
        """Keep new cell states at `write`, and return the one at `read`."""
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
        layer, cell = self.layer, self.layer.cell
        # In a module of their own, whose name tells synthesis that they are worth DSP slices.
        m.submodules[f"products_{lane}"] = products = Module()
        i, f, g, o = (self._gate(m, lane, gate) for gate in range(len(GATES)))
        ranges = [(int(table.min()), int(table.max())) for table in layer.gate_tables]
        i_format, f_format, g_format, o_format = layer.activations
        old = Signal(shape_of(cell), name=f"old_cell_{lane}", reset_less=True)
        m.d.sync += old.eq(old_cell)
        forgotten = unit_product(
            products,
            "forget_product",
            (f, old),
            (ranges[1], (cell.low, cell.high)),
            fraction=f_format.fraction + cell.fraction,
            target=cell,
        )
        added = unit_product(
            products,
            "input_product",
            (i, g),
            (ranges[0], ranges[2]),
            fraction=i_format.fraction + g_format.fraction,
            target=cell,
        )
        total = sum_of_codes(forgotten, added)
        bounds = (forgotten.codes[0] + added.codes[0], forgotten.codes[1] + added.codes[1])
        m.d.sync += new_cell.eq(quantize(total, cell.fraction, cell, bounds=bounds))
        label, table = f"cell_tanh_{lane}", layer.cell_table
        if self.timing.wide_cell:
            tanh = _from_memory(m, label, table, layer.cell_tanh, new_cell)
        else:
            tanh = _apart(m, _as_logic(m, label, table, (cell, layer.cell_tanh), total), label)
        for number in range(2 + self.timing.wide_cell):
            # With a reset it is no shift register, whose output would come late.
            o = later(m, o, f"output_gate_{lane}_{number}", reset=True)
        hidden = unit_product(
            products,
            "output_product",
            (o, tanh),
            (ranges[3], (int(table.min()), int(table.max()))),
            fraction=o_format.fraction + layer.cell_tanh.fraction,
            target=layer.hidden,
        )
        return extended(hidden.code, layer.hidden.width)

    def _gate(self, m: Module, lane: int, gate: int) -> Value:
        """Return a gate's activation, one register behind its sum; two where the table is a memory."""
        layer, label, number = self.layer, f"gate_{GATES[gate]}_{lane}", lane * len(GATES) + gate
        argument, result, table = layer.gates[gate], layer.activations[gate], layer.gate_tables[gate]
        total = self.sums[number * self.sum_bits :][: self.sum_bits].as_signed()
        dropped = layer.accumulator.fraction - argument.fraction
        rounded = round_to(total, dropped, argument.rounding, offset_added=True, tie=self.ties[number])
        if not self.timing.wide_gates:
            return _apart(m, _as_logic(m, label, table, (argument, result), rounded), label)
        code = quantize(rounded, argument.fraction, argument)
        return _from_memory(m, label, table, result, later(m, code, f"{label}_code"))


def _as_logic(m: Module, label: str, table: Codes, formats: tuple[Format, Format], rounded: Value) -> Value:
    """Return the entry of a table for a whole number of steps of its argument, which may be out of its range: in the same
    cycle.
    """
    argument, result = formats
    kept, fits, negative = kept_bits(rounded, argument)
    m.submodules[label] = cells = rom(table.tolist(), result.width, block=False)
    read = cells.read_port(domain="comb")
    m.d.comb += read.addr.eq(kept)
    if argument.overflow is Overflow.WRAP:
        entry: Value = read.data
    else:
        pattern = (1 << argument.width) - 1
        at_low, at_high = (Const(int(table[code & pattern]), shape_of(result)) for code in _ends(argument))
        entry = Mux(fits, read.data, Mux(negative, at_low.as_unsigned(), at_high.as_unsigned()))
    return typed(entry[: result.width], shape_of(result))


def _ends(argument: Format) -> tuple[int, int]:
    """Return the codes that stand for what is below and above a format's range."""
    return (0, 0) if argument.overflow is Overflow.SAT_ZERO else (argument.low, argument.high)


def _from_memory(m: Module, label: str, table: Codes, result: Format, code: Value) -> Value:
    """Return the entry of a table for a code, from memory: a cycle later."""
    m.submodules[label] = cells = rom(table.tolist(), result.width, block=True)
    read = cells.read_port()
    m.d.comb += read.addr.eq(extended(code, (len(table) - 1).bit_length()))
    return typed(read.data, shape_of(result))


def _apart(m: Module, value: Value, name: str) -> Signal:
    """Return the value a cycle later, out of a register that no DSP slice can take in, as it is not 0 after a reset.

    A DSP slice's inputs must come sooner than another register's, and what comes here comes late; the multiplier has time.
    """
    register = Signal(value.shape(), name=name, init=-1 if value.shape().signed else 1)
    m.d.sync += register.eq(value)
    return register
