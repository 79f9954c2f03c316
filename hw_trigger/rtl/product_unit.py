"""A matrix product of the vectors of a stream: takes a vector when it may, works through its slots, gives the groups' sums."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.arithmetic import extended, quantize
from hw_trigger.rtl.flow import counter
from hw_trigger.rtl.memories import constant_table
from hw_trigger.rtl.products import ProductPlan, Products, plan_product, sums_of
from hw_trigger.rtl.schedule import ProductSchedule
from hw_trigger.rtl.streams import vector


def sum_width(accumulators: Iterable[Format], offset: int, fewest: int) -> int:
    """Return the bits of a layer's sums: those of the widest accumulator and one more, for the rounding offset.

    Where the constants are small, both the offset and the constant's own fractional bits may be more than the accumulator has.

    Parameters
    ----------
    accumulators
        Exact formats of the sums, of every member.
    offset
        Greatest rounding offset in them.
    fewest
        Fractional bits that sums have beyond products: a sum has one more at least.
    """
    widest = max(accumulator.width for accumulator in accumulators)
    return max(widest, offset.bit_length() + 1, fewest) + 1


class ProductUnit(wiring.Component):
    """Computes ``W quantize(x) + constant`` of every vector x of a stream.

    Ports: the stream `input`; `allowed`, whether a vector may be taken; `taken`, when one is; `done`, when a group's sums are in
    `sums`: signed numbers of `sum_bits`, the rows in order from the lowest bits. Vectors are those of channels in turn.

    Parameters
    ----------
    matrices, constants
        Codes ``(n_rows, n_inputs)`` and ``(n_rows,)`` of each member; constants have the fraction of `sum_fraction`.
    source, data
        Formats of what comes, and of what is multiplied.
    product_fraction, sum_fraction
        Fractional bits of products, and of sums.
    """

    def __init__(
        self,
        matrices: tuple[Codes, ...],
        constants: tuple[Codes, ...],
        source: Format,
        data: Format,
        schedule: ProductSchedule,
        *,
        product_fraction: int,
        sum_fraction: int,
        sum_bits: int,
        pack: bool,
    ) -> None:
        self.plan: ProductPlan = plan_product(matrices, schedule, data, operand_register=True, pack=pack)
        self.constants, self.source, self.data, self.rows = constants, source, data, schedule.rows
        self.shift, self.sum_bits = sum_fraction - product_fraction, sum_bits
        super().__init__(
            {
                "input": In(stream.Signature(vector(source, matrices[0].shape[1]))),
                "allowed": In(1),
                "taken": Out(1),
                "done": Out(1),
                "sums": Out(unsigned(schedule.rows * sum_bits)),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from when a vector is taken to when its last group's sums are there, taken at once."""
        return self.plan.slots + 1 + self.plan.latency

    def elaborate(self, _platform: object) -> Module:
        """Build the counters of slots, and what gives the multipliers their operands."""
        m = Module()
        plan = self.plan
        m.submodules.product = product = Products(plan)
        active = Signal()
        slot, _ = counter(m, active, plan.slots * plan.members, "slot")
        block, last_block = counter(m, active, plan.blocks, "block")
        _, last_of_vector = counter(m, active, plan.slots, "slot_of_vector")
        m.d.comb += [
            self.input.ready.eq(self.allowed & (~active | last_of_vector)),
            self.taken.eq(self.input.ready & self.input.valid),
        ]
        with m.If(self.taken):
            m.d.sync += active.eq(1)
        with m.Elif(last_of_vector):
            m.d.sync += active.eq(0)
        operands = Signal(plan.columns * self.data.width, reset_less=True)
        m.d.sync += operands.eq(self._block(m, block))
        m.d.comb += [product.slot.eq(slot), product.first.eq(block == 0), product.operands.eq(operands)]
        self._finish(m, active & last_block, product)
        return m

    def _block(self, m: Module, block: Value) -> Value:
        """Return the operands of a block, from the vector that was taken."""
        plan, width = self.plan, self.data.width
        codes = [
            quantize(self.input.payload[place], self.source.fraction, self.data)
            for place in range(len(self.input.payload))
        ]
        codes += [Const(0, width)] * (plan.blocks * plan.columns - len(codes))
        held = Signal(len(codes) * width, name="vector", reset_less=True)
        with m.If(self.taken):
            m.d.sync += held.eq(Cat(Value.cast(code)[:width] for code in codes))
        return held.word_select(block, plan.columns * width) if plan.blocks > 1 else held

    def _finish(self, m: Module, last: Value, product: Products) -> None:
        """Say when a group's sums are there, and add the constants, which are looked up in the cycle before."""
        plan = self.plan
        for number in range(plan.latency):
            # One cycle before the sums, so that the constants come out of a register with them.
            soon, done = last, Signal(name=f"done_{number}")
            m.d.sync += done.eq(last)
            last = done
        group, _ = counter(m, soon, plan.groups * len(self.constants), "group")
        padding = plan.groups * self.rows
        addends = []
        for row in range(self.rows):
            addend = Signal(signed(self.sum_bits), name=f"constant_{row}")
            words = [
                int(codes[place]) if place < len(codes) else 0
                for codes in self.constants
                for place in range(row, padding, self.rows)
            ]
            m.d.sync += addend.eq(constant_table(words, signed(self.sum_bits), group))
            addends.append(addend)
        sums = sums_of(plan.fields, product.accumulators, addends, self.shift)
        m.d.comb += [self.done.eq(last), self.sums.eq(Cat(extended(row.total, self.sum_bits) for row in sums))]
