"""The report's sections on detection, as data."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from hw_trigger.detection.metrics import DetectionMetrics
from hw_trigger.report.detection_data import SplitPart
from hw_trigger.report.section import STRICT, Section


class Split(Section):
    """How a classifier's labelled data were split, by time."""

    origin: Literal["measured"] = "measured"
    parts: tuple[SplitPart, ...]
    class_weights: tuple[float, ...]
    """What each class counts in the loss."""


class Events(Section):
    """What needs time to be measured: events, and tolerance of where they begin and end. What divides by zero is null."""

    found: int
    """Labelled events with an alarm within them."""
    missed: int
    false: int
    """Predicted events that share no sample with a labelled one."""
    precision: float | None
    recall: float | None
    f1: float | None
    delay_mean: float | None
    """Samples from the start of an event to its first alarm, over the events that are found."""
    delay_median: float | None
    false_alarms_a_day: float | None
    """False events for each day of normal samples."""
    false_alarm_share: float | None
    """Share of the normal samples that are alarms: an alarm that is always on is one event, and not false."""
    vus_roc: float | None
    """Volumes under the ROC and the precision-recall surface."""
    vus_pr: float | None
    gap: int
    """Alarms with so many samples or fewer between them are one predicted event."""
    buffer: int
    """Greatest tolerance of the volumes, in samples."""
    sample_period: float
    """Seconds."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Detection(DetectionMetrics):
    """Detection by one executor, with one kind of score. A metric that divides by zero is null; ``undefined`` says why."""

    executor: str
    events: Events
    origin: Literal["measured"] = "measured"
