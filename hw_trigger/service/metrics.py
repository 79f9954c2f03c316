"""What the service tells Prometheus about itself.

Each service has a registry of its own, so that two in one process do not add up. Channels are never labels: there may be any
number of them, and each would be a series for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from hw_trigger import __version__
from hw_trigger.service.binned import BinnedHistogram

LATENCIES = (
    0.0002, 0.0003, 0.0005, 0.00075,
    0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075,
    0.01, 0.015, 0.02, 0.03, 0.05, 0.075,
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip
"""Bounds of the buckets in s: from one window of a small network (0.2 ms) to a full queue; a half apart at most up to 0.1 s."""

WINDOWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Bounds for the windows of one run."""

SCORES = (*(-(2.0**power) for power in range(6, -7, -2)), 0.0, *(2.0**power for power in range(-10, 9)))
"""Bounds for scores in a trigger's unit: octaves of a deviation, mean squares of an error, logits of a margin (below 0 too)."""

DIFFERENCES = (0.0, *(2.0**power for power in range(-16, 7)))
"""Bounds for differences of two variants' scores; the first holds those that are equal, bit for bit."""


@dataclass(frozen=True)
class _Series:
    """The series of one variant of one model: all exist from the first use on, so that rates see the first event."""

    seconds: Histogram
    windows: Histogram
    waiting: Gauge
    rejected: Counter
    scored: Counter
    triggers: Counter


class _Workers(Collector):
    """Memory and CPU time of the variants' processes, read whenever Prometheus asks."""

    def __init__(self) -> None:
        self.usages: dict[str, Callable[[], tuple[float, float]]] = {}

    def collect(self) -> Iterable[Metric]:
        memory = GaugeMetricFamily(
            "hwt_worker_memory_bytes", "Resident memory of a variant's process.", labels=["variant"]
        )
        cpu = CounterMetricFamily("hwt_worker_cpu_seconds", "CPU time of a variant's process.", labels=["variant"])
        for variant, usage in self.usages.items():
            resident, seconds = usage()
            memory.add_metric([variant], resident)
            cpu.add_metric([variant], seconds)
        return memory, cpu


@dataclass(frozen=True)
class _Shadow:
    """The series of a comparison of two variants; they have the name of the second."""

    disagreements: Counter
    dropped: Counter


class Metrics:
    """Counts and measurements of one service. All methods are thread-safe and take microseconds.

    Attributes
    ----------
    registry
        Of prometheus-client, with the process's own metrics (memory, CPU, open files) in it.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        of_variant = ("model", "variant")

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        self._requests = counter("hwt_requests_total", "HTTP requests that were answered.", "route", "code")
        self._request = histogram("hwt_request_seconds", "Time from a request to its answer.", LATENCIES, "route")
        self._inference = histogram(
            "hwt_inference_seconds", "Time of one run of a model on a batch of windows.", LATENCIES, *of_variant
        )
        self._batch = histogram("hwt_batch_windows", "Windows of one run.", WINDOWS, *of_variant)
        self._queue = gauge("hwt_queue_windows", "Windows that wait for a run.", *of_variant)
        self._rejected = counter("hwt_queue_rejected_total", "Requests refused by a full queue.", *of_variant)
        self._windows = counter("hwt_windows_total", "Windows whose score was answered.", *of_variant)
        self._triggers = counter("hwt_triggers_total", "Windows that raised the trigger.", *of_variant)
        self._saturated = counter(
            "hwt_saturated_samples_total", "Samples beyond the model's input format, which were clipped.", "model"
        )
        self._samples = counter(
            "hwt_samples_total", "Samples that came in, those of overlapping windows each time.", "model"
        )
        self._disagreements = counter(
            "hwt_disagreements_total", "Windows in which the two variants' trigger bits differ.", *of_variant
        )
        self._dropped = counter(
            "hwt_shadow_dropped_total", "Windows left out of the comparison because its queue was full.", *of_variant
        )
        self._info = gauge("hwt_model_info", "1 for each model that is served, with its program's hash.",
                           "model", "sha256", "version")  # fmt: skip
        self._streams = gauge("hwt_streams", "Streams whose window is kept.", "model")
        self._workers = _Workers()
        registry.register(self._workers)
        self._restarts = counter("hwt_worker_restarts_total", "Processes of a variant that ended early.", "variant")
        self._ready = gauge("hwt_ready", "1 while the service accepts work.")
        self._score = BinnedHistogram("hwt_score", "Scores in the unit of the model's trigger.", of_variant, SCORES)
        self._divergence = BinnedHistogram(
            "hwt_divergence", "Distance of the two variants' scores of a window.", of_variant, DIFFERENCES
        )
        registry.register(self._score)
        registry.register(self._divergence)
        self._lock = threading.Lock()
        self._variants: dict[tuple[str, str], _Series] = {}
        self._shadows: dict[tuple[str, str], _Shadow] = {}

    def request(self, route: str, code: int, seconds: float) -> None:
        """Count an answered request.

        Parameters
        ----------
        route
            The path's template (``"/v1/stream/{channel}"``), never the path itself: it becomes a label.
        code
            HTTP status.
        """
        self._requests.labels(route, str(code)).inc()
        self._request.labels(route).observe(seconds)

    def batch(self, model: str, variant: str, windows: int, seconds: float) -> None:
        """Record one run of a model on a batch."""
        series = self._of(model, variant)
        series.seconds.observe(seconds)
        series.windows.observe(windows)

    def queue(self, model: str, variant: str, windows: int) -> None:
        """Set how many windows wait. A call with 0 begins a variant's series before its first request."""
        self._of(model, variant).waiting.set(windows)

    def rejected(self, model: str, variant: str) -> None:
        """Count a request that a full queue refused."""
        self._of(model, variant).rejected.inc()

    def scores(self, model: str, variant: str, values: NDArray[np.float64], triggers: NDArray[np.bool_]) -> None:
        """Record the scores, ``(n,)`` in the trigger's unit, and trigger bits, ``(n,)``, of answered windows."""
        series = self._of(model, variant)
        self._score.observe((model, variant), values)
        series.scored.inc(len(values))
        series.triggers.inc(int(np.count_nonzero(triggers)))

    def samples(self, model: str, count: int, saturated: int) -> None:
        """Count samples that came in, and how many of them were clipped."""
        self._samples.labels(model).inc(count)
        self._saturated.labels(model).inc(saturated)

    def divergence(self, model: str, variant: str, differences: NDArray[np.float64], disagreements: int) -> None:
        """Record a comparison of windows by two variants.

        Parameters
        ----------
        variant
            The second one.
        differences
            Distances of the scores, ``(n,)``, 0 or more, in the trigger's unit.
        disagreements
            How many of the windows have different trigger bits.
        """
        shadow = self._compared(model, variant)
        self._divergence.observe((model, variant), differences)
        shadow.disagreements.inc(disagreements)

    def shadow_dropped(self, model: str, variant: str, windows: int) -> None:
        """Count windows that were not compared. A call with 0 begins the series of a comparison."""
        self._compared(model, variant).dropped.inc(windows)

    def model(self, id: str, sha256: str) -> None:  # noqa: A002 (the API's word for it)
        """Name a model that is served, by the hash of its program; its counts of samples begin at 0."""
        self._info.labels(id, sha256, __version__).set(1)
        self._streams.labels(id)
        self.samples(id, 0, 0)

    def streams(self, model: str, n: int) -> None:
        """Set how many streams of a model are kept."""
        self._streams.labels(model).set(n)

    def worker(self, variant: str, usage: Callable[[], tuple[float, float]]) -> None:
        """Tell of a variant's process: `usage` returns its resident bytes and its CPU time in s. Its restarts begin at 0."""
        self._workers.usages[variant] = usage
        self._restarts.labels(variant)

    def restarted(self, variant: str) -> None:
        """Count a process of a variant that ended early, and was begun anew."""
        self._restarts.labels(variant).inc()

    def ready(self, ready: bool) -> None:
        """Set whether the service accepts work."""
        self._ready.set(int(ready))

    def text(self, accept: str | None = None) -> tuple[bytes, str]:
        """Return all metrics and their content type.

        Parameters
        ----------
        accept
            The request's header ``Accept``: OpenMetrics where it asks for that, else Prometheus' own text.
        """
        try:
            encode, content_type = choose_encoder(accept or "")
            return encode(self.registry), content_type
        except (TypeError, ValueError):  # prometheus-client compares a version like "abc" with numbers
            encode, content_type = choose_encoder("")
            return encode(self.registry), content_type

    def _of(self, model: str, variant: str) -> _Series:
        key = (model, variant)
        found = self._variants.get(key)
        if found is None:
            with self._lock:  # labels() gives the same child to two threads; so the second of them changes nothing
                self._score.start(*key)
                found = self._variants[key] = _Series(
                    seconds=self._inference.labels(*key),
                    windows=self._batch.labels(*key),
                    waiting=self._queue.labels(*key),
                    rejected=self._rejected.labels(*key),
                    scored=self._windows.labels(*key),
                    triggers=self._triggers.labels(*key),
                )
        return found

    def _compared(self, model: str, variant: str) -> _Shadow:
        key = (model, variant)
        found = self._shadows.get(key)
        if found is None:
            with self._lock:
                self._divergence.start(*key)
                found = self._shadows[key] = _Shadow(self._disagreements.labels(*key), self._dropped.labels(*key))
        return found
