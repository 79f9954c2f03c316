"""What an experiment found: how the two variants' scores, triggers and latencies compare."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEWEST = 4096
"""Latencies that are kept of each variant."""


@dataclass(frozen=True)
class Latency:
    """How long a variant took for the windows of a request, the wait for company included.

    Attributes
    ----------
    requests
        How many were measured, in all.
    p50, p99
        Median and 99th percentile of the newest 4096, in seconds; ``None`` before the first.
    """

    requests: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class Compared:
    """What an experiment found on one model.

    Attributes
    ----------
    unit
        Of differences, the trigger's.
    requests, windows
        Compared so far.
    disagreements
        Windows where one variant triggered and the other did not.
    mean_difference, max_difference
        Of the absolute differences between the scores' values; ``None`` before the first window.
    dropped
        Windows that the shadow left out because it could not keep up.
    latency
        Of the requests that were compared, by variant.
    """

    unit: str
    requests: int
    windows: int
    disagreements: int
    mean_difference: float | None
    max_difference: float | None
    dropped: int
    latency: Mapping[str, Latency]


@dataclass(frozen=True)
class ExperimentSummary:
    """What ``GET /v1/experiment`` answers; `models` is by model id: those that have both variants."""

    a: str
    b: str
    share: float
    shadow: bool
    models: Mapping[str, Compared]


class Comparison:
    """Adds up what an experiment finds on one model, in memory that does not grow. For one event loop.

    Parameters
    ----------
    unit
        Of scores' values.
    variants
        Names of the two.
    """

    def __init__(self, unit: str, variants: tuple[str, str]) -> None:
        self._unit = unit
        self._seconds = {variant: deque[float](maxlen=NEWEST) for variant in variants}
        self._requests = self._windows = self._disagreements = self._dropped = 0
        self._sum = self._max = 0.0

    def add(self, differences: NDArray[np.float64], disagreements: int, seconds: Mapping[str, float]) -> None:
        """Record a request that both variants computed.

        Parameters
        ----------
        differences
            Absolute ones, ``(n,)``, of at least one window.
        seconds
            What it took, by variant.
        """
        self._requests += 1
        self._windows += len(differences)
        self._disagreements += disagreements
        self._sum += float(differences.sum())
        self._max = max(self._max, float(differences.max()))
        for variant, taken in seconds.items():
            self._seconds[variant].append(taken)

    def drop(self, windows: int) -> None:
        """Record windows that the shadow left out."""
        self._dropped += windows

    def summary(self) -> Compared:
        """Return what was found so far."""
        return Compared(
            unit=self._unit,
            requests=self._requests,
            windows=self._windows,
            disagreements=self._disagreements,
            mean_difference=self._sum / self._windows if self._windows else None,
            max_difference=self._max if self._windows else None,
            dropped=self._dropped,
            latency={variant: self._latency(seconds) for variant, seconds in self._seconds.items()},
        )

    def _latency(self, seconds: deque[float]) -> Latency:
        if not seconds:
            return Latency(self._requests, None, None)
        p50, p99 = np.percentile(np.array(seconds), [50, 99]).tolist()
        return Latency(self._requests, p50, p99)
