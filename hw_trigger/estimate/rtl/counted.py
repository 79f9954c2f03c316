"""What is counted of a block: multipliers and memories, which are exact, and operators, of which synthesis leaves a share."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.memories import distributed

NOTHING = Resources()
"""No resources."""


@dataclass(frozen=True)
class Counted:
    """The hardware of a block.

    Attributes
    ----------
    fixed
        DSP slices, block RAMs and LUTs that are memory: as many as are counted.
    tables
        LUTs of constants, and of what waits for its turn.
    operators
        LUTs of adders, comparisons, choices and counters, were each built by itself.
    registers
        Flip-flops outside DSP slices.
    """

    fixed: Resources = NOTHING
    tables: float = 0.0
    operators: float = 0.0
    registers: float = 0.0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.fixed + other.fixed,
            self.tables + other.tables,
            self.operators + other.operators,
            self.registers + other.registers,
        )

    def __rmul__(self, times: float) -> Counted:
        return Counted(self.fixed * times, self.tables * times, self.operators * times, self.registers * times)


def logic(luts: float, registers: float = 0.0) -> Counted:
    """Return operators of so many LUTs, and flip-flops."""
    return Counted(operators=luts, registers=registers)


def tables(luts: float, registers: float = 0.0) -> Counted:
    """Return constants, or what waits, of so many LUTs, and flip-flops."""
    return Counted(tables=luts, registers=registers)


def fixed(resources: Resources) -> Counted:
    """Return what is as it is counted."""
    return Counted(resources)


def count_to(*limits: int) -> Counted:
    """Return counters up to limits: an adder, a comparison and a register for each bit."""
    bits = sum(max(1, (limit - 1).bit_length()) for limit in limits)
    return Counted(operators=2 * bits, registers=bits)


def fifo(depth: int, width: int) -> Counted:
    """Return the queue behind a block: a memory that is read in the same cycle, its pointers, level and places."""
    return Counted(Resources(lut=distributed(depth, width))) + count_to(depth, depth, depth + 1, depth + 1)
