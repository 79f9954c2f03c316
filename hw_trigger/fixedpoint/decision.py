"""How triggers compute on exact integers: what is measured of each window, and the decision, which may remember earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes, align
from hw_trigger.fixedpoint.triggers import GUARD, Comparison, DeviationTrigger, MarginTrigger, Trigger, logarithms

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
    return _deviate(trigger, measures, initial_state(trigger) if state is None else state)


def _deviate(trigger: DeviationTrigger, measures: Codes, state: Codes | None) -> Decision:
    """Run a :class:`~hw_trigger.fixedpoint.triggers.DeviationTrigger`, in Python's integers; its equations are there."""
    count, energy_mean, activity_mean, held, record = np.asarray(state).tolist()
    baseline, settle, last_count = trigger.baseline, trigger.settle, trigger.last_count
    excess_decay, record_decay, adaptive = trigger.excess_decay, trigger.record_decay, trigger.adaptive
    threshold = trigger.threshold << GUARD
    energies = logarithms(measures[:, 0] + trigger.energy_floor) << GUARD
    activities = logarithms(measures[:, 1] + trigger.activity_floor) << GUARD
    excesses = measures[:, 2] << trigger.excess_shift
    scores, fires = [], []
    for e, a, excess in zip(energies.tolist(), activities.tolist(), excesses.tolist(), strict=True):
        if count == 0:
            energy_mean, activity_mean = e, a
        d_e, d_a = e - energy_mean, a - activity_mean
        k = min((count + 1).bit_length() - 1, baseline)
        energy_mean += d_e >> k
        activity_mean += d_a >> k
        held = max(excess, held - (held >> excess_decay))
        score = (abs(d_e) >> GUARD) + (abs(d_a) >> GUARD) + (held >> GUARD)
        scores.append(score)
        fires.append(count >= settle and (score << GUARD) > max(threshold, record))
        if adaptive:
            record = max(score << GUARD, record - (record >> record_decay))
        count = min(count + 1, last_count)
    after = np.array([count, energy_mean, activity_mean, held, record], np.int64)
    return Decision(np.array(scores, np.int64), np.array(fires, np.bool_), after)


def errors(trigger: Comparison, x: Codes, reconstruction: Codes) -> Codes:
    """Return ``x - reconstruction`` in codes of ``trigger.error``, shape unchanged."""
    fraction = trigger.error.fraction
    return align(x, trigger.input.fraction, fraction) - align(reconstruction, trigger.reconstruction.fraction, fraction)
