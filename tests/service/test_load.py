"""Load generator, soak and throughput benchmark: briefly against a real service; and what they compute, by known values."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from support.service import small_bundle

from benchmarks.service import load, soak, throughput
from benchmarks.service.client import Request, send
from benchmarks.service.report import Report, Row, markdown, row, write
from benchmarks.service.target import Target, target_of
from hw_trigger.bundle.bundle import Bundle
from hw_trigger.service.models import load_models
from hw_trigger.service.process import NotStartedError, service_process
from hw_trigger.service.variants.opening import opener

ROWS = (
    Row("score", "integer", 64, 100, 50.0, 3200.0, 1.25, 4.5, {}),
    Row("stream", "stream", 1, 0, 0.0, 0.0, None, None, {"refused | by all": 3}),
)
REPORT = Report("machine: one", "m", 16, 4, 5.0, 0.0, ROWS)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("load"), "run=small")


@pytest.fixture(scope="module")
def target(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    log = tmp_path_factory.mktemp("log") / "log"
    settings = ("serve.variants=[integer,float32]", "serve.experiment={variant: float32}")
    with service_process(log, f"paths.models={bundle.path.parent}", *settings) as service:
        yield target_of(service.url)


@pytest.fixture
def server() -> Iterator[str]:
    """A server that answers 200 to a body of "good", 503 to "bad", and nothing to "none"."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if body == b"none":
                self.close_connection = True
                return
            self.send_response(200 if body == b"good" else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()
        thread.join()


# Against a service.


def test_the_load_generator_asks_each_variant_and_streams(target: Target, tmp_path: Path) -> None:
    output = tmp_path / "load"
    arguments = ["--url", target.url, "--batches", "1", "8", "--samples", "4", "--users", "2", "--seconds", "1"]
    assert load.main([*arguments, "--variants", "integer", "float32", "--output", str(output)]) == 0
    found = json.loads((output / "load.json").read_text())
    assert found["model"] == target.model
    rows = found["rows"]
    assert [(one["kind"], one["variant"], one["windows"]) for one in rows] == [
        ("score", "integer", 1),
        ("score", "integer", 8),
        ("score", "float32", 1),
        ("score", "float32", 8),
        ("stream", "stream", 4),
    ]
    for one in rows:
        assert one["errors"] == {}
        assert one["requests"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["windows_per_second"] == pytest.approx(one["requests_per_second"] * one["windows"])
    assert (output / "load.svg").read_text().startswith("<?xml")
    assert "/v1/stream" in (output / "load.md").read_text()


def test_the_load_generator_keeps_a_rate_and_tells_errors(target: Target) -> None:
    kept = load.run(target, load.Scenario("score", "integer", 1, users=2, seconds=3, rate=10))
    assert kept.errors == {}
    assert 5 <= kept.requests <= 34  # a busy machine may be behind, and never ahead
    failed = load.run(target, load.Scenario("score", "no-such", 1, users=1, seconds=2, rate=5))
    assert (failed.requests, failed.p50_ms) == (0, None)
    assert sum(failed.errors.values()) > 0
    assert all("422" in why for why in failed.errors)


def test_the_soak_finds_no_error(target: Target, tmp_path: Path) -> None:
    """Memory is asked to be flat of a longer one."""
    found = soak.soak(target, seconds=10, rate=30, every=0.5)
    assert found.errors == {}
    assert found.requests == 300
    assert len(found.memory) >= 5
    assert min(found.memory) > 50 * 2**20
    assert found.low <= found.slope <= found.high
    assert "errors: none" in soak.text(found)
    soak.plot(found).savefig(tmp_path / "soak.svg")


@pytest.mark.long
def test_a_minute_of_soak_is_flat(bundle: Bundle, tmp_path: Path) -> None:
    arguments = ["--bundle", str(bundle.path), "--minutes", "1", "--output", str(tmp_path / "soak")]
    assert soak.main(arguments) == 0
    found = json.loads((tmp_path / "soak" / "soak.json").read_text())
    assert found["errors"] == {}
    assert found["growth"] < soak.MOST_GROWTH


def test_throughput_is_measured_beside_the_bare_model(bundle: Bundle, target: Target) -> None:
    name = bundle.path.name
    model = load_models(bundle.path.parent, (name,), ("integer",), opener(1)).get(name)
    found = throughput.measure(model, target, throughput.Plan(rounds=2, seconds=0.5, connections=2, threads=1))
    assert found.errors == {}
    assert len(found.bare_windows) == len(found.service_windows) == 2
    assert found.ratio == pytest.approx(np.median(found.service_windows) / np.median(found.bare_windows))
    assert 0 < found.regular_p50 <= found.regular_p99
    assert found.bare_paced_p99 > 0
    assert found.rate == pytest.approx(np.median(found.service_windows) / 2)
    assert "errors: none" in throughput.text(found)


def test_throughput_does_not_count_wrong_scores(target: Target) -> None:
    request = throughput.score_request(target, target.windows(4))
    with pytest.raises(RuntimeError, match=r"^the service's scores are not the model's$"):
        throughput.full_load(target, request, [1, 2, 3, 4], 1, 0.2)


def test_the_model_to_load_is_told_by_the_service(target: Target, bundle: Bundle) -> None:
    program = bundle.program
    assert (target.model, target.steps, target.n_features) == ("small", program.steps, program.n_features)
    assert target.variants == ("integer", "float32")
    samples, windows = target.samples(20, 3), target.windows(5, 3)
    assert windows.shape == (5, program.steps, program.n_features)
    for index, window in enumerate(windows):  # consecutive, of one stream
        np.testing.assert_array_equal(window, samples[index : index + program.steps])


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(NotStartedError, match=r"the service ended with 2:\n.*there is no directory of models"),
        service_process(tmp_path / "log", f"paths.models={tmp_path / 'none'}"),
    ):
        pass


def test_something_must_be_loaded() -> None:
    with pytest.raises(
        SystemExit, match=r"^give --url of a running service, or --bundle of a model to start one with$"
    ):
        load.main([])


# The lean client.


def test_the_client_counts_answers_and_errors(server: str) -> None:
    bodies = [b"good", b"bad", b"none"]
    kept: list[bytes] = []
    outcome = send(
        server,
        lambda number: Request("/", bodies[number], "text/plain", 64),
        connections=3,
        duration=0.3,
        answered=lambda number, content: kept.append(content),
    )
    assert set(outcome.errors) == {"503", "RemoteDisconnected"}
    assert outcome.windows == 64 * len(outcome.seconds) > 0
    assert kept == [b"good"] * len(outcome.seconds)
    assert 0.3 <= outcome.elapsed < 5


def test_the_client_sends_when_it_is_due_and_counts_from_then(server: str) -> None:
    due = [0.0, 0.1, 0.2, 0.3, 9.0]  # the last one is behind the end
    start = time.perf_counter()
    request = Request("/", b"good", "text/plain", 1)
    outcome = send(server, lambda _: request, connections=2, duration=1.0, due=due)
    assert outcome.windows == 4
    assert 0.3 <= time.perf_counter() - start < 9
    late = send(server, lambda _: request, connections=1, duration=1.0, due=[0.0, -5.0])
    assert max(late.seconds) > 5  # it was due long before it could be sent


# What is computed and written.


def test_a_row_of_known_times() -> None:
    found = row(
        "score", "integer", 64, seconds=[index / 1000 for index in range(1, 102)], errors={"503": 2}, elapsed=10
    )
    assert (found.requests, found.requests_per_second, found.windows_per_second) == (101, 10.1, 646.4)
    assert found.p50_ms == pytest.approx(51)
    assert found.p99_ms == pytest.approx(100)
    assert found.errors == {"503": 2}
    empty = row("stream", None, 1, seconds=[], errors={}, elapsed=0.0)
    assert (empty.variant, empty.requests_per_second, empty.p50_ms, empty.p99_ms) == ("stream", 0.0, None, None)


def test_the_report_has_every_row_and_every_error() -> None:
    assert markdown(REPORT) == (
        "# Load on the service\n\n"
        "machine: one; model m, windows of 16 samples; 4 users for 5 s each, as many requests as were answered, JSON. "
        "Locust ran on the same machine.\n\n"
        "| endpoint | variant | windows a request | requests/s | windows/s | p50, ms | p99, ms | errors |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| /v1/score | integer | 64 | 50.0 | 3,200 | 1.25 | 4.50 | 0 |\n"
        "| /v1/stream | the service's own | 1 (samples) | 0.0 | 0 | - | - | 3 |\n\n"
        "![throughput and latency](load.svg)\n\n"
        "- stream x 1: refused | by all: 3\n"
    )
    assert "4 users for 5 s each, 20 requests/s, JSON" in markdown(replace(REPORT, rate=20.0))


def test_the_report_s_files_are_the_same_again(tmp_path: Path) -> None:
    write(REPORT, tmp_path / "a")
    write(REPORT, tmp_path / "b")
    names = ["load.json", "load.md", "load.svg"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_trend_is_not_moved_by_bursts_or_by_the_warm_up() -> None:
    times = [float(second) for second in range(1000)]
    memory = [500e6 + (0 if second >= 150 else -300e6) + (200e6 if second % 97 == 0 else 0) for second in range(1000)]
    slope, low, high, growth = soak.trend(times, memory)
    assert (slope, low, high, growth) == (0.0, 0.0, 0.0, 0.0)
    rising = [value + 1e5 * second for second, value in enumerate(memory)]
    slope, low, high, growth = soak.trend(times, rising)
    assert low <= slope <= high
    assert slope == pytest.approx(1e5, rel=0.01)
    assert growth == pytest.approx(1e5 * 799 / 560e6, rel=0.02)
    with pytest.raises(ValueError, match=r"^2 values of the memory behind the warm-up, and 3 are needed$"):
        soak.trend([1.0, 2.0], [5.0, 5.0])


@pytest.mark.parametrize(("growth", "word"), [(0.0099, "time: flat"), (0.01, "time: NOT FLAT")])
@pytest.mark.parametrize("minutes", [1, 30])
def test_what_counts_as_flat(growth: float, word: str, minutes: int) -> None:
    seen = [1.0, minutes * 60.0]
    found = soak.Soak("machine", "m", 40.0, seen, [2**20, 2**20], 0.0, 0.0, 0.0, growth, 10, 20, {})
    assert found.flat == (growth < 0.01)
    warning = "" if minutes == 30 else "\na run of less than 30 minutes can only find a fast leak"
    assert soak.text(found).endswith(word + warning)
