"""Built-in telemetry with labelled anomalies, for machines without the recorded data.

Six channels with the signals that telemetry is made of, a seventh that is constant in training, and an eighth with so many
anomalies of each kind that a classifier can learn from some and be tested on others. Each is a function of its own clock, with
noise; the anomalies are those of the field: a spike, a drift, a frozen sensor, a change of frequency.
Training data have none. The same bytes come out on every machine: samples lie on the grid of a 14-bit converter, which
swallows the last-place differences between mathematical libraries.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import nearest
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel, Interval

TRAIN_LENGTH = 2400
TEST_LENGTH = 3600

GRID = 2.0**-12
"""Samples are multiples of this."""

SPACECRAFT = "SYNTHETIC"

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Recipe:
    """How a channel is made: its seed, its signal over the clock (in samples), its noise, its anomalies."""

    seed: int
    signal: Callable[[_Values], _Values]
    noise: float
    anomalies: tuple[Interval, ...]
    command: Callable[[_Values], _Values] | None = None


def _sine(clock: _Values) -> _Values:
    return 0.7 * np.sin(2 * np.pi * clock / 48)


def _two_tones(clock: _Values) -> _Values:
    return 0.5 * np.sin(2 * np.pi * clock / 80) + 0.25 * np.sin(2 * np.pi * clock / 20 + 1.0)


def _levels(clock: _Values) -> _Values:
    """Switch between four levels, as the modes of an instrument do."""
    return np.array([-0.6, 0.1, 0.6, 0.1])[(clock // 30).astype(np.int64) % 4]


def _sawtooth(clock: _Values) -> _Values:
    """Rise and fall back, as a tank or a counter does."""
    return 1.4 * ((clock / 60) % 1.0) - 0.7


def _heater(clock: _Values) -> _Values:
    """Warm up and cool down exponentially, as behind a two-point controller."""
    phase = (clock / 70) % 1.0
    return np.where(phase < 0.4, 0.7 - 1.3 * np.exp(-phase * 8), -0.6 + 1.25 * np.exp(-(phase - 0.4) * 8))


def _constant(clock: _Values) -> _Values:
    return np.full_like(clock, 0.5)


def _recurring() -> tuple[Interval, ...]:
    """Return 18 anomalies, one in every 190 samples, at no regular time: of the four kinds in turn."""
    lengths = {"spike": 6, "frequency": 90, "frozen": 90, "drift": 120}
    starts = [190 * index + 110 + 37 * index % 40 for index in range(18)]
    return tuple(
        Interval(start, start + length, kind)
        for start, (kind, length) in zip(starts, itertools.cycle(lengths.items()), strict=False)
    )


_RECIPES = {
    "SYN-1": _Recipe(
        1,
        _sine,
        0.02,
        (Interval(800, 806, "spike"), Interval(1700, 1820, "frequency"), Interval(2700, 2790, "frozen")),
    ),
    "SYN-2": _Recipe(2, _two_tones, 0.03, (Interval(1000, 1200, "drift"), Interval(2500, 2508, "spike"))),
    # Hard on purpose: a level that stays is a signal that every autoencoder of these levels reconstructs.
    "SYN-3": _Recipe(3, _levels, 0.02, (Interval(900, 1080, "frozen"), Interval(2400, 2406, "spike"))),
    "SYN-4": _Recipe(4, _sawtooth, 0.03, (Interval(700, 900, "drift"), Interval(2200, 2380, "frequency"))),
    "SYN-5": _Recipe(5, _heater, 0.01, (Interval(1300, 1480, "frequency"), Interval(2900, 3010, "frozen"))),
    "SYN-6": _Recipe(
        6,
        _sine,
        0.03,
        (
            Interval(600, 606, "spike"),
            Interval(1400, 1560, "drift"),
            Interval(2200, 2300, "frozen"),
            Interval(3000, 3120, "frequency"),
        ),
        # A command that comes with the signal's rise, in a second column.
        command=lambda clock: (clock % 48 < 4).astype(np.float64),
    ),
    "SYN-7": _Recipe(7, _constant, 0.0, (Interval(2000, 2006, "spike"),)),
    "SYN-8": _Recipe(8, _sine, 0.03, _recurring()),
}

SYNTHETIC_CHANNELS = tuple(_RECIPES)
"""Names of the built-in channels. SYN-6 has a command column; SYN-7 is degenerate: constant in training; SYN-8 has many
anomalies, for classifiers."""


def synthetic_channel(name: str) -> Channel:
    """Generate a built-in channel, 2400 training and 3600 test samples within about [-1, 1] (spikes go beyond).

    Raises
    ------
    UnknownChannelError
        There is none of that name.
    """
    if name not in _RECIPES:
        known = ", ".join(_RECIPES)
        raise UnknownChannelError(
            f"there is no built-in channel {name!r}{nearest(name, _RECIPES)}; the built-in channels are {known}"
        )
    recipe = _RECIPES[name]
    random = np.random.Generator(np.random.PCG64(recipe.seed))
    train = _samples(recipe, TRAIN_LENGTH, 0, (), random)
    test = _samples(recipe, TEST_LENGTH, TRAIN_LENGTH, recipe.anomalies, random)
    return Channel(name, SPACECRAFT, train, test, recipe.anomalies, "built-in synthetic telemetry")


def _samples(
    recipe: _Recipe, count: int, begin: int, anomalies: tuple[Interval, ...], random: np.random.Generator
) -> _Values:
    """Generate `count` samples from the clock's reading `begin` on."""
    pace = np.ones(count)
    for anomaly in anomalies:
        if anomaly.kind == "frequency":
            pace[anomaly.start : anomaly.stop] = 1.75
    clock = begin + np.cumsum(pace) - pace[0]
    # A sum of uniform numbers is near enough to a normal one, and needs no function that may change between versions.
    noise = recipe.noise * (random.random((count, 12)).sum(axis=1) - 6.0)
    values = recipe.signal(clock) + noise
    for anomaly in anomalies:
        _disturb(values, anomaly)
    columns = [values] if recipe.command is None else [values, recipe.command(clock)]
    return np.rint(np.stack(columns, axis=1) / GRID) * GRID


def _disturb(values: _Values, anomaly: Interval) -> None:
    """Put an anomaly into the values, in place; a changed frequency is in the clock already."""
    where = slice(anomaly.start, anomaly.stop)
    length = anomaly.stop - anomaly.start
    match anomaly.kind:
        case "spike":
            values[where] += np.where(values[where] > 0, -1.2, 1.2)
        case "drift":
            values[where] += 0.6 * np.arange(1, length + 1) / length
        case "frozen":
            values[where] = values[anomaly.start - 1]
        case "frequency":
            pass
        case _:
            raise ValueError(f"no kind of anomaly: {anomaly.kind}")
