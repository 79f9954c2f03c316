"""The multipliers with their adder trees and accumulators: exact sums, in the cycle that the plan says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Const, Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from support.streaming import simulate_bench

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.rtl.arithmetic import extended
from hw_trigger.rtl.products import ProductPlan, Products, plan_product, sums_of
from hw_trigger.rtl.schedule import ProductSchedule

SUM_BITS = 30

ZEROS = 5
"""Last bits of a sum that are looked at."""


@dataclass(frozen=True)
class Job:
    """Rows of a group, their addends, the addends' own fractional bits, and whose weights are used."""

    rows: int
    addends: list[int]
    shift: int
    member: int


class Sums(wiring.Component):
    """Products, and what is read of their accumulators with an addend of each row."""

    def __init__(self, plan: ProductPlan, job: Job) -> None:
        self.plan, self.job = plan, job
        self.products = Products(plan)
        super().__init__(
            {
                "slot": In(8),
                "first": In(1),
                "operands": In(unsigned(plan.columns * plan.data.width)),
                "sums": Out(unsigned(job.rows * SUM_BITS)),
                "zeros": Out(job.rows),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.products = products = self.products
        addends: list[Any] = [Const(addend, signed(SUM_BITS)) for addend in self.job.addends]
        sums = sums_of(self.plan.fields, products.accumulators, addends, self.job.shift)
        m.d.comb += [
            products.slot.eq(self.slot),
            products.first.eq(self.first),
            products.operands.eq(self.operands),
            self.sums.eq(Cat(extended(row.total, SUM_BITS) for row in sums)),
            self.zeros.eq(Cat(row.ends_in_zeros(ZEROS) for row in sums)),
        ]
        return m


def sums_seen(plan: ProductPlan, job: Job, operands: Codes) -> list[int]:
    """Return the sums of all groups, each looked at `latency` cycles after its last slot was issued, and in no other."""
    block = Sums(plan, job)
    found: list[int] = []

    async def bench(ctx: Any) -> None:
        ready = {(group + 1) * plan.blocks - 1 + plan.latency for group in range(plan.groups)}
        for cycle in range(plan.slots + plan.latency + 1):
            if cycle in ready:
                bits = ctx.get(block.sums)
                words = [bits >> SUM_BITS * row & ((1 << SUM_BITS) - 1) for row in range(job.rows)]
                assert ctx.get(block.zeros) == sum((word % 2**ZEROS == 0) << row for row, word in enumerate(words))
                found.extend(word - (word >> (SUM_BITS - 1) << SUM_BITS) for word in words)
            slot = min(cycle, plan.slots - 1)
            ctx.set(block.slot, job.member * plan.slots + slot)
            ctx.set(block.first, slot % plan.blocks == 0)
            given = operands[(cycle - 1) % plan.blocks] if cycle else operands[0]  # those of the slot before
            ctx.set(block.operands, packed(given, plan.data.width))
            await ctx.tick()

    simulate_bench(block, bench)
    return found


def packed(codes: Codes, width: int) -> int:
    return sum((int(code) & ((1 << width) - 1)) << width * place for place, code in enumerate(codes))


@pytest.mark.parametrize("operand_register", [True, False])
@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3), (3, 2), (4, 7), (8, 4), (8, 5)])
@pytest.mark.parametrize("shift", [0, 3])
def test_sums_are_exact(rows: int, columns: int, pack: bool, operand_register: bool, shift: int) -> None:
    rng = np.random.default_rng(rows * 100 + columns)
    n_rows, n_columns, members = 8, 7, 2
    data = Format(6, 1, signed=bool(columns % 2))
    matrices = tuple(rng.integers(-100, 101, (n_rows, n_columns)) for _ in range(members))
    plan = plan_product(matrices, ProductSchedule(rows, columns), data, operand_register=operand_register, pack=pack)
    addends = rng.integers(-500, 500, rows).tolist()
    for member, matrix in enumerate(matrices):
        for vector in operand_vectors(matrix, data, rng):
            padded = np.zeros(plan.blocks * columns, np.int64)
            padded[:n_columns] = vector
            found = sums_seen(plan, Job(rows, addends, shift, member), padded.reshape(plan.blocks, columns))
            wanted = [int(total) * 2**shift + addends[row % rows] for row, total in enumerate(matrix @ vector)]
            assert found[:n_rows] == wanted
            assert found[n_rows:] == [addends[row % rows] for row in range(n_rows, plan.groups * rows)]


def operand_vectors(matrix: Codes, data: Format, rng: np.random.Generator) -> list[Codes]:
    """Return a random vector, and those with which the second row's sum is greatest and least."""
    rising = matrix[1] > 0
    anything = np.asarray(rng.integers(data.low, data.high + 1, matrix.shape[1]))
    return [
        anything,
        np.where(rising, data.high, data.low),
        np.where(rising, data.low, data.high),
    ]


def test_what_fills_up_is_nothing() -> None:
    plan = plan_product(
        (np.ones((5, 3), np.int64),), ProductSchedule(2, 2), Format(4, 1), operand_register=True, pack=False
    )
    assert (plan.groups, plan.blocks, plan.slots) == (3, 2, 6)
    assert sum(int(field.weights.sum()) for field in plan.fields) == 15
    assert [field.weights[0, -1].tolist() for field in plan.fields] == [[1, 0], [0, 0]]


def test_constant_weights_are_not_packed() -> None:
    """All at once: a constant operand needs no multiplier to share."""
    plan = plan_product(
        (np.ones((4, 3), np.int64),), ProductSchedule(4, 3), Format(4, 1), operand_register=True, pack=True
    )
    assert plan.constant
    assert all(field.rows == 1 for field in plan.fields)
