"""Schedules: how many multipliers each layer has, and in how many cycles it then computes a step.

A matrix product is computed by ``rows * columns`` multipliers. Its rows are the results, taken `rows` at a time (a *group*); its
columns are the operands, taken `columns` at a time (a *block*). Every cycle of a product is a *slot*: one block of one group.

An LSTM has two products: that of its input, which is computed ahead, and that of its state, which is the loop that a step must
wait for. Rows of both are in the order unit, then gate, so that a unit's gates are ready together. Results go through *gate
lanes*, each of which takes one unit a cycle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.program import GATES, Dense, Lstm, Program

N_GATES = len(GATES)

LUT_TABLE_BITS = 8
"""Tables with arguments of at most so many bits are read in the cycle of the rounding before them; wider ones are memories."""

TREE_ARITY = 4
"""Terms that are added up between two registers: two levels of adders, and a third into the accumulator."""

GATE_STAGES = 4
"""Cycles from a sum to the hidden state: gates, products with the cell state and the input gate, cell state, product with the
output gate. The hidden state is rounded and written in the one after."""


class ScheduleError(UserError):
    """A schedule that a program cannot have."""


@dataclass(frozen=True)
class ProductSchedule:
    """Multipliers of one matrix product.

    Attributes
    ----------
    rows, columns
        Results and operands that are worked on in one cycle.
    """

    rows: int
    columns: int

    @property
    def multipliers(self) -> int:
        """Multiplications a cycle."""
        return self.rows * self.columns

    def groups(self, n_rows: int) -> int:
        """Return the groups of `n_rows` results."""
        return math.ceil(n_rows / self.rows)

    def blocks(self, n_columns: int) -> int:
        """Return the blocks of `n_columns` operands."""
        return math.ceil(n_columns / self.columns)

    def slots(self, n_rows: int, n_columns: int) -> int:
        """Return the cycles of a product."""
        return self.groups(n_rows) * self.blocks(n_columns)

    def tree(self, n_rows: int, n_columns: int) -> tuple[int, ...]:
        """Return how many terms each stage of the adder tree adds up, which has a register behind every stage.

        The first adds pairs, which it does in DSP slices, between their multiplier and their output's register; a single slot's
        weights are constants, and its products are no DSP slices' matter. The others add :data:`TREE_ARITY` terms. What is left
        is added up in the cycle of the accumulator: a term more where nothing is accumulated, else a term less, as the
        accumulator itself and the choice before it have their part of the cycle.
        """
        terms, arities = self.columns, []
        if terms > 1 and self.slots(n_rows, n_columns) > 1:
            terms, arities = math.ceil(terms / 2), [2]
        while terms > TREE_ARITY + (1 if self.blocks(n_columns) == 1 else -1):
            terms = math.ceil(terms / TREE_ARITY)
            arities.append(TREE_ARITY)
        return tuple(arities)


@dataclass(frozen=True)
class LstmSchedule:
    """Multipliers of an LSTM layer: of the product of its input, and of its state."""

    input: ProductSchedule
    state: ProductSchedule

    @property
    def multipliers(self) -> int:
        """Multiplications a cycle."""
        return self.input.multipliers + self.state.multipliers


LayerSchedule = LstmSchedule | ProductSchedule


@dataclass(frozen=True)
class LstmTiming:
    """When an LSTM layer computes what, in cycles; the hardware is built from these figures, and simulation confirms them.

    Attributes
    ----------
    layer, schedule, channels
        Whose timing it is; channels are interleaved.
    """

    layer: Lstm
    schedule: LstmSchedule
    channels: int

    @property
    def units_per_group(self) -> int:
        """Units whose gates are ready together."""
        return max(1, self.schedule.state.rows // N_GATES)

    @property
    def unit_groups(self) -> int:
        """Groups of units a step; the last one may be filled up."""
        return math.ceil(self.layer.n_units / self.units_per_group)

    @property
    def blocks(self) -> int:
        """Blocks of the state."""
        return self.schedule.state.blocks(self.layer.n_units)

    @property
    def group_slots(self) -> int:
        """Slots of a group of units: with less than four rows, one unit's gates come one after another."""
        return self.blocks * max(1, N_GATES // self.schedule.state.rows)

    @property
    def slots(self) -> int:
        """Slots of a step: the cycles that its state's multipliers work."""
        return self.unit_groups * self.group_slots

    @property
    def lanes(self) -> int:
        """Gate lanes: as many as operands are read in a cycle, so that states come as fast as the next step reads them."""
        most = min(self.units_per_group, self.schedule.state.columns)
        columns = self.schedule.state.columns
        return next(n for n in range(most, 0, -1) if self.units_per_group % n == 0 and columns % n == 0)

    @property
    def batches(self) -> int:
        """Cycles in which the gate lanes take a group of units."""
        return self.units_per_group // self.lanes

    @property
    def total_batches(self) -> int:
        """Cycles of the gate lanes a step."""
        return self.unit_groups * self.batches

    @property
    def state_entries(self) -> int:
        """Places of states in memory."""
        return self.channels * self.banks_of_state

    @property
    def wide_gates(self) -> bool:
        """Whether the gates' tables are memories, which take a cycle more."""
        return max(gate.width for gate in self.layer.gates) > LUT_TABLE_BITS

    @property
    def wide_cell(self) -> bool:
        """Whether the table of the cell state is a memory."""
        return self.layer.cell.width > LUT_TABLE_BITS

    @property
    def banks_of_state(self) -> int:
        """States that are kept of each channel: two where some units are written before others were read."""
        return 1 if self.unit_groups == 1 else 2

    @property
    def operand_register(self) -> bool:
        """Whether operands are selected in a cycle of their own; where nothing is selected, they need none."""
        return self.blocks > 1 or self.channels * self.banks_of_state > 1

    @property
    def holds_sums(self) -> bool:
        """Whether sums wait in a register for the gate lanes: they are chosen from there, with no choice before the lanes' adder.

        Where the gates' tables are memories, the adder has a cycle for itself, and the choice is made there.
        """
        return self.batches > 1 and not self.wide_gates

    @property
    def product_cycles(self) -> int:
        """Cycles from when a block is read to when the lanes can take its sum: operand, product, tree, accumulator, waiting."""
        tree = len(self.schedule.state.tree(N_GATES * self.layer.n_units, self.layer.n_units))
        return self.operand_register + 1 + tree + 1 + self.holds_sums

    @property
    def gate_cycles(self) -> int:
        """Cycles from a sum to when its hidden state can be read."""
        return GATE_STAGES + 1 + self.wide_gates + self.wide_cell

    @cached_property
    def period(self) -> int:
        """Cycles from a step to the next one of the same channel: until each block can be read when its slot comes."""
        longest = self.slots
        for block in range(self.blocks):
            unit = min((block + 1) * self.schedule.state.columns, self.layer.n_units) - 1
            group, place = divmod(unit, self.units_per_group)
            last_slot = (group + 1) * self.group_slots - 1
            written = last_slot + self.product_cycles + place // self.lanes + self.gate_cycles
            longest = max(longest, written - block)
        return longest

    @property
    def spacing(self) -> int:
        """Cycles from a step to the next one, of whichever channel."""
        return max(self.slots, math.ceil(self.period / self.channels))

    @property
    def input_slots(self) -> int:
        """Slots of the input's product."""
        return self.schedule.input.slots(N_GATES * self.layer.n_units, self.layer.n_inputs)

    @property
    def interval(self) -> int:
        """Cycles from one window to the next, of all channels."""
        vectors = self.channels * (1 if self.layer.repeat_input else self.layer.steps)
        return max(self.channels * self.layer.steps * self.spacing, vectors * self.input_slots)

    @property
    def busy(self) -> float:
        """Share of the cycles in which the state's multipliers work on weights, not on what fills up a group or a block."""
        return N_GATES * self.layer.n_units**2 / (self.schedule.state.multipliers * self.spacing)


@dataclass(frozen=True)
class Schedule:
    """Multipliers of a whole design.

    Attributes
    ----------
    layers
        By layer's name: an :class:`LstmSchedule` of an LSTM, a :class:`ProductSchedule` of a dense layer.
    channels
        Independent channels that share the design, interleaved sample by sample.
    pack
        Two products of narrow operands share one multiplication of 27 x 18 bits (a DSP48E2) where the weights allow it.
    """

    layers: Mapping[str, LayerSchedule]
    channels: int = 1
    pack: bool = True

    @property
    def multipliers(self) -> int:
        """Multiplications of matrix products a cycle."""
        return sum(layer.multipliers for layer in self.layers.values())

    def product(self, layer: Dense) -> ProductSchedule:
        """Return a dense layer's schedule."""
        found = self.layers[layer.name]
        if not isinstance(found, ProductSchedule):
            raise ScheduleError(f"layer {layer.name!r} is a dense layer, and its schedule is that of an LSTM")
        return found

    def timing(self, layer: Lstm) -> LstmTiming:
        """Return an LSTM layer's timing."""
        found = self.layers[layer.name]
        if not isinstance(found, LstmSchedule):
            raise ScheduleError(f"layer {layer.name!r} is an LSTM, and its schedule is that of a dense layer")
        return LstmTiming(layer, found, self.channels)

    def interval(self, program: Program) -> int:
        """Return the cycles from one window to the next, of all channels: those of the slowest layer."""
        samples = self.channels * program.steps
        return max([samples, *(layer_interval(layer, self, sequence) for layer, sequence, _ in program.flow())])


def layer_interval(layer: Lstm | Dense, schedule: Schedule, sequence: bool) -> int:
    """Return the cycles from one window to the next, of all channels, were the layer alone."""
    if isinstance(layer, Lstm):
        return schedule.timing(layer).interval
    vectors = schedule.channels * (layer.steps if sequence else 1)
    return vectors * schedule.product(layer).slots(layer.n_outputs, layer.n_inputs)


def check(program: Program, schedule: Schedule) -> None:
    """Check that a program can have a schedule.

    Raises
    ------
    ScheduleError
        It cannot; the message names the layer.
    """
    if schedule.channels < 1:
        raise ScheduleError(f"a design has {schedule.channels} channels; at least 1 is needed")
    names = {layer.name for layer in program.layers}
    if names != set(schedule.layers):
        raise ScheduleError(
            f"the schedule has the layers {', '.join(sorted(schedule.layers))}, and program {program.name!r} has "
            f"{', '.join(sorted(names))}"
        )
    for layer in program.layers:
        if isinstance(layer, Dense):
            _check_product(layer.name, schedule.product(layer), layer.n_outputs, layer.n_inputs)
            continue
        timing = schedule.timing(layer)
        for what, product, inputs in (
            ("input", timing.schedule.input, layer.n_inputs),
            ("state", timing.schedule.state, layer.n_units),
        ):
            name = f"{layer.name}.{what}"
            _check_product(name, product, N_GATES * layer.n_units, inputs)
            if product.rows % N_GATES and product.rows not in {1, 2}:
                raise ScheduleError(f"product {name!r} has {product.rows} rows; 1, 2 and multiples of 4 are possible")
        if timing.batches > timing.group_slots:
            raise ScheduleError(
                f"product '{layer.name}.state' has {timing.schedule.state.rows} rows and "
                f"{timing.schedule.state.columns} columns, for which {timing.lanes} gate lanes take {timing.batches} "
                "cycles, and the next units come after "
                f"{timing.group_slots}; choose columns that divide the units of a group, {timing.units_per_group}"
            )
        units = max(1, timing.schedule.input.rows // N_GATES)
        if max(units, timing.lanes) % min(units, timing.lanes):
            raise ScheduleError(
                f"product '{layer.name}.input' gives {units} units at a time, and {timing.lanes} gate lanes take them; one must "
                "divide the other"
            )


def _check_product(name: str, product: ProductSchedule, n_rows: int, n_columns: int) -> None:
    if not (1 <= product.rows <= n_rows and 1 <= product.columns <= n_columns):
        raise ScheduleError(
            f"product {name!r} has {product.rows} rows and {product.columns} columns; 1 to {n_rows} rows and 1 to {n_columns} "
            "columns are possible"
        )
