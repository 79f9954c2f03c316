"""All metrics of one channel: what `metrics.evaluate` measures sample by sample, and what needs time: events and tolerances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hw_trigger.detection.affiliation import Affiliation, affiliation
from hw_trigger.detection.events import (
    SAMPLE_PERIOD,
    Delays,
    EventCounts,
    detection_delays,
    event_counts,
    false_alarms_a_day,
)
from hw_trigger.detection.metrics import DetectionMetrics, MetricsError, evaluate, sample_alarms
from hw_trigger.detection.point_adjusted import PointAdjusted, point_adjusted
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.detection.volume import Volume, volume_under_surface


@dataclass(frozen=True)
class Protocol:
    """What must be the same for all detectors that are compared.

    Attributes
    ----------
    buffer
        Greatest buffer of VUS, in samples.
    gap
        Alarms with so many samples or fewer between them are one predicted event: by default the length of a window, as alarms
        of windows that share samples are one finding. (Orion pads alarms by 50 samples on both sides, which joins the same.)
    sample_period
        Seconds between two samples.
    """

    buffer: int = 100
    gap: int = 100
    sample_period: float = SAMPLE_PERIOD


@dataclass(frozen=True)
class Evaluation:
    """All metrics of the scores of one channel.

    Attributes
    ----------
    samples
        Sample by sample, over those that have a score.
    volume
        VUS, over those that have a score.
    affiliation, events, delays, point_adjusted
        At the threshold, over all samples: where there is no score there is no alarm, and an event there is missed.
    false_alarms_a_day
        False predicted events for each day of normal samples that have a score; None without such.
    """

    samples: DetectionMetrics
    volume: Volume
    affiliation: Affiliation
    events: EventCounts
    delays: Delays
    false_alarms_a_day: float | None
    point_adjusted: PointAdjusted

    @property
    def false_alarm_share(self) -> float | None:
        """The share of normal samples that are alarms; None without normal samples.

        It belongs beside the events: an alarm that is always on is one event, which overlaps all and is not false.
        """
        normal = self.samples.samples - self.samples.anomalous
        return self.samples.false_positives / normal if normal else None

    def figures(self) -> dict[str, float | None]:
        """Return the figures by name, None where one is undefined; delays are in samples, over the events that are found."""
        return {
            "auc_roc": self.samples.auc_roc,
            "auc_pr": self.samples.auc_pr,
            "vus_roc": self.volume.roc,
            "vus_pr": self.volume.pr,
            "vus_pr_steps": self.volume.pr_steps,
            "precision": self.samples.precision,
            "recall": self.samples.recall,
            "f1": self.samples.f1,
            "affiliation_precision": self.affiliation.precision,
            "affiliation_recall": self.affiliation.recall,
            "affiliation_f1": self.affiliation.f1,
            "event_precision": self.events.precision,
            "event_recall": self.events.recall,
            "event_f1": self.events.f(),
            "event_f05": self.events.f(0.5),
            "delay_mean": self.delays.mean,
            "delay_median": self.delays.median,
            "false_alarms_a_day": self.false_alarms_a_day,
            "false_alarm_share": self.false_alarm_share,
            "point_adjusted_f1": self.point_adjusted.f1,
            "point_adjusted_random_f1": self.point_adjusted.random_f1,
        }


def evaluate_channel(
    scores: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    kind: ScoreKind,
    protocol: Protocol | None = None,
    *,
    alarms: ArrayLike | None = None,
) -> Evaluation:
    """Measure the scores of one channel against its labels.

    Parameters
    ----------
    scores
        Shape ``(M,)``; NaN before the first and after the last sample that has a score, not between them.
    labels
        bool, shape ``(M,)``.
    threshold
        Finite; a sample is an alarm where its score is above it, if alarms are not given.
    protocol
        By default `Protocol()`.
    alarms
        bool, shape ``(M,)``, of a detector whose alarms follow from more than one threshold. A causal alarm belongs to the last
        sample of its window.

    Raises
    ------
    MetricsError
        As `metrics.evaluate`; or a sample between two that have a score has none.
    MarksError, VolumeError
        The protocol has a negative buffer or gap, or a sample period that is not above 0.
    """
    chosen = protocol or Protocol()
    samples = evaluate(scores, labels, threshold, kind, alarms=alarms)
    values, truth = np.asarray(scores, np.float64), np.asarray(labels)
    scored = ~np.isnan(values)
    places = np.flatnonzero(scored)
    first, stop = int(places[0]), int(places[-1]) + 1
    if len(places) != stop - first:
        hole = int(np.flatnonzero(~scored[first:])[0]) + first
        raise MetricsError(f"sample {hole} has no score, and samples before and after it have; events need all of them")
    raised = sample_alarms(values, threshold, alarms)
    return Evaluation(
        samples=samples,
        volume=volume_under_surface(values[first:stop], truth[first:stop], chosen.buffer),
        affiliation=affiliation(raised, truth),
        events=event_counts(raised, truth, gap=chosen.gap),
        delays=detection_delays(raised, truth),
        false_alarms_a_day=false_alarms_a_day(
            raised, truth, scored, gap=chosen.gap, sample_period=chosen.sample_period
        ),
        point_adjusted=point_adjusted(raised, truth, scored),
    )
