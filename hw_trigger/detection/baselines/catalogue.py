"""The baselines of the table."""

from __future__ import annotations

from hw_trigger.detection.baselines.detector import Detector
from hw_trigger.detection.baselines.pointwise import MovingZScore, RandomScore, TrainingRange
from hw_trigger.detection.baselines.windowed import NearestWindow, SubPCA


def baselines(window: int = 100, seed: int = 0) -> tuple[Detector, ...]:
    """Return the baselines, for windows of so many samples; `seed` is that of the random score."""
    return (RandomScore(seed), TrainingRange(), MovingZScore(window), SubPCA(window), NearestWindow(window))
