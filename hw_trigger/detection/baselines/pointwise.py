"""Detectors that look at a sample and what came before it: random, time index, training range, moving z-score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.baselines.detector import SampleScorer
from hw_trigger.detection.scores import Scores
from hw_trigger.telemetry.channel import Samples
from hw_trigger.telemetry.windows import windows


@dataclass(frozen=True)
class RandomScore:
    """Independent scores with an exponential tail, as the squares of noise have: what a metric gives for nothing."""

    seed: int = 0
    name: str = "random"
    window: int = 1

    def fit(self, train: Samples) -> SampleScorer:
        """Ignore the training samples."""
        del train
        return SampleScorer(
            lambda samples: np.random.default_rng([self.seed, len(samples)]).exponential(size=len(samples))
        )


@dataclass(frozen=True)
class TimeIndex:
    """The number of the sample: what a metric gives where anomalies come late in the test data. A control, as random is."""

    name: str = "time index"
    window: int = 1

    def fit(self, train: Samples) -> SampleScorer:
        """Ignore the training samples."""
        del train
        return SampleScorer(lambda samples: np.arange(len(samples), dtype=np.float64))


@dataclass(frozen=True)
class TrainingRange:
    """How far a sample is outside the range of the training samples, 0 within it.

    In training ranges of its column, or in its unit where the training samples are constant; of several columns (with commands,
    for example) the greatest counts.
    """

    name: str = "training range"
    window: int = 1

    def fit(self, train: Samples) -> SampleScorer:
        """Take the range of each column."""
        low, high = train.min(axis=0), train.max(axis=0)
        unit = _or_one(high - low)

        def score(samples: Samples) -> Scores:
            outside = np.maximum(np.maximum(low - samples, samples - high), 0)
            return np.asarray((outside / unit).max(axis=1))

        return SampleScorer(score)


@dataclass(frozen=True)
class MovingZScore:
    """How many standard deviations a sample is from the mean of the samples before it; the greatest of its columns.

    ``|x_t - mean| / sqrt(variance + (floor * training sigma)^2)`` over the last `length` samples before t. The floor keeps what
    stands still for a while from being an anomaly at its first step; constant training columns have a sigma of 1.
    """

    length: int = 100
    floor: float = 0.1
    name: str = "moving z-score"

    @property
    def window(self) -> int:
        """The samples before, and the sample itself."""
        return self.length + 1

    def fit(self, train: Samples) -> SampleScorer:
        """Take the standard deviation of each column."""
        least = self.floor * _or_one(np.where(np.ptp(train, axis=0) > 0, train.std(axis=0), 0))

        def score(samples: Samples) -> Scores:
            view = windows(samples, self.window)
            before, now = view[:, :-1], view[:, -1]
            away = np.abs(now - before.mean(axis=1)) / np.sqrt(before.var(axis=1) + least**2)
            return np.concatenate([np.full(self.length, np.nan), away.max(axis=1)])

        return SampleScorer(score)


def _or_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values with 1 instead of 0."""
    return np.where(values > 0, values, 1.0)
