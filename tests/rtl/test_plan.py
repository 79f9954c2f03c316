"""The planner: no more multipliers than allowed, none wasted, and never slower with more of them."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import Sizes, random_classifier, random_program

from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.rtl.plan import FULLY_PARALLEL, plan, products, state_products, way
from hw_trigger.rtl.schedule import ProductSchedule, Schedule, ScheduleError, check, layer_interval

SIZES = [
    Sizes(5, 1, (4,), 3, (4,)),
    Sizes(3, 2, (7, 3), 2, (5, 6)),
    Sizes(6, 3, (8,), 1, (2, 12)),
    Sizes(2, 1, (1,), 1, (1,)),
]


@cache
def program(number: int) -> Program:
    if number == len(SIZES):
        return random_classifier(0, steps=4, units=(6, 5), hidden=(3,))
    return random_program(number, SIZES[number])


def least(of: Program) -> int:
    return sum(2 if isinstance(layer, Lstm) else 1 for layer in of.layers)


numbers = st.integers(0, len(SIZES))
channel_counts = st.integers(1, 9)


@settings(max_examples=100, deadline=None)
@given(numbers, st.integers(0, 600), channel_counts)
def test_the_budget_is_kept(number: int, more: int, channels: int) -> None:
    found = program(number)
    budget = least(found) + more
    schedule = plan(found, budget, channels=channels)
    check(found, schedule)
    assert schedule.multipliers <= budget
    assert schedule.channels == channels


@settings(max_examples=100, deadline=None)
@given(numbers, st.integers(0, 300), st.integers(0, 300), channel_counts)
def test_more_multipliers_are_never_slower(number: int, some: int, more: int, channels: int) -> None:
    found = program(number)
    budget = least(found) + some
    few, many = (plan(found, count, channels=channels) for count in (budget, budget + more))
    assert many.interval(found) <= few.interval(found)
    assert plan(found, channels=channels).interval(found) <= many.interval(found)


@settings(max_examples=30, deadline=None)
@given(numbers, st.integers(0, 200), channel_counts)
def test_no_multiplier_is_left_that_would_shorten_the_way(number: int, more: int, channels: int) -> None:
    """Nor is one spent for nothing: whatever other layout of a dense layer's product has fewer has a longer way, or is too
    slow.
    """
    found = program(number)
    budget = least(found) + more
    schedule = plan(found, budget, channels=channels)
    interval, left = schedule.interval(found), budget - schedule.multipliers
    for layer, sequence, _ in found.flow():
        if isinstance(layer, Lstm):
            continue
        own = schedule.product(layer)
        for other in products(layer.n_outputs, layer.n_inputs):
            alone = Schedule({layer.name: other}, channels)
            shorter = way(layer, other, channels) < way(layer, own, channels)
            slower = layer_interval(layer, alone, sequence) > interval
            assert not (shorter and other.multipliers - own.multipliers <= left) or slower
            if other.multipliers < own.multipliers:
                assert slower or way(layer, other, channels) > way(layer, own, channels)


@pytest.mark.parametrize("number", range(len(SIZES) + 1))
@pytest.mark.parametrize("channels", [1, 4])
def test_without_a_limit_nothing_is_faster(number: int, channels: int) -> None:
    """No schedule has a shorter time between windows, and the same is reached with as many multipliers, not with one fewer."""
    found = program(number)
    schedule = plan(found, FULLY_PARALLEL, channels=channels)
    check(found, schedule)
    assert plan(found, schedule.multipliers, channels=channels).interval(found) == schedule.interval(found)
    if schedule.multipliers > least(found):
        assert plan(found, schedule.multipliers - 1, channels=channels).interval(found) > schedule.interval(found)


@pytest.mark.parametrize("pack", [True, False])
def test_packing_is_passed_on(pack: bool) -> None:
    assert plan(program(0), pack=pack).pack is pack


@pytest.mark.parametrize("multipliers", [1, 5])
def test_too_few_multipliers(multipliers: int) -> None:
    message = (
        f"program 'random_0' has 6 matrix products, and rtl.multipliers is {multipliers}; it must be 6 or more, or 0 for as many "
        "as make it fastest"
    )
    with pytest.raises(ScheduleError, match=f"^{re.escape(message)}$"):
        plan(program(0), multipliers)


def test_layouts_of_a_state() -> None:
    found = [(each.rows, each.columns) for each in state_products(4)]
    assert found == [(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (16, 2), (16, 4)]


def test_layouts_of_a_product() -> None:
    assert set(products(3, 2)) == {ProductSchedule(rows, columns) for rows in (1, 2, 3) for columns in (1, 2)}
