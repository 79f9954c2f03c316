"""What a layer's engine takes: products, gate lanes, the memories between them, queue and control."""

from __future__ import annotations

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.counted import Counted, count_to, fifo, fixed, logic, tables
from hw_trigger.estimate.rtl.memories import blocks, distributed, free_memory, logic_table, slices
from hw_trigger.estimate.rtl.products import multipliers, unit
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, Lstm
from hw_trigger.rtl.arithmetic import rounding_offset
from hw_trigger.rtl.latency import dense_depth, loop_depth, loop_entries
from hw_trigger.rtl.lstm import by_unit
from hw_trigger.rtl.memories import DISTRIBUTED_DEPTH
from hw_trigger.rtl.packing import Field
from hw_trigger.rtl.product_unit import sum_width
from hw_trigger.rtl.products import ProductPlan, plan_product
from hw_trigger.rtl.schedule import N_GATES, LstmTiming, Schedule


def dense(members: tuple[Dense, ...], source: Format, schedule: Schedule) -> Counted:
    """Return a dense layer: the product of a stream, rounding, the vector that is gathered, the queue."""
    layer, product = members[0], schedule.product(members[0])
    plan = plan_product(
        tuple(member.weight for member in members), product, layer.input, operand_register=True, pack=schedule.pack
    )
    fraction = layer.accumulator.fraction
    bits = sum_width(
        [member.accumulator for member in members],
        rounding_offset(fraction, layer.output),
        fraction - layer.input.fraction - layer.weight_format.fraction,
    )
    width = layer.output.width
    found = unit(plan, source, rows=product.rows, sum_bits=bits, n_inputs=layer.n_inputs)
    found += logic(product.rows * (width + bits / 3), plan.groups * product.rows * width)
    return found + fifo(dense_depth(layer, schedule), layer.n_outputs * width)


def lstm(members: tuple[Lstm, ...], source: Format, schedule: Schedule) -> Counted:
    """Return an LSTM: both products, sums of the input's, the state's memory, gate lanes, queue, control."""
    layer, timing = members[0], schedule.timing(members[0])
    plan = plan_product(
        tuple(by_unit(member.recurrent_weight) for member in members),
        timing.schedule.state,
        layer.hidden,
        operand_register=timing.operand_register,
        pack=schedule.pack,
    )
    bits = _sum_bits(members)
    found = multipliers(plan) + _input(members, source, timing, bits, pack=schedule.pack)
    found += _input_sums(layer, schedule, bits) + _state(layer, timing) + _lane_input(plan, timing, bits)
    found += timing.lanes * lane(layer, timing, bits)
    found += logic(0, timing.total_batches * timing.lanes * layer.hidden.width)
    found += fifo(loop_depth(layer, schedule), layer.n_units * layer.hidden.width)
    return found + _control(layer, timing, plan, loop_entries(layer, schedule))


def _sum_bits(members: tuple[Lstm, ...]) -> int:
    layer = members[0]
    fraction = layer.accumulator.fraction
    products = (
        layer.input.fraction + layer.weight_format.fraction,
        layer.hidden.fraction + layer.recurrent_format.fraction,
    )
    offset = max(rounding_offset(fraction, gate) for gate in layer.gates)
    return sum_width([member.accumulator for member in members], offset, fraction - min(products))


def _input(members: tuple[Lstm, ...], source: Format, timing: LstmTiming, bits: int, *, pack: bool) -> Counted:
    layer, product = members[0], timing.schedule.input
    plan = plan_product(
        tuple(by_unit(member.weight) for member in members), product, layer.input, operand_register=True, pack=pack
    )
    return unit(plan, source, rows=product.rows, sum_bits=bits, n_inputs=layer.n_inputs)


def _input_sums(layer: Lstm, schedule: Schedule, bits: int) -> Counted:
    """Return the memory of the input's sums, and the register behind it."""
    timing = schedule.timing(layer)
    units = max(1, timing.schedule.input.rows // N_GATES)
    padded = max(-(-layer.n_units // units) * units, timing.unit_groups * timing.units_per_group)
    entries = 2 << (timing.channels - 1).bit_length() if layer.repeat_input else loop_entries(layer, schedule)
    found = _banked(bits, padded, units, timing.lanes, entries, parts=N_GATES, registered=True)
    return found + logic(0, timing.lanes * N_GATES * bits)


def _state(layer: Lstm, timing: LstmTiming) -> Counted:
    columns = timing.schedule.state.columns
    units = max(timing.unit_groups * timing.units_per_group, timing.blocks * columns)
    found = _banked(
        layer.hidden.width, units, timing.lanes, columns, timing.state_entries, registered=timing.operand_register
    )
    # A first step's state counts as 0.
    return found + logic(columns * layer.hidden.width / 2)


def _banked(
    width: int, units: int, writes: int, reads: int, entries: int, *, registered: bool, parts: int = 1
) -> Counted:
    """Return a memory of vectors in banks; as registers where a bank has a single word.

    Where its output goes into a register, and it is deep enough not to be meant to lie in LUTs, it may be in block RAM.
    """
    banks = max(writes, reads)
    depth = entries << (-(-units // banks) - 1).bit_length()
    if depth == 1:
        found = logic(0, banks * parts * width)
    else:
        block = registered and depth > DISTRIBUTED_DEPTH and banks == reads
        each = free_memory(depth, width) if block else Resources(lut=distributed(depth, width))
        found = fixed(each * (banks * parts))
    # Which bank is read, and which is written.
    return found + logic(parts * width * (banks - reads) / 2 + parts * banks)


def _lane_input(plan: ProductPlan, timing: LstmTiming, sum_bits: int) -> Counted:
    """Return the registers in which accumulators wait for the gate lanes: those of their bits that sums have."""
    layer, rows = timing.layer, timing.schedule.state.rows
    needed = sum_bits - (layer.accumulator.fraction - layer.hidden.fraction - layer.recurrent_format.fraction)
    bits = sum(_used_bits(field, needed) for field in plan.fields)
    if rows < N_GATES:
        return logic(0, (N_GATES // rows - 1) * bits)
    if timing.batches == 1:
        return Counted()
    if timing.holds_sums:
        return tables(bits, bits)
    return tables(bits, bits - bits // timing.batches)


def _used_bits(field: Field, needed: int) -> int:
    """Return the bits of an accumulator that its rows' sums take, and the lower row's sign."""
    if not field.shift:
        return min(field.accumulator_bits, needed)
    lower, upper = min(field.shift, needed), min(field.accumulator_bits - field.shift, needed)
    return lower + upper + (lower < field.shift)


def lane(layer: Lstm, timing: LstmTiming, bits: int) -> Counted:
    """Return a gate lane: sums, their rounding and tables, products, the cell state, the hidden state."""
    cell, hidden, tanh = layer.cell, layer.hidden, layer.cell_tanh
    found = Counted()
    for gate, result in zip(layer.gates, layer.activations, strict=True):
        dropped = max(0, layer.accumulator.fraction - gate.fraction)
        found += logic(bits + dropped / 2) + _table(gate, result, in_memory=timing.wide_gates)
    i, f, g, o = (result.width + (not result.signed) for result in layer.activations)
    factors = ((f, cell.width), (i, g), (o, tanh.width))
    for one, other in factors:
        found += fixed(Resources(dsp=slices(one, other))) + logic(2 * min(one, other), 1)
    # Two products rounded and added without waiting for a carry, and saturated.
    width = cell.width + 4
    found += logic(3 * width + 2 * cell.width, cell.width + cell.width)
    found += _table(cell, tanh, in_memory=timing.wide_cell)
    found += logic(2 * hidden.width, (2 + timing.wide_cell) * o)
    cells = timing.channels * timing.total_batches
    if cells > 1:
        found += fixed(Resources(lut=distributed(cells, cell.width)))
    return found + logic(cell.width, 0 if cells > 1 else cell.width)


def _table(argument: Format, result: Format, *, in_memory: bool) -> Counted:
    """Return a table, and the choice of its ends where the argument has saturated."""
    words = 1 << argument.width
    if in_memory:
        return fixed(Resources(bram18=blocks(words, result.width))) + logic(2 * argument.width, argument.width)
    return tables(logic_table(words, result.width) + result.width, result.width)


def _control(layer: Lstm, timing: LstmTiming, plan: ProductPlan, entries: int) -> Counted:
    """Return the counters of steps and slots, and of the lanes' units; what is known of these goes along with them."""
    batches, channels = timing.total_batches, timing.channels
    issuer = (
        timing.spacing,
        channels,
        layer.steps,
        2,
        plan.slots * plan.members,
        timing.blocks,
        timing.group_slots,
        timing.slots,
    )
    lanes = (timing.batches, batches, channels * batches, channels, layer.steps, 2, entries)
    credit = (entries + 1, entries + 1)
    tags = sum(max(1, (limit - 1).bit_length()) for limit in (batches, timing.state_entries)) + 3
    moves = timing.gate_cycles - 1 + timing.wide_gates
    found = count_to(*issuer, *lanes, *credit)
    return found + logic(tags * moves / 4, moves + tags + 3 * (channels * batches - 1).bit_length() + 2 * plan.latency)
