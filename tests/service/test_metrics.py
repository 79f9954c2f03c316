"""Metrics: what each call changes, in both text formats; nothing is shared between two services, nothing lost between threads."""

from __future__ import annotations

import itertools
import math
import threading

import numpy as np
import pytest
from prometheus_client import REGISTRY, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from hw_trigger import __version__
from hw_trigger.service.binned import BinnedHistogram
from hw_trigger.service.metrics import DIFFERENCES, LATENCIES, SCORES, WINDOWS, Metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
OF_VARIANT = {"model": "m", "variant": "integer"}


def samples(metrics: Metrics) -> Samples:
    """Return every sample of the text, by name and sorted labels."""
    families = parse(metrics.text()[0].decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[name, tuple(sorted(labels.items()))]


def test_requests_are_counted_and_timed() -> None:
    metrics = Metrics()
    metrics.request("/v1/score", 200, 0.0004)
    metrics.request("/v1/score", 200, 0.0005)
    metrics.request("/v1/score", 422, 7.0)
    assert value(metrics, "hwt_requests_total", route="/v1/score", code="200") == 2
    assert value(metrics, "hwt_requests_total", route="/v1/score", code="422") == 1
    assert value(metrics, "hwt_request_seconds_bucket", route="/v1/score", le="0.0003") == 0
    assert value(metrics, "hwt_request_seconds_bucket", route="/v1/score", le="0.0005") == 2  # a bound is of its bucket
    assert value(metrics, "hwt_request_seconds_bucket", route="/v1/score", le="5.0") == 2
    assert value(metrics, "hwt_request_seconds_bucket", route="/v1/score", le="+Inf") == 3
    assert value(metrics, "hwt_request_seconds_sum", route="/v1/score") == pytest.approx(7.0009, abs=1e-12)


def test_a_run_and_its_queue() -> None:
    metrics = Metrics()
    metrics.batch("m", "integer", 64, 0.003)
    metrics.queue("m", "integer", 17)
    metrics.rejected("m", "integer")
    assert value(metrics, "hwt_inference_seconds_count", **OF_VARIANT) == 1
    assert value(metrics, "hwt_inference_seconds_sum", **OF_VARIANT) == 0.003
    assert value(metrics, "hwt_batch_windows_sum", **OF_VARIANT) == 64
    assert value(metrics, "hwt_batch_windows_bucket", **OF_VARIANT, le="32.0") == 0
    assert value(metrics, "hwt_batch_windows_bucket", **OF_VARIANT, le="64.0") == 1
    assert value(metrics, "hwt_queue_windows", **OF_VARIANT) == 17
    assert value(metrics, "hwt_queue_rejected_total", **OF_VARIANT) == 1
    metrics.queue("m", "integer", 0)
    assert value(metrics, "hwt_queue_windows", **OF_VARIANT) == 0


def test_scores_go_to_their_buckets() -> None:
    metrics = Metrics()
    values = np.array([-1000.0, -64.0, -0.5, 0.0, 1.0, 1.5, 256.0, 257.0])
    metrics.scores("m", "integer", values, np.array([False, True, False, False, False, True, True, False]))
    assert value(metrics, "hwt_windows_total", **OF_VARIANT) == 8
    assert value(metrics, "hwt_triggers_total", **OF_VARIANT) == 3
    for bound in SCORES:
        counted = value(metrics, "hwt_score_bucket", **OF_VARIANT, le=str(bound))
        assert counted == np.count_nonzero(values <= bound), bound
    assert value(metrics, "hwt_score_bucket", **OF_VARIANT, le="+Inf") == 8
    # OpenMetrics has no sum of what may be below zero, and so no count either: it is in the last bucket.
    assert ("hwt_score_count", tuple(sorted(OF_VARIANT.items()))) not in samples(metrics)
    metrics.scores("m", "integer", np.empty(0), np.empty(0, np.bool_))  # no window is complete yet
    assert value(metrics, "hwt_score_bucket", **OF_VARIANT, le="+Inf") == 8


def test_comparisons_tell_equal_from_near() -> None:
    metrics = Metrics()
    metrics.divergence("m", "float32", np.array([0.0, 0.0, 2.0**-16, 0.25]), 1)
    metrics.shadow_dropped("m", "float32", 5)
    labels = {"model": "m", "variant": "float32"}
    assert value(metrics, "hwt_divergence_bucket", **labels, le="0.0") == 2
    assert value(metrics, "hwt_divergence_bucket", **labels, le=str(2.0**-16)) == 3
    assert value(metrics, "hwt_divergence_count", **labels) == 4
    assert value(metrics, "hwt_divergence_sum", **labels) == 0.25 + 2.0**-16
    assert value(metrics, "hwt_disagreements_total", **labels) == 1
    assert value(metrics, "hwt_shadow_dropped_total", **labels) == 5


def test_models_samples_and_streams() -> None:
    metrics = Metrics()
    metrics.model("m", "ab" * 32)
    assert value(metrics, "hwt_model_info", model="m", sha256="ab" * 32, version=__version__) == 1
    assert value(metrics, "hwt_samples_total", model="m") == 0
    assert value(metrics, "hwt_streams", model="m") == 0
    metrics.samples("m", 50, 3)
    metrics.streams("m", 2)
    assert value(metrics, "hwt_samples_total", model="m") == 50
    assert value(metrics, "hwt_saturated_samples_total", model="m") == 3
    assert value(metrics, "hwt_streams", model="m") == 2


def test_ready_is_no_until_it_is_yes() -> None:
    metrics = Metrics()
    assert value(metrics, "hwt_ready") == 0
    metrics.ready(True)
    assert value(metrics, "hwt_ready") == 1
    metrics.ready(False)
    assert value(metrics, "hwt_ready") == 0


def test_all_series_of_a_variant_begin_at_zero_together() -> None:
    """A counter that appears with its first event has no rate: Prometheus would not see that event."""
    metrics = Metrics()
    metrics.queue("m", "integer", 0)
    for name in ("hwt_queue_rejected_total", "hwt_windows_total", "hwt_triggers_total",
                 "hwt_inference_seconds_count", "hwt_batch_windows_count"):  # fmt: skip
        assert value(metrics, name, **OF_VARIANT) == 0, name
    assert value(metrics, "hwt_score_bucket", **OF_VARIANT, le="+Inf") == 0
    metrics.shadow_dropped("m", "onnx", 0)
    for name in ("hwt_divergence_count", "hwt_disagreements_total", "hwt_shadow_dropped_total"):
        assert value(metrics, name, model="m", variant="onnx") == 0, name


def test_two_services_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.model("m", "1" * 64)
    first.scores("m", "integer", np.ones(3), np.ones(3, np.bool_))
    assert not any(name.startswith("hwt_windows") for name, _ in samples(second))
    assert not any(family.name.startswith("hwt_") for family in REGISTRY.collect())


def test_the_process_is_in_it() -> None:
    metrics = Metrics()
    assert value(metrics, "process_resident_memory_bytes") > 2**20
    assert value(metrics, "process_cpu_seconds_total") > 0
    assert value(metrics, "python_gc_collections_total", generation="2") >= 0


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "text/plain", "text/html,application/json;q=0.9", "application/json"]
)
def test_text_by_default(accept: str | None) -> None:
    body, content_type = Metrics().text(accept)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# TYPE hwt_ready gauge\n" in body
    assert b"# EOF" not in body


def test_openmetrics_where_it_is_asked_for() -> None:
    metrics = Metrics()
    metrics.scores("m", "integer", np.ones(3), np.ones(3, np.bool_))
    accept = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5"
    body, content_type = metrics.text(accept)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
    assert body.endswith(b"# EOF\n")
    families = {family.name: family for family in parse_openmetrics(body.decode())}  # type: ignore[no-untyped-call]
    assert families["hwt_triggers"].type == "counter"
    assert families["hwt_score"].type == "histogram"


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text;version=abc",
        "application/openmetrics-text;version=1.0.x",
        "application/openmetrics-text;version=,;;=,",
        "text/plain;version=x.y",
        "text/plain;version=1.0.0;escaping=nonsense",
        "\xff;=",
    ],
)
def test_a_strange_accept_header_gets_metrics(accept: str) -> None:
    """prometheus-client alone fails on the first of them."""
    body, content_type = Metrics().text(accept)
    assert b"hwt_ready 0.0\n" in body
    assert content_type.startswith(("text/plain", "application/openmetrics-text"))


def test_threads_lose_nothing() -> None:
    metrics = Metrics()
    ones, bits = np.ones(7), np.array([True, False, False, True, False, False, False])

    def work(variant: str) -> None:
        for _ in range(200):
            metrics.scores("m", variant, ones, bits)
            metrics.batch("m", variant, 7, 0.001)
            metrics.samples("m", 7, 1)
            metrics.divergence("m", variant, ones, 2)
            metrics.request("/v1/score", 200, 0.002)

    threads = [threading.Thread(target=work, args=(f"v{index % 2}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        metrics.text()  # scraped meanwhile
    for thread in threads:
        thread.join()
    for variant in ("v0", "v1"):
        labels = {"model": "m", "variant": variant}
        assert value(metrics, "hwt_windows_total", **labels) == 4 * 200 * 7
        assert value(metrics, "hwt_score_bucket", **labels, le="+Inf") == 4 * 200 * 7
        assert value(metrics, "hwt_triggers_total", **labels) == 4 * 200 * 2
        assert value(metrics, "hwt_batch_windows_sum", **labels) == 4 * 200 * 7
        assert value(metrics, "hwt_divergence_count", **labels) == 4 * 200 * 7
        assert value(metrics, "hwt_disagreements_total", **labels) == 4 * 200 * 2
    assert value(metrics, "hwt_samples_total", model="m") == 8 * 200 * 7
    assert value(metrics, "hwt_requests_total", route="/v1/score", code="200") == 8 * 200


def test_bounds_ascend_and_reach_as_far_as_needed() -> None:
    for bounds in (LATENCIES, WINDOWS, SCORES, DIFFERENCES):
        assert list(bounds) == sorted(set(bounds))
        assert all(math.isfinite(bound) for bound in bounds)
    assert (LATENCIES[0], LATENCIES[-1]) == (0.0002, 5.0)
    fine = [bound for bound in LATENCIES if bound <= 0.1]
    assert max(high / low for low, high in itertools.pairwise(fine)) < 1.7


@pytest.mark.parametrize("edges", [(0.0, 0.5, 2.0), (-1.0, 0.0, 0.5, 2.0)])
def test_binned_histogram_counts_as_prometheus_own_does(edges: tuple[float, ...]) -> None:
    """The same values one by one into prometheus-client's histogram give the same samples."""
    values = np.random.default_rng(5).integers(-8 if edges[0] < 0 else 0, 12, 500) / 4
    ours = BinnedHistogram("h", "text", ("a",), edges)
    theirs = Histogram("h", "text", ("a",), buckets=edges, registry=None)
    ours.observe(("x",), values)
    for one in values.tolist():
        theirs.labels("x").observe(one)

    def flat(metric: BinnedHistogram | Histogram) -> dict[tuple[str, str | None], float]:
        found = [sample for family in metric.collect() for sample in family.samples]
        return {
            (sample.name, sample.labels.get("le")): sample.value
            for sample in found
            if not sample.name.endswith("_created") and not (edges[0] < 0 and sample.name == "h_count")
        }

    assert flat(ours) == flat(theirs)
