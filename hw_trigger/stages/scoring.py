"""Scores of consecutive windows by each executor: the float network, the quantized one, the integer program.

A float network has the program's trigger behind it: its errors go in as exactly as the trigger's formats say, so that what
differs from the integer program is the network alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.scores import Scores
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.decision import decide, measure
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution, Saturations, scale
from hw_trigger.fixedpoint.program import Program, Trigger
from hw_trigger.models.execution import network_codes
from hw_trigger.models.float_measures import float_measures
from hw_trigger.models.networks import FloatNetwork, QuantNetwork

Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of consecutive windows, stride 1, and what the trigger made of them.

    Attributes
    ----------
    scores, alarms
        Of each window, ``(n,)``; scores in the trigger's unit.
    steps
        Samples of a window.
    threshold
        The trigger's, in the unit of the scores.
    """

    scores: Scores
    alarms: NDArray[np.bool_]
    steps: int
    threshold: float


def integer_scores(
    program: Program, raw: Codes, *, threads: int | None = None, progress: Progress | None = None
) -> Scored:
    """Return what the integer program gives of raw windows ``(n, steps, n_features)``."""
    return scored(program, compiled.run(program, raw, threads=threads, progress=progress))


def scored(program: Program, execution: Execution) -> Scored:
    """Return the scores of an execution of the program."""
    if execution.score is None or execution.trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    return _scored(program, execution.score, execution.trigger)


def quantized_scores(model: QuantNetwork, program: Program, raw: Codes, *, progress: Progress | None = None) -> Scored:
    """Return what PyTorch's quantized network gives of raw windows, with the program's trigger behind it."""
    output = network_codes(model, program.scaling, raw, progress=progress)
    trigger = _trigger(program)
    decision = decide(trigger, measure(trigger, _scaled(program, raw), output))
    return _scored(program, decision.score, decision.trigger)


def float_scores(model: FloatNetwork, program: Program, raw: Codes, *, progress: Progress | None = None) -> Scored:
    """Return what the float network gives of raw windows, with the program's trigger behind it."""
    decision = decide(_trigger(program), float_measures(model, program, raw, progress=progress))
    return _scored(program, decision.score, decision.trigger)


def _scaled(program: Program, raw: Codes) -> Codes:
    """Return the network's input."""
    return raw if program.scaling is None else scale(program.scaling, raw, Saturations())


def _trigger(program: Program) -> Trigger:
    if program.trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    return program.trigger


def _scored(program: Program, score: Codes, alarms: NDArray[np.bool_]) -> Scored:
    trigger = _trigger(program)
    return Scored(trigger.values(score), alarms, program.steps, float(trigger.values(trigger.threshold)))
