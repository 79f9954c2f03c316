"""The baselines of the table, and the controls beside them."""

from __future__ import annotations

from hw_trigger.detection.baselines.detector import Detector
from hw_trigger.detection.baselines.pointwise import MovingZScore, RandomScore, TimeIndex, TrainingRange
from hw_trigger.detection.baselines.windowed import NearestWindow, SubPCA


def controls(seed: int = 0) -> tuple[Detector, ...]:
    """Return what looks at no telemetry: a figure that these reach too says nothing of a detector. `seed` is the random one's."""
    return (RandomScore(seed), TimeIndex())


def baselines(window: int = 100) -> tuple[Detector, ...]:
    """Return the baselines, for windows of so many samples."""
    return (TrainingRange(), MovingZScore(window), SubPCA(window), NearestWindow(window))
