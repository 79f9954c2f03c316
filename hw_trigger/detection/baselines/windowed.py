"""Detectors that look at windows as points of a space: Sub-PCA, and the nearest training window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.baselines.detector import WindowScorer
from hw_trigger.detection.scores import Scores
from hw_trigger.telemetry.channel import Samples
from hw_trigger.telemetry.windows import windows

Points = NDArray[np.float64]

DECIMALS = 12
"""Scores are rounded to so many: windows that are equal must tie, whatever the last place of a matrix product."""


@dataclass(frozen=True)
class SubPCA:
    """Mean square error of windows that are reconstructed from their first principal components, in training variances.

    Schmidl et al., "Anomaly Detection in Time Series: A Comprehensive Evaluation", PVLDB 2022, and the references there.

    Attributes
    ----------
    length
        Samples of a window.
    components
        Principal components that are kept; by default as many as the autoencoder has latent values, whose linear counterpart
        this is. Directions without variance in training are none.
    """

    length: int = 100
    components: int = 10
    name: str = "Sub-PCA"

    @property
    def window(self) -> int:
        """Samples of a window."""
        return self.length

    def fit(self, train: Samples) -> WindowScorer:
        """Find the principal components of the training windows."""
        from sklearn.decomposition import PCA

        standardized = _standardization(train, self.length)
        points = standardized(_points(train, self.length))
        mean, basis = points.mean(axis=0), np.zeros((0, points.shape[1]))
        if np.ptp(points, axis=0).any():
            model = PCA(min(self.components, *points.shape), svd_solver="full").fit(points)
            kept = model.explained_variance_ > np.finfo(np.float64).eps * model.explained_variance_[0]
            basis = model.components_[kept]

        def score(batch: Points) -> Scores:
            centred = standardized(batch) - mean
            error = centred - centred @ basis.T @ basis
            return np.asarray(np.mean(error**2, axis=1).round(DECIMALS))

        return WindowScorer(self.length, score)


@dataclass(frozen=True)
class NearestWindow:
    """Mean square distance of a window from the nearest training window, in training variances.

    Ramaswamy et al., "Efficient Algorithms for Mining Outliers from Large Data Sets", SIGMOD 2000, on windows.

    Attributes
    ----------
    length
        Samples of a window.
    remembered
        Training windows that are compared with, evenly spaced in time.
    """

    length: int = 100
    remembered: int = 2000
    name: str = "kNN"

    @property
    def window(self) -> int:
        """Samples of a window."""
        return self.length

    def fit(self, train: Samples) -> WindowScorer:
        """Remember training windows."""
        from sklearn.neighbors import NearestNeighbors

        standardized = _standardization(train, self.length)
        count = len(train) - self.length + 1
        chosen = np.unique(np.linspace(0, count - 1, min(count, self.remembered)).round().astype(int))
        points = standardized(_points(train, self.length, chosen))
        model = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points)

        def score(batch: Points) -> Scores:
            asked = standardized(batch)
            nearest = model.kneighbors(asked, return_distance=False)[:, 0]
            # The distances that come with it are of a formula that loses small ones.
            return np.asarray(np.mean((asked - points[nearest]) ** 2, axis=1).round(DECIMALS))

        return WindowScorer(self.length, score)


def _points(samples: Samples, length: int, chosen: NDArray[np.int_] | None = None) -> Points:
    """Return windows, or the chosen ones, as points ``(n, length * columns)``."""
    view = windows(samples, length, what="the training data")
    picked = view if chosen is None else view[chosen]
    return picked.reshape(len(picked), -1)


def _standardization(train: Samples, length: int) -> Callable[[Points], Points]:
    """Return what brings each column to the middle of its training range and variance 1; constant ones keep their unit."""
    spread = np.where(np.ptp(train, axis=0) > 0, train.std(axis=0), 1.0)
    centre = (train.min(axis=0) + train.max(axis=0)) / 2
    shift, unit = np.tile(centre, length), np.tile(spread, length)
    return lambda points: (points - shift) / unit
