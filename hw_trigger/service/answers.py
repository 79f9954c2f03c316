"""What the service answers: scores of windows, of a stream's samples, and where a stream is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.decision import Decision
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.model import Model
from hw_trigger.service.streams.state import StreamState


@dataclass(frozen=True)
class Threshold:
    """What scores are compared with: a window triggers where its score is above it.

    Attributes
    ----------
    value
        In the trigger's `unit`.
    code
        What the firmware compares: ``trigger = score code > code`` (a deviation trigger has further conditions).
    unit
        Of `value` and of scores' values, e.g. ``"octaves"``.
    """

    value: float
    code: int
    unit: str


@dataclass(frozen=True, eq=False)
class Scores:
    """The decision on n consecutive windows.

    Attributes
    ----------
    variant
        What computed it.
    codes
        Scores as exact integers, codes of the trigger's `score` format, ``(n,)``.
    values
        The same in the trigger's unit, float64 ``(n,)``.
    triggers
        Trigger bits, bool ``(n,)``.
    threshold
        What the scores were compared with.
    saturated
        How many samples of the request did not fit their format, and were saturated.
    state
        What the trigger remembers behind the last window, to go on from; ``None`` where it remembers nothing.
    """

    variant: str
    codes: Codes
    values: NDArray[np.float64]
    triggers: NDArray[np.bool_]
    threshold: Threshold
    saturated: int
    state: list[int] | None


@dataclass(frozen=True, eq=False)
class Pushed(Scores):
    """The answer to samples of a stream: n is the number of those that completed a window, the last n of the request.

    Attributes
    ----------
    first
        Index of the request's first sample in the stream, counted from 0.
    count
        Samples that the stream has accepted, those of this request included: the next `first`.
    repeated
        The request was a repetition of the stream's last one: this is the answer that was recorded, and nothing was accepted.
    """

    first: int
    count: int
    repeated: bool


@dataclass(frozen=True)
class StreamStatus:
    """Where a stream is.

    Attributes
    ----------
    model, channel
        Its names.
    count
        Samples accepted: the next `first`.
    held
        Samples kept for the next windows, ``min(count, steps - 1)``.
    variant
        What computed the last answer.
    state
        What the trigger remembers; ``None`` where it remembers nothing.
    """

    model: str
    channel: str
    count: int
    held: int
    variant: str
    state: list[int] | None


def scores_of(model: Model, variant: str, decision: Decision, saturated: int) -> Scores:
    """Return the answer to windows of a request."""
    trigger = model.trigger
    return Scores(
        variant=variant,
        codes=decision.score,
        values=trigger.values(decision.score),
        triggers=decision.trigger,
        threshold=_threshold(model),
        saturated=saturated,
        state=_numbers(decision.state),
    )


def pushed_of(model: Model, state: StreamState, *, repeated: bool) -> Pushed:
    """Return the answer to the last request of a stream."""
    last = state.last
    return Pushed(
        variant=last.variant,
        codes=last.codes,
        values=model.trigger.values(last.codes),
        triggers=last.triggers,
        threshold=_threshold(model),
        saturated=last.saturated,
        state=_numbers(state.trigger),
        first=last.first,
        count=state.count,
        repeated=repeated,
    )


def status_of(model: Model, channel: str, state: StreamState) -> StreamStatus:
    """Return where a stream is."""
    return StreamStatus(model.id, channel, state.count, len(state.samples), state.last.variant, _numbers(state.trigger))


def _threshold(model: Model) -> Threshold:
    trigger = model.trigger
    return Threshold(float(trigger.values(trigger.threshold)), trigger.threshold, trigger.unit)


def _numbers(state: Codes | None) -> list[int] | None:
    return None if state is None else state.tolist()
