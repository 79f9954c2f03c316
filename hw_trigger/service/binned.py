"""A Prometheus histogram that takes many values at a time: scores come by the batch, and one by one they would cost too much."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class BinnedHistogram(Collector):
    """Counts of values by bucket, for each set of label values. Thread-safe.

    Parameters
    ----------
    name, documentation
        Of the metric.
    labels
        Names of its labels.
    edges
        Upper bounds of the buckets, ascending; a value on a bound belongs to the bucket below it, and ``+Inf`` is added. Where
        one is below 0 there are only buckets, no sum and count: OpenMetrics has it so.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str], edges: Sequence[float]) -> None:
        self._name, self._documentation, self._labels = name, documentation, tuple(labels)
        self._edges = np.asarray(edges, np.float64)
        self._bounds = [*(str(float(edge)) for edge in edges), "+Inf"]
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], NDArray[np.int64]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def start(self, *values: str) -> None:
        """Begin the series of these label values at 0, where it has not begun."""
        with self._lock:
            self._begin(values)

    def observe(self, labels: tuple[str, ...], values: NDArray[np.float64]) -> None:
        """Count values, ``(n,)``, in the series of these label values."""
        places = np.searchsorted(self._edges, values, side="left")
        counts, total = np.bincount(places, minlength=len(self._bounds)), float(values.sum())
        with self._lock:
            self._begin(labels)
            self._counts[labels] += counts
            self._sums[labels] += total

    def describe(self) -> Iterable[Metric]:
        """Yield the family without series: the registry learns its name."""
        yield self._family()

    def collect(self) -> Iterable[Metric]:
        """Yield the family as it stands."""
        with self._lock:
            series = [(labels, counts.cumsum().tolist(), self._sums[labels]) for labels, counts in self._counts.items()]
        family = self._family()
        for labels, counts, total in series:
            family.add_metric(labels, list(zip(self._bounds, counts, strict=True)), total)
        yield family

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._documentation, labels=self._labels)

    def _begin(self, labels: tuple[str, ...]) -> None:
        if labels not in self._counts:
            self._counts[labels] = np.zeros(len(self._bounds), np.int64)
            self._sums[labels] = 0.0
