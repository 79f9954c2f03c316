"""Variants of the score: each a function from a stream to the scores of its windows ``(n,)``, or of its samples ``(M,)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.detection.streams import Stream
from hw_trigger.detection.scores import Scores
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.triggers import GUARD, SCORE_FRACTION, logarithms

Score = Callable[[Stream], Scores]

ENERGY, ACTIVITY, EXCESS = range(3)
ALL = (ENERGY, ACTIVITY, EXCESS)


# The trigger itself


def trigger(source: str = "network", terms: Iterable[int] = ALL, **settings: int) -> Score:
    """The trigger's score with these terms only, and with other settings. What does not change deviates by nothing."""
    return lambda stream: triggered(stream, with_terms(stream.measures[source], terms), **settings)


def triggered(stream: Stream, measures: Codes, **settings: int) -> Scores:
    chosen = replace(stream.trigger, **settings)  # type: ignore[arg-type]
    return chosen.values(decide(chosen, measures).score)


def with_terms(measures: Codes, terms: Iterable[int]) -> Codes:
    return np.where(np.isin(ALL, list(terms)), measures, 0)


# Other energies


def error(source: str = "network") -> Score:
    """The error of the window, as it is."""
    return lambda stream: stream.measures[source][:, ENERGY].astype(np.float64)


def smoothed_error(smooth: Callable[[Scores], Scores], terms: Iterable[int] = ALL) -> Score:
    """The trigger's score of a smoothed error."""

    def score(stream: Stream) -> Scores:
        measures = with_terms(stream.measures["network"], terms)
        measures[:, ENERGY] = np.rint(smooth(measures[:, ENERGY].astype(np.float64)))
        return triggered(stream, measures)

    return score


def variance(stream: Stream) -> Scores:
    """The variance of the window in place of its activity."""
    x = stream.x[:, :, 0]
    measures = stream.measures["network"].copy()
    measures[:, ACTIVITY] = (x * x).sum(axis=1) - x.sum(axis=1) ** 2 // x.shape[1]
    return triggered(stream, measures)


# Other deviations


def deviations(values: Scores, baseline: int = 11) -> Scores:
    """How far values are from their running mean, which is the trigger's, with their sign."""
    mean, found = values[0], np.empty(len(values))
    for count, value in enumerate(values):
        found[count] = value - mean
        mean += found[count] / (1 << min((count + 1).bit_length() - 1, baseline))
    return found


def log_energy(stream: Stream) -> Scores:
    """The trigger's logarithm of the energy, in octaves."""
    return _logarithms(stream, stream.measures["network"])


def _logarithms(stream: Stream, measures: Codes) -> Scores:
    return logarithms(measures[:, ENERGY] + stream.trigger.energy_floor) / (1 << SCORE_FRACTION)


def signed(stream: Stream) -> Scores:
    """Only an error above its mean counts."""
    return deviations(log_energy(stream))


def exact_logarithm(stream: Stream) -> Scores:
    values = np.log2(stream.measures["network"][:, ENERGY] + stream.trigger.energy_floor)
    return np.asarray(np.abs(deviations(values)))


def square_root(stream: Stream) -> Scores:
    return np.abs(deviations(np.sqrt(stream.measures["network"][:, ENERGY])))


def from_training(stream: Stream) -> Scores:
    """From the mean over the training windows, which stays."""
    return np.asarray(np.abs(log_energy(stream) - _logarithms(stream, stream.training).mean()))


def level(stream: Stream) -> Scores:
    """Of the window's mean from its own running mean, in scaled units."""
    return np.abs(deviations(stream.trigger.input.values(stream.x[:, :, 0]).mean(axis=1)))


# Other excesses


def excess_in_window(stream: Stream) -> Scores:
    """The greatest excess within the window, in place of one that is held: no state."""
    excess = (np.abs(stream.x[:, :, 0]) - stream.trigger.one).max(axis=1)
    held: Scores = np.maximum(excess, 0) * 2.0 ** (stream.trigger.excess_shift - GUARD - SCORE_FRACTION)
    return trigger(terms=(ENERGY, ACTIVITY))(stream) + held


# What comes after


def smoothed(score: Score, smooth: Callable[[Scores], Scores]) -> Score:
    return lambda stream: smooth(score(stream))


def mean_of(samples: int) -> Callable[[Scores], Scores]:
    """The mean of the last samples; at the start, of those there are."""

    def smooth(values: Scores) -> Scores:
        total = np.cumsum(values)
        before = np.concatenate([np.zeros(min(samples, len(values))), total[:-samples]])
        return np.asarray((total - before) / np.minimum(np.arange(1, len(values) + 1), samples))

    return smooth


def ema_of(samples: int) -> Callable[[Scores], Scores]:
    """The exponential mean with that time constant, from the first value on."""
    gain = 1 / samples

    def smooth(values: Scores) -> Scores:
        found: Scores = lfilter([gain], [1, gain - 1], values, zi=[(1 - gain) * values[0]])[0]
        return found

    return smooth


# Controls


def time_index(stream: Stream) -> Scores:
    return np.arange(len(stream.labels), dtype=np.float64)


def random(stream: Stream) -> Scores:
    return np.random.default_rng(len(stream.labels)).random(len(stream.labels))


def of_samples(name: str) -> Score:
    return lambda stream: stream.scores[name]


def of_windows(stream: Stream, scores: Scores) -> NDArray[np.float64]:
    """Return the scores of windows only: of samples, those that end one."""
    return scores[-len(stream.x) :]


FULL = trigger()
NO_EXCESS = (ENERGY, ACTIVITY)

TRIGGER = "d_e + d_a + held: the trigger"
"""What the others are compared with."""

STEPS: dict[str, Score] = {
    "window error": error(),
    "its logarithm from its running mean, upwards only": signed,
    "d_e: in both directions": trigger(terms=[ENERGY]),
    "d_e + d_a": trigger(terms=NO_EXCESS),
    "d_e + held": trigger(terms=[ENERGY, EXCESS]),
    TRIGGER: FULL,
}
CONTROLS: dict[str, Score] = {
    "d_a: no network": trigger(terms=[ACTIVITY]),
    "held: no network": trigger(terms=[EXCESS]),
    "d_a + held: no network": trigger(terms=[ACTIVITY, EXCESS]),
    "kNN, mean square distance": error("kNN"),
    "kNN, d_e": trigger("kNN", [ENERGY]),
    "kNN, d_e + d_a + held": trigger("kNN"),
    "Sub-PCA, mean square error": error("Sub-PCA"),
    "Sub-PCA, d_e": trigger("Sub-PCA", [ENERGY]),
    "Sub-PCA, d_e + d_a + held": trigger("Sub-PCA"),
    "time index": time_index,
    "random": random,
}
SETTINGS: dict[str, Score] = {
    **{f"baseline = {value}": trigger(baseline=value) for value in (8, 9, 10, 12)},
    **{f"weight = {value}": trigger(weight=value) for value in (0, 1, 3)},
    **{f"excess_decay = {value}": trigger(excess_decay=value) for value in (4, 5, 7, 8)},
    **{f"floor = {value}": trigger(floor=value) for value in (6, 8, 12)},
}
OTHERS: dict[str, Score] = {
    "d_e by the exact logarithm": exact_logarithm,
    "d_e by the square root": square_root,
    "d_e from the training mean": from_training,
    "d_e of the last 25 samples": trigger("last 25", [ENERGY]),
    "d_e of the last 8 samples": trigger("last 8", [ENERGY]),
    "trigger on the last 25 samples": trigger("last 25"),
    "trigger on the last 8 samples": trigger("last 8"),
    **{f"trigger on the error's EMA of {n}": smoothed_error(ema_of(n)) for n in (10, 50)},
    **{f"trigger on the error's mean of {n}": smoothed_error(mean_of(n)) for n in (10, 50)},
    **{f"EMA of {n} of the trigger's score": smoothed(FULL, ema_of(n)) for n in (10, 50)},
    "variance for activity": variance,
    "excess in the window, not held": excess_in_window,
    "level: the window's mean from its running mean": level,
}
COMMANDS: dict[str, Score] = {
    f"kNN on {title}": of_samples(title) for title in ("value", "value and commands", "commands")
}
