"""What is measured of one detector on one channel, with one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.aggregate import ChannelResult
from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.events import EventCounts
from hw_trigger.detection.scores import ScoreKind, Scores
from hw_trigger.evaluation.rows import RowKey

RANKING: Final = ("auc_roc", "auc_pr", "vus_roc", "vus_pr", "vus_pr_steps")
"""Figures of the scores alone, whatever the threshold."""

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Record:
    """The figures of one row on one channel, with one seed.

    Attributes
    ----------
    degenerate
        Whether results on the channel say little (`hw_trigger.telemetry.channel.ChannelFacts.degenerate`).
    causal
        Of causal scores, all of `hw_trigger.detection.evaluation.Evaluation.figures`; None where one is undefined.
    events
        Counts of events, of causal alarms.
    spread
        Of window-spread scores, `RANKING` only: an alarm that comes with later samples is none.
    """

    row: RowKey
    channel: str
    spacecraft: str
    degenerate: bool
    seed: int
    causal: Figures
    events: EventCounts
    spread: Figures

    @property
    def result(self) -> ChannelResult:
        """The causal figures, for means over channels."""
        return ChannelResult(self.channel, self.spacecraft, self.degenerate, self.seed, self.causal, self.events)

    @property
    def spread_result(self) -> ChannelResult:
        """The window-spread figures, for means over channels; their events are of causal alarms, and not theirs."""
        return ChannelResult(self.channel, self.spacecraft, self.degenerate, self.seed, self.spread, self.events)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {**asdict(self), "causal": dict(self.causal), "spread": dict(self.spread)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Record:
        """Read it back. TypeError, KeyError or ValueError where the values are no record."""
        if values["row"] not in get_args(RowKey):
            raise ValueError(f"no row: {values['row']!r}")
        return cls(**{**values, "events": EventCounts(**values["events"])})


@dataclass(frozen=True, eq=False)
class Detection:
    """What a detector says of the test samples.

    Attributes
    ----------
    causal
        Causal scores, ``(M,)``; NaN before the first.
    threshold
        In the unit of the scores.
    alarms
        bool, ``(M,)``; None: where the causal score is above the threshold.
    spread
        Window-spread scores, ``(M,)``.
    """

    causal: Scores
    threshold: float
    alarms: NDArray[np.bool_] | None
    spread: Scores


@dataclass(frozen=True)
class Measured:
    """The figures of a detection; see `Record`."""

    causal: Figures
    events: EventCounts
    spread: Figures


def measure(detection: Detection, labels: NDArray[np.bool_], protocol: Protocol) -> Measured:
    """Measure a detection against the labels ``(M,)``.

    Raises
    ------
    MetricsError, MarksError, VolumeError
        As `hw_trigger.detection.evaluation.evaluate_channel`.
    """
    causal = evaluate_channel(
        detection.causal, labels, detection.threshold, ScoreKind.CAUSAL, protocol, alarms=detection.alarms
    )
    spread = evaluate_channel(
        detection.spread, labels, detection.threshold, ScoreKind.WINDOW_SPREAD, protocol
    ).figures()
    return Measured(causal.figures(), causal.events, {name: spread[name] for name in RANKING})
