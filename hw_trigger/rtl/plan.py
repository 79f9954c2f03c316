"""Chooses a schedule: the shortest time between windows that a number of multipliers reaches, layers balanced.

A layer that is faster than the slowest one gains nothing, so that each gets the fewest multipliers with which it keeps up (Que
et al., "Recurrent Neural Networks With Column-Wise Matrix-Vector Multiplication on FPGAs", and "Accelerating Recurrent Neural
Networks for Gravitational Wave Experiments", 2021, balance layers in the same way).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.rtl.schedule import (
    N_GATES,
    LayerSchedule,
    LstmSchedule,
    LstmTiming,
    ProductSchedule,
    Schedule,
    ScheduleError,
)

FULLY_PARALLEL = 0
"""In place of a number of multipliers: as many as there are products."""


def plan(program: Program, multipliers: int = FULLY_PARALLEL, *, channels: int = 1, pack: bool = True) -> Schedule:
    """Return the schedule with the shortest time between windows that has at most so many multipliers of matrix products.

    Each layer gets the fewest multipliers that keep up; what is left of them then goes where it shortens the way of a window
    most.

    Parameters
    ----------
    multipliers
        The most that all layers have together; :data:`FULLY_PARALLEL`, by default, sets no limit.
    channels
        Channels that are interleaved.

    Raises
    ------
    ScheduleError
        Fewer multipliers than products are asked for.
    """
    least = sum(2 if isinstance(layer, Lstm) else 1 for layer in program.layers)
    if multipliers != FULLY_PARALLEL and multipliers < least:
        raise ScheduleError(
            f"program {program.name!r} has {least} matrix products, and rtl.multipliers is {multipliers}; it must be {least} "
            "or more, or 0 for as many as make it fastest"
        )
    choices = {layer.name: list(_choices(layer, channels, sequence)) for layer, sequence, _ in program.flow()}
    floor = channels * program.steps
    intervals = sorted({max(floor, interval) for layer in choices.values() for interval, _ in layer})
    low, high = 0, len(intervals) - 1
    while low < high:  # the first interval that can be afforded
        middle = (low + high) // 2
        if _affordable(choices, intervals[middle], multipliers):
            high = middle
        else:
            low = middle + 1
    layers = _cheapest(choices, intervals[low])
    if multipliers != FULLY_PARALLEL:
        left = multipliers - sum(layer.multipliers for layer in layers.values())
        _spend(program, layers, left, intervals[low], channels)
    return Schedule(layers, channels, pack)


def _spend(program: Program, layers: dict[str, LayerSchedule], left: int, interval: int, channels: int) -> None:
    """Use the multipliers that are left for a shorter way of a window: again and again where one gains most cycles."""
    flow = {layer.name: (layer, sequence) for layer, sequence, _ in program.flow()}
    others = {
        name: [
            (way(layer, choice, channels), choice)
            for cycles, choice in _all_choices(layer, channels, sequence)
            if cycles <= interval
        ]
        for name, (layer, sequence) in flow.items()
    }
    while True:
        gains = []
        for name, choices in others.items():
            now = layers[name]
            cycles = way(flow[name][0], now, channels)
            for shorter, choice in choices:
                more = choice.multipliers - now.multipliers
                if shorter < cycles and more <= left:
                    gains.append(((cycles - shorter) / max(more, 1), more, name, choice))
        if not gains:
            return
        _, more, name, choice = max(gains, key=lambda gain: (gain[0], -gain[1]))
        layers[name] = choice
        left -= more


def way(layer: Lstm | Dense, schedule: LayerSchedule, channels: int) -> int:
    """Return the cycles that a layer adds to the way of a window: its slots, and the steps that cannot begin before."""
    if isinstance(schedule, LstmSchedule) and isinstance(layer, Lstm):
        timing = LstmTiming(layer, schedule, channels)
        return timing.input_slots + layer.steps * channels * timing.spacing
    if isinstance(schedule, ProductSchedule) and isinstance(layer, Dense):
        return schedule.slots(layer.n_outputs, layer.n_inputs)
    raise RuntimeError(f"layer {layer.name!r} has the schedule of another kind")


Choices = dict[str, list[tuple[int, LayerSchedule]]]


def _affordable(choices: Choices, interval: int, multipliers: int) -> bool:
    try:
        cheapest = _cheapest(choices, interval)
    except ScheduleError:
        return False
    return multipliers == FULLY_PARALLEL or sum(layer.multipliers for layer in cheapest.values()) <= multipliers


def _cheapest(choices: Choices, interval: int) -> dict[str, LayerSchedule]:
    """Return for each layer the schedule with the fewest multipliers that is no slower than `interval`, of those the fastest."""
    found: dict[str, LayerSchedule] = {}
    for name, layer in choices.items():
        fast_enough = [(schedule.multipliers, cycles, schedule) for cycles, schedule in layer if cycles <= interval]
        if not fast_enough:
            raise ScheduleError(f"layer {name!r} has no schedule of {interval} cycles a window")
        found[name] = min(fast_enough, key=lambda item: item[:2])[2]
    return found


def _choices(layer: Lstm | Dense, channels: int, sequence: bool) -> Iterator[tuple[int, LayerSchedule]]:
    """Yield schedules of a layer with the cycles from one window to the next, of all channels."""
    if isinstance(layer, Dense):
        vectors = channels * (layer.steps if sequence else 1)
        for product in products(layer.n_outputs, layer.n_inputs):
            yield vectors * product.slots(layer.n_outputs, layer.n_inputs), product
        return
    for state in state_products(layer.n_units):
        enough = input_product(layer, state, channels)
        # No state's product has fewer multipliers than one: with that, the input's may be the slower of the two.
        lesser = _input_products(layer, state, channels, below=enough.multipliers) if state.multipliers == 1 else []
        for product in (enough, *lesser):
            schedule = LstmSchedule(product, state)
            yield LstmTiming(layer, schedule, channels).interval, schedule


def _all_choices(layer: Lstm | Dense, channels: int, sequence: bool) -> Iterator[tuple[int, LayerSchedule]]:
    """Yield what :func:`_choices` does, and for LSTMs every product of the input beside every one of the state."""
    if isinstance(layer, Dense):
        yield from _choices(layer, channels, sequence)
        return
    for state in state_products(layer.n_units):
        for product in _input_products(layer, state, channels):
            schedule = LstmSchedule(product, state)
            yield LstmTiming(layer, schedule, channels).interval, schedule


def input_product(layer: Lstm, state: ProductSchedule, channels: int) -> ProductSchedule:
    """Return the least product of the input that the state's product does not wait for."""
    timing = LstmTiming(layer, LstmSchedule(ProductSchedule(1, 1), state), channels)
    available = timing.spacing * (layer.steps if layer.repeat_input else 1)
    rows, columns = N_GATES * layer.n_units, layer.n_inputs
    fitting = _input_products(layer, state, channels)
    in_time = [product for product in fitting if product.slots(rows, columns) <= available]
    if in_time:
        return min(in_time, key=lambda product: (product.multipliers, product.slots(rows, columns), product.columns))
    return max(fitting, key=lambda product: product.multipliers)


def _input_products(
    layer: Lstm, state: ProductSchedule, channels: int, *, below: float = math.inf
) -> list[ProductSchedule]:
    """Return the layouts of the input's product whose units the gate lanes can take, with fewer multipliers than `below`."""
    lanes = LstmTiming(layer, LstmSchedule(ProductSchedule(1, 1), state), channels).lanes
    return [
        product
        for product in products(N_GATES * layer.n_units, layer.n_inputs)
        if product.multipliers < below
        and (product.rows in {1, 2} or product.rows % N_GATES == 0)
        and _shares(max(1, product.rows // N_GATES), lanes)
    ]


def _shares(one: int, other: int) -> bool:
    return max(one, other) % min(one, other) == 0


def state_products(n_units: int) -> Iterator[ProductSchedule]:
    """Yield the layouts of a state's product: groups of rows a column at a time, then all rows and several columns."""
    rows = [1, 2, *(N_GATES * math.ceil(n_units / groups) for groups in range(n_units, 0, -1))]
    yield from (ProductSchedule(count, 1) for count in sorted(set(rows)))
    yield from (
        ProductSchedule(N_GATES * n_units, columns) for columns in range(2, n_units + 1) if n_units % columns == 0
    )


@lru_cache(maxsize=1024)
def products(n_rows: int, n_columns: int) -> tuple[ProductSchedule, ...]:
    """Return the layouts of a product that none other with as many multipliers beats, from few to many of them."""
    row_counts = sorted({math.ceil(n_rows / groups) for groups in range(1, n_rows + 1)})
    column_counts = sorted({math.ceil(n_columns / blocks) for blocks in range(1, n_columns + 1)})
    return tuple(ProductSchedule(rows, columns) for rows in row_counts for columns in column_counts)
