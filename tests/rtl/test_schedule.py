"""Schedules: closed forms equal what is simulated, and what cannot be is told."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from support.engines import compare, random_dense, random_lstm, timing
from support.programs import Sizes, random_program

from hw_trigger.rtl.schedule import (
    LayerSchedule,
    LstmSchedule,
    ProductSchedule,
    Schedule,
    ScheduleError,
    check,
    layer_interval,
)

# Units, rows and columns of the state, channels, and the cycles from a step to the next one worked out by hand. Without a table
# in memory: slots until the last sum is issued, operand (where one is selected), product, tree, accumulator, 5 of the gates.
BY_HAND = [
    # One group of one block: 1 slot, no selection, product, accumulator, gates: the sums are there in 2, the states in 5 more.
    ((4, 16, 4, 1), 0 + 2 + 5),
    # Four columns one after another: the first state is needed first. The lanes are 1, so unit k comes k cycles later, and the
    # sums wait in a register.
    ((4, 16, 1, 1), 3 + 3 + 1 + 5),
    # A unit a time: its 4 slots, and the last unit's state is needed for the last slot of the next step's first group.
    ((4, 4, 1, 1), 3 * 4 + 3 + 3 + 5 - 3),
]


@pytest.mark.parametrize(("numbers", "period"), BY_HAND)
def test_periods_by_hand(numbers: tuple[int, int, int, int], period: int) -> None:
    units, rows, columns, channels = numbers
    assert timing(random_lstm(units), 4, 1, rows, columns, channels=channels).period == period


SIMULATED = [
    # units, inputs, rows and columns of the input and of the state, channels
    (4, 1, 16, 1, 16, 1, 1),
    (4, 1, 16, 1, 16, 4, 1),
    (4, 1, 16, 1, 8, 2, 1),
    (4, 1, 16, 1, 4, 1, 1),
    (3, 2, 12, 2, 2, 1, 1),
    (3, 2, 12, 2, 1, 3, 1),
    (5, 1, 20, 1, 8, 1, 1),
    (5, 1, 20, 1, 20, 5, 1),
    (4, 1, 16, 1, 16, 1, 3),
    (4, 1, 16, 1, 8, 2, 2),
    (4, 1, 16, 1, 16, 4, 16),
]


@pytest.mark.parametrize("case", SIMULATED)
@pytest.mark.parametrize("table_bits", [6, 9])
def test_steps_come_as_often_as_the_closed_form_says(case: tuple[int, ...], table_bits: int) -> None:
    units, inputs, *numbers, channels = case
    if table_bits == 9 and channels > 3:
        return
    layer = random_lstm(units, inputs, steps=5 if channels < 4 else 2, table_bits=table_bits)
    found = timing(layer, *numbers, channels=channels)
    streams = compare((layer,), found)
    gaps = np.diff(streams.sinks["output"].cycles[channels:])  # behind the first step, whose inputs come one by one
    assert set(gaps.tolist()) == {found.spacing}


def test_channels_fill_the_time_that_one_waits() -> None:
    """One channel's states need no selection, which takes a cycle of those of several."""
    layer = random_lstm(4)
    timings = [timing(layer, 4, 1, 16, 4, channels=channels) for channels in (1, 2, 7, 8, 9)]
    assert [each.period for each in timings] == [7, 8, 8, 8, 8]
    assert [each.spacing for each in timings] == [7, 4, 2, 1, 1]


@pytest.mark.parametrize("repeat", [True, False])
def test_the_input_is_the_bottleneck_where_it_is_slower(repeat: bool) -> None:
    layer = random_lstm(4, 3, steps=4, repeat=repeat)
    found = timing(layer, 1, 1, 16, 4)
    assert found.input_slots == 48
    assert found.interval == max(4 * found.spacing, 48 * (1 if repeat else 4))
    streams = compare((layer,), found, windows=4)
    cycles = np.array(streams.sinks["output"].cycles).reshape(4, 4)
    assert set(np.diff(cycles[1:, 0]).tolist()) == {found.interval}


def test_dense_layers_take_a_product_a_vector() -> None:
    layer = random_dense(3, 4, steps=6)
    schedule = Schedule({"dense": ProductSchedule(2, 3)}, channels=2)
    assert layer_interval(layer, schedule, sequence=True) == 2 * 6 * 4
    assert layer_interval(layer, schedule, sequence=False) == 2 * 4


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_trees_leave_what_one_cycle_adds_up(groups: int, blocks: int) -> None:
    for terms in range(1, 300):
        tree = ProductSchedule(4, terms).tree(4 * groups, terms * blocks)
        left = terms
        for arity in tree:
            assert left > 1
            left = -(-left // arity)
        assert left <= (3 if blocks > 1 else 5)
        # Pairs first where products are in DSP slices, and no stage more than is needed.
        assert (tree[:1] == (2,)) == (groups * blocks > 1 and terms > 1)
        assert all(arity == 4 for arity in tree[1:])
        if len(tree) > 1:
            before = terms
            for arity in tree[:-1]:
                before = -(-before // arity)
            assert before > (3 if blocks > 1 else 5)


def test_busy_multipliers() -> None:
    assert timing(random_lstm(4), 4, 1, 16, 4, channels=8).busy == 1
    found = timing(random_lstm(5), 4, 1, 8, 1, channels=8)
    assert found.busy == pytest.approx(100 / (8 * found.spacing))


PROGRAM = random_program(1, Sizes(3, 1, (4,), 2, (4,)))
GOOD: dict[str, LayerSchedule] = {
    "encoder_0": LstmSchedule(ProductSchedule(4, 1), ProductSchedule(16, 1)),
    "latent": ProductSchedule(1, 1),
    "decoder_0": LstmSchedule(ProductSchedule(4, 1), ProductSchedule(16, 4)),
    "output": ProductSchedule(1, 1),
}


def test_a_good_schedule_is_accepted() -> None:
    check(PROGRAM, Schedule(GOOD))
    assert Schedule(GOOD).multipliers == 4 + 16 + 1 + 4 + 64 + 1


def refused(schedule: Schedule, message: str) -> None:
    with pytest.raises(ScheduleError, match=f"^{re.escape(message)}$"):
        check(PROGRAM, schedule)


def test_no_channels() -> None:
    refused(Schedule(GOOD, channels=0), "a design has 0 channels; at least 1 is needed")


def test_layers_of_another_program() -> None:
    others = {name: layer for name, layer in GOOD.items() if name != "latent"} | {"bottleneck": ProductSchedule(1, 1)}
    refused(
        Schedule(others),
        "the schedule has the layers bottleneck, decoder_0, encoder_0, output, and program 'random_1' has decoder_0, encoder_0, "
        "latent, output",
    )


def test_kinds_of_layers() -> None:
    refused(
        Schedule(GOOD | {"latent": GOOD["encoder_0"]}),
        "layer 'latent' is a dense layer, and its schedule is that of an LSTM",
    )
    refused(
        Schedule(GOOD | {"encoder_0": ProductSchedule(1, 1)}),
        "layer 'encoder_0' is an LSTM, and its schedule is that of a dense layer",
    )


@pytest.mark.parametrize("rows", [0, 3])
def test_rows_that_there_are_not(rows: int) -> None:
    refused(
        Schedule(GOOD | {"latent": ProductSchedule(rows, 1)}),
        f"product 'latent' has {rows} rows and 1 columns; 1 to 2 rows and 1 to 4 columns are possible",
    )


def test_columns_that_there_are_not() -> None:
    refused(
        Schedule(GOOD | {"encoder_0": LstmSchedule(ProductSchedule(4, 2), ProductSchedule(16, 1))}),
        "product 'encoder_0.input' has 4 rows and 2 columns; 1 to 16 rows and 1 to 1 columns are possible",
    )


@pytest.mark.parametrize("which", ["input", "state"])
def test_rows_that_split_units(which: str) -> None:
    layer = LstmSchedule(ProductSchedule(4, 1), ProductSchedule(16, 1))
    refused(
        Schedule(GOOD | {"encoder_0": replace(layer, **{which: ProductSchedule(6, 1)})}),
        f"product 'encoder_0.{which}' has 6 rows; 1, 2 and multiples of 4 are possible",
    )


def test_lanes_that_cannot_keep_up() -> None:
    """Three columns and four units: one lane, four cycles, and the next units two cycles later."""
    refused(
        Schedule(GOOD | {"encoder_0": LstmSchedule(ProductSchedule(4, 1), ProductSchedule(16, 3))}),
        "product 'encoder_0.state' has 16 rows and 3 columns, for which 1 gate lanes take 4 cycles, and the next units come "
        "after 2; choose columns that divide the units of a group, 4",
    )


def test_inputs_that_lanes_cannot_take() -> None:
    refused(
        Schedule(GOOD | {"encoder_0": LstmSchedule(ProductSchedule(12, 1), ProductSchedule(16, 4))}),
        "product 'encoder_0.input' gives 3 units at a time, and 4 gate lanes take them; one must divide the other",
    )
