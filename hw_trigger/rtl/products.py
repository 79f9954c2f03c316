"""The multipliers of a matrix product: weights, products, adder tree, accumulators; one block of one group a cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.arithmetic import shape_of, total, typed
from hw_trigger.rtl.memories import rom
from hw_trigger.rtl.packing import Field, fields_of
from hw_trigger.rtl.schedule import TREE_ARITY, ProductSchedule, tree_stages


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
    """

    fields: tuple[Field, ...]
    groups: int
    blocks: int
    columns: int
    data: Format
    operand_register: bool

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
        return 1 + self.operand_register + 1 + self.tree_stages + 1

    @property
    def tree_stages(self) -> int:
        """Registers of the adder tree before the accumulator."""
        return tree_stages(self.columns, accumulates=self.blocks > 1)

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
    return ProductPlan(fields, groups, blocks, schedule.columns, data, operand_register)


class Products(wiring.Component):
    """The multipliers.

    In the cycle of ``issue``, `slot` (its number in a group-major order, behind ``member * slots``) and `first` (of its group) say
    which; in the next, `operands` are taken. ``plan.latency`` cycles after its last slot was issued, a group's sums are in
    `accumulators`, for one cycle: each field's bits, one after another, from the lowest.
    """

    def __init__(self, plan: ProductPlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "slot": In(range(max(2, plan.slots * plan.members))),
                "first": In(1),
                "operands": In(unsigned(plan.columns * plan.data.width)),
                "accumulators": Out(unsigned(plan.accumulator_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        plan = self.plan
        weights = self._weights(m)
        shape = shape_of(plan.data)
        first = _delayed(m, self.first, plan.latency - 1, "first")
        operands = [
            typed(self.operands[column * plan.data.width :][: plan.data.width], shape) for column in range(plan.columns)
        ]
        if plan.operand_register:
            operands = [_registered(m, value, f"operand_{column}") for column, value in enumerate(operands)]
        accumulators = []
        for number, (field, row) in enumerate(zip(plan.fields, weights, strict=True)):
            terms: list[Value] = [
                _registered(m, weight * operand, f"product_{number}_{column}")
                for column, (weight, operand) in enumerate(zip(row, operands, strict=True))
            ]
            for stage in range(plan.tree_stages):
                terms = [
                    _registered(m, total(terms[start : start + TREE_ARITY]), f"sum_{number}_{stage}_{start // TREE_ARITY}")
                    for start in range(0, len(terms), TREE_ARITY)
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
                row.append(_registered(m, weight, f"weight_{number}_{column}") if plan.operand_register else weight)
            values.append(row)
        return values

    def _word(self, member: int, slot: int) -> int:
        word = start = 0
        for field in self.plan.fields:
            for weight in field.weights[member, slot].tolist():
                word |= (weight & ((1 << field.weight_bits) - 1)) << start
                start += field.weight_bits
        return word


def sums_of(fields: tuple[Field, ...], accumulators: Value, addends: list[Value], shift: int) -> list[Value]:
    """Return ``accumulator * 2**shift + addend`` for every row, signed, in the order of the rows: one adder each.

    Parameters
    ----------
    accumulators
        The fields' bits, one after another.
    addends
        Signed, a row each.
    shift
        Fractional bits that addends have beyond those of the accumulators: these are the addend's alone.
    """
    upper = [addend[shift:].as_signed() for addend in addends]
    sums: list[Value] = []
    start = 0
    for field in fields:
        bits = accumulators[start : start + field.accumulator_bits]
        start += field.accumulator_bits
        first = len(sums)
        if not field.shift:
            sums.append(bits.as_signed() + upper[first])
            continue
        lower, higher = (1, 0) if field.swapped else (0, 1)
        low = bits[: field.shift].as_signed() + upper[first + lower]
        # Where the lower row is negative, the other one is one too small. The carry goes in below the last place.
        raised = Cat(Const(1, 1), bits[field.shift :]).as_signed()
        carry = Cat(bits[field.shift - 1], upper[first + higher]).as_signed()
        high = (raised + carry)[1:].as_signed()
        sums += [high, low] if field.swapped else [low, high]
    return [Cat(addend[:shift], value).as_signed() for addend, value in zip(addends, sums, strict=True)]


def _registered(m: Module, value: Value, name: str) -> Value:
    register = Signal(value.shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register


def _delayed(m: Module, value: Value, cycles: int, name: str) -> Value:
    for number in range(cycles):
        value = _registered(m, value, f"{name}_{number}")
    return value
