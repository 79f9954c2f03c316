"""How triggers compute on exact integers: what is measured of each window, and the decision, which may remember earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes, align
from hw_trigger.fixedpoint.triggers import GUARD, Comparison, DeviationTrigger, MarginTrigger, Trigger, logarithm

STATE = ("count", "energy_mean", "activity_mean", "held", "record")
"""What a :class:`~hw_trigger.fixedpoint.triggers.DeviationTrigger` remembers, in the order of a state's codes."""


@dataclass(frozen=True, eq=False)
class Decision:
    """Scores and trigger bits of windows, both ``(n,)``, and the state behind the last; ``None`` where a trigger has none."""

    score: Codes
    trigger: NDArray[np.bool_]
    state: Codes | None


def initial_state(trigger: Trigger | None) -> Codes | None:
    """Return the state at the start of a stream, int64 ``(5,)``; ``None`` for triggers that remember nothing."""
    return np.zeros(len(STATE), np.int64) if isinstance(trigger, DeviationTrigger) else None


def measure(trigger: Trigger, x: Codes, output: Codes) -> Codes:
    """Return what a trigger takes of each window alone, int64 ``(n, 1)``: its score; or ``(n, 3)``: energy, activity, excess.

    Parameters
    ----------
    x
        The network's input, ``(n, steps, n_features)``.
    output
        What the network gave of it.
    """
    if isinstance(trigger, MarginTrigger):
        others = np.delete(output, trigger.positive, axis=1).max(axis=1)
        return np.asarray(output[:, trigger.positive] - others)[:, None]
    error = errors(trigger, x, output)
    energy = (error * error).sum(axis=(1, 2))
    if not isinstance(trigger, DeviationTrigger):
        return np.asarray(energy)[:, None]
    difference = np.diff(x, axis=1)
    activity = (difference * difference).sum(axis=(1, 2))
    beyond = (np.abs(x[:, -1]) - trigger.one).max(axis=1)
    return np.stack([energy, activity, np.maximum(beyond, 0)], axis=1)


def decide(trigger: Trigger, measures: Codes, state: Codes | None = None) -> Decision:
    """Return the decision on consecutive windows of a stream.

    Parameters
    ----------
    measures
        As :func:`measure` gives them.
    state
        Of the stream so far; by default it starts with the first window.
    """
    if not isinstance(trigger, DeviationTrigger):
        score = measures[:, 0]
        return Decision(score, score > trigger.threshold, None)
    deviation = _Deviation(trigger, initial_state(trigger) if state is None else state)
    scores = np.empty(len(measures), np.int64)
    triggers = np.empty(len(measures), np.bool_)
    for index, (energy, activity, excess) in enumerate(measures.tolist()):
        scores[index], triggers[index] = deviation.step(energy, activity, excess)
    return Decision(scores, triggers, deviation.state)


class _Deviation:
    """A :class:`~hw_trigger.fixedpoint.triggers.DeviationTrigger` at work, in Python's integers; its equations are there."""

    def __init__(self, trigger: DeviationTrigger, state: Codes | None) -> None:
        self.trigger = trigger
        self.count, self.energy_mean, self.activity_mean, self.held, self.record = np.asarray(state).tolist()

    @property
    def state(self) -> Codes:
        return np.array([getattr(self, name) for name in STATE], np.int64)

    def step(self, energy: int, activity: int, excess: int) -> tuple[int, bool]:
        trigger = self.trigger
        e = logarithm(energy + trigger.energy_floor) << GUARD
        a = logarithm(activity + trigger.activity_floor) << GUARD
        if self.count == 0:
            self.energy_mean, self.activity_mean = e, a
        d_e, d_a = e - self.energy_mean, a - self.activity_mean
        k = min((self.count + 1).bit_length() - 1, trigger.baseline)
        self.energy_mean += d_e >> k
        self.activity_mean += d_a >> k
        self.held = max(excess << trigger.excess_shift, self.held - (self.held >> trigger.excess_decay))
        score = (abs(d_e) >> GUARD) + (abs(d_a) >> GUARD) + (self.held >> GUARD)
        bar = max(trigger.threshold << GUARD, self.record)
        fires = self.count >= trigger.settle and (score << GUARD) > bar
        if trigger.adaptive:
            self.record = max(score << GUARD, self.record - (self.record >> trigger.record_decay))
        self.count = min(self.count + 1, trigger.last_count)
        return score, fires


def errors(trigger: Comparison, x: Codes, reconstruction: Codes) -> Codes:
    """Return ``x - reconstruction`` in codes of ``trigger.error``, shape unchanged."""
    fraction = trigger.error.fraction
    return align(x, trigger.input.fraction, fraction) - align(reconstruction, trigger.reconstruction.fraction, fraction)
