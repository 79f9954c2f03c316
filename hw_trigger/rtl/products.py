"""The multipliers of a matrix product: weights, products, adder tree, accumulators; one block of one group a cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.arithmetic import extended, shape_of, total, typed
from hw_trigger.rtl.flow import later
from hw_trigger.rtl.memories import rom
from hw_trigger.rtl.packing import Field, fields_of
from hw_trigger.rtl.schedule import ProductSchedule


@dataclass(frozen=True, eq=False)
class ProductPlan:
    """What a product's multipliers do.

    Attributes
    ----------
    fields
        The multipliers' weights; see :class:`~hw_trigger.rtl.packing.Field`.
    groups, blocks, columns
        Slots are groups x blocks; a block is so many columns.
    data
        Format of the operands.
    operand_register
        Operands come from a selection that takes a cycle of its own.
    tree
        Terms that each stage of the adder tree adds up.
    """

    fields: tuple[Field, ...]
    groups: int
    blocks: int
    columns: int
    data: Format
    operand_register: bool
    tree: tuple[int, ...]

    @property
    def slots(self) -> int:
        """Cycles of a product."""
        return self.groups * self.blocks

    @property
    def members(self) -> int:
        """Sets of weights."""
        return len(self.fields[0].weights)

    @property
    def latency(self) -> int:
        """Cycles from when a slot is issued to when its sums are there, in one more than its operands are read."""
        return 1 + self.operand_register + 1 + len(self.tree) + 1

    @property
    def constant(self) -> bool:
        """Whether the weights never change."""
        return self.slots * self.members == 1

    @property
    def accumulator_bits(self) -> int:
        """Bits of all accumulators."""
        return sum(field.accumulator_bits for field in self.fields)


def plan_product(
    matrices: tuple[Codes, ...], schedule: ProductSchedule, data: Format, *, operand_register: bool, pack: bool
) -> ProductPlan:
    """Cut matrices ``(n_rows, n_columns)``, one for each member, into slots; what fills up a group or a block is 0."""
    n_rows, n_columns = matrices[0].shape
    groups, blocks = schedule.groups(n_rows), schedule.blocks(n_columns)
    padded = np.zeros((len(matrices), groups * schedule.rows, blocks * schedule.columns), np.int64)
    padded[:, :n_rows, :n_columns] = np.stack(matrices)
    cut = padded.reshape(len(matrices), groups, schedule.rows, blocks, schedule.columns)
    weights = cut.transpose(0, 1, 3, 2, 4).reshape(len(matrices), groups * blocks, schedule.rows, schedule.columns)
    # A constant operand is a matter of shifts and adders: no multiplier to share.
    fields = fields_of(weights, blocks, data, pack=pack and weights.shape[0] * weights.shape[1] > 1)
    tree = schedule.tree(n_rows, n_columns)
    return ProductPlan(fields, groups, blocks, schedule.columns, data, operand_register, tree)


class Products(wiring.Component):
    """The multipliers.

    In the cycle of ``issue``, `slot` (its number in a group-major order, behind ``member * slots``) and `first` (of its group)
    say which; in the next, `operands` are taken, or 0 where `clear`. ``plan.latency`` cycles after its last slot was issued, a
    group's sums are in `accumulators`, for one cycle: each field's bits, one after another, from the lowest.
    """

    def __init__(self, plan: ProductPlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "slot": In(range(max(2, plan.slots * plan.members))),
                "first": In(1),
                "operands": In(unsigned(plan.columns * plan.data.width)),
                "clear": In(1),
                "accumulators": Out(unsigned(plan.accumulator_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build weights, multipliers, adder trees and accumulators."""
        m = Module()
        plan = self.plan
        weights = self._weights(m)
        shape = shape_of(plan.data)
        first = _delayed(m, self.first, plan.latency - 1, "first")
        operands = [
            typed(self.operands[column * plan.data.width :][: plan.data.width], shape) for column in range(plan.columns)
        ]
        # Where operands come straight from a register, it is the products that are cleared: that costs their registers' reset.
        if plan.operand_register:
            operands = [
                later(m, Mux(self.clear, 0, value), f"operand_{column}") for column, value in enumerate(operands)
            ]
            clear: Value = Const(0, 1)
        else:
            clear = self.clear
        accumulators = []
        for number, (field, row) in enumerate(zip(plan.fields, weights, strict=True)):
            # A constant's product may be the operand itself: with a reset it is no shift register, whose output would come late.
            terms: list[Value] = [
                later(m, Mux(clear, 0, weight * operand), f"product_{number}_{column}", reset=plan.constant)
                for column, (weight, operand) in enumerate(zip(row, operands, strict=True))
            ]
            for stage, arity in enumerate(plan.tree):
                terms = [
                    later(m, total(terms[start : start + arity]), f"sum_{number}_{stage}_{start // arity}")
                    for start in range(0, len(terms), arity)
                ]
            accumulator = Signal(signed(field.accumulator_bits), name=f"accumulator_{number}")
            # In this form, and with no enable, a DSP slice takes in the adder and the choice.
            before = Const(0, 1) if plan.blocks == 1 else Mux(first, 0, accumulator)
            m.d.sync += accumulator.eq(total(terms) + before)
            accumulators.append(accumulator)
        m.d.comb += self.accumulators.eq(Cat(accumulators))
        return m

    def _weights(self, m: Module) -> list[list[Value]]:
        """Return every field's weights, to be multiplied by the operands: constants, or read from memory a slot a cycle."""
        plan = self.plan
        if plan.constant:
            return [
                [Const(int(weight), signed(field.weight_bits)) for weight in field.weights[0, 0]]
                for field in plan.fields
            ]
        width = sum(field.weight_bits for field in plan.fields) * plan.columns
        words = [self._word(member, slot) for member in range(plan.members) for slot in range(plan.slots)]
        m.submodules.weights = memory = rom(words, width)
        read = memory.read_port()
        m.d.comb += read.addr.eq(self.slot)
        values: list[list[Value]] = []
        start = 0
        for number, field in enumerate(plan.fields):
            row: list[Value] = []
            for column in range(plan.columns):
                weight: Value = read.data[start : start + field.weight_bits].as_signed()
                start += field.weight_bits
                row.append(later(m, weight, f"weight_{number}_{column}") if plan.operand_register else weight)
            values.append(row)
        return values

    def _word(self, member: int, slot: int) -> int:
        word = start = 0
        for field in self.plan.fields:
            for weight in field.weights[member, slot].tolist():
                word |= (weight & ((1 << field.weight_bits) - 1)) << start
                start += field.weight_bits
        return word


@dataclass(frozen=True, eq=False)
class RowSum:
    """``(left + right + carry) * 2**n + low``, with the n bits of `low`: a row's sum, in one adder.

    Attributes
    ----------
    left, right
        Signed.
    carry
        A bit; ``None`` where there is none.
    low
        Bits below.
    """

    left: Value
    right: Value
    carry: Value | None
    low: Value

    @property
    def total(self) -> Value:
        """The sum, signed."""
        if self.carry is None:
            return Cat(self.low, self.left + self.right).as_signed()
        # The carry goes in below the last place, so that there is one chain only.
        chain = Cat(Const(1, 1), self.left).as_signed() + Cat(self.carry, self.right).as_signed()
        return Cat(self.low, chain[1:]).as_signed()

    def ends_in_zeros(self, bits: int) -> Value:
        """Return whether the sum's last `bits` bits are 0, without waiting for the adder.

        All are 0 if each place's bits differ exactly where the place below carries, and where everything below is 0, a place
        carries if it has a 1 at all (Cortadella and Llaberia, "Evaluation of A + B = K Conditions Without Carry Propagation",
        1992).
        """
        places = bits - len(self.low)
        if places <= 0:
            return self.low[: max(0, bits)] == 0
        left = extended(self.left, places)
        right = extended(self.right, places)
        below = Cat(Const(0, 1) if self.carry is None else self.carry, left | right)[:places]
        return ((left ^ right ^ below) == 0) & (self.low == 0)


def sums_of(fields: tuple[Field, ...], accumulators: Value, addends: list[Value], shift: int) -> list[RowSum]:
    """Return ``accumulator * 2**shift + addend`` for every row, in the order of the rows.

    Parameters
    ----------
    accumulators
        The fields' bits, one after another.
    addends
        Signed, a row each.
    shift
        Fractional bits that addends have beyond those of the accumulators: these are the addend's alone.
    """
    sums: list[RowSum] = []
    start = 0
    for field in fields:
        bits = accumulators[start : start + field.accumulator_bits]
        start += field.accumulator_bits
        rows: list[tuple[Value, Value | None]] = [(bits.as_signed(), None)]
        if field.shift:
            # Where the lower row is negative, the other one is one too small.
            rows = [(bits[: field.shift].as_signed(), None), (bits[field.shift :].as_signed(), bits[field.shift - 1])]
        for value, carry in reversed(rows) if field.swapped else rows:
            addend = addends[len(sums)]
            sums.append(RowSum(value, addend[shift:].as_signed(), carry, addend[:shift]))
    return sums


def _delayed(m: Module, value: Value, cycles: int, name: str) -> Value:
    for number in range(cycles):
        value = later(m, value, f"{name}_{number}")
    return value
