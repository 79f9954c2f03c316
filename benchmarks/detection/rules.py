"""Rules of when an alarm is raised: each a function from a stream to the alarms of its windows, bool ``(n,)``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.scores import ENERGY
from benchmarks.detection.streams import Stream
from hw_trigger.detection.scores import Scores
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.triggers import DeviationTrigger

Rule = Callable[[Stream], NDArray[np.bool_]]


def trigger(octaves: float = 5.0, source: str = "network", **settings: int) -> Rule:
    """The trigger's own alarms."""
    return lambda stream: decide(_with(stream.trigger, octaves, **settings), stream.measures[source]).trigger


def above_training(octaves: float = 5.0) -> Rule:
    """The threshold is the greatest score of the training windows, if that is more."""

    def alarms(stream: Stream) -> NDArray[np.bool_]:
        highest = _scores(stream.trigger, stream.training)[stream.trigger.settle :].max(initial=0)
        return trigger(max(octaves, float(highest)))(stream)

    return alarms


def sigmas(number: float) -> Rule:
    """The trigger's score above the training windows' mean by so many of their standard deviations; no record."""

    def alarms(stream: Stream) -> NDArray[np.bool_]:
        return trigger(fit_threshold(_scores(stream.trigger, stream.training), number), adaptive=False)(stream)

    return alarms


def error_sigmas(number: float) -> Rule:
    """The window's error above the training windows' mean by so many of their standard deviations."""
    return lambda stream: (
        stream.measures["network"][:, ENERGY] > fit_threshold(stream.training[:, ENERGY].astype(np.float64), number)
    )


def _with(given: DeviationTrigger, octaves: float, **settings: int) -> DeviationTrigger:
    return replace(given, threshold=given.threshold_code(octaves), **settings)  # type: ignore[arg-type]


def _scores(given: DeviationTrigger, measures: Codes) -> Scores:
    return given.values(decide(given, measures).score)


RULES: dict[str, Rule] = {
    "record, 5 octaves: the trigger": trigger(),
    **{f"record, {octaves:g} octaves": trigger(octaves) for octaves in (4, 4.5, 5.5, 6)},
    "record, never forgotten (record_decay = 24)": trigger(record_decay=24),
    **{f"record_decay = {decay}": trigger(record_decay=decay) for decay in (12, 14)},
    **{f"settle = {settle}": trigger(settle=settle) for settle in (1, 128, 256, 1024)},
    **{f"no record, {octaves:g} octaves": trigger(octaves, adaptive=False) for octaves in (5, 6, 8)},
    "record, above the greatest training score": above_training(),
    "no record, score of training mean + 4 sigma": sigmas(4),
    **{f"window error, training mean + {number:g} sigma": error_sigmas(number) for number in (4, 10)},
    "record, 5 octaves, kNN": trigger(source="kNN"),
}
