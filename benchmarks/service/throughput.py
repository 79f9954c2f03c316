"""What the service costs beside the bare model, in one run: throughput at batch load, and p99 at half that load.

Run with ``python -m benchmarks.service.throughput --bundle models/RUN``. The bare model is the integer program's own call in a
loop, with as many threads as the service gives it: no telemetry in units, no decision, no HTTP. Bare and service take turns,
so that both see the same machine; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.service.client import Outcome, Request, send
from benchmarks.service.target import Target, machine, npy, started
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.service.model import Model
from hw_trigger.service.models import load_models
from hw_trigger.service.variants.opening import opener

BATCH = 64
SHARE = 0.70
TIMES = 5.0
"""The targets: least share of the bare throughput, and p99 below so many bare latencies."""


@dataclass(frozen=True)
class Plan:
    """How often and how long each is measured, over how many connections, and the model's threads."""

    rounds: int
    seconds: float
    connections: int
    threads: int


@dataclass(frozen=True)
class Figures:
    """What was measured; throughputs in windows/s, times in seconds."""

    model: str
    machine: str
    batch: int
    threads: int
    connections: int
    bare_windows: list[float]
    service_windows: list[float]
    ratio: float
    bare_seconds: float
    bare_paced_p99: float
    rate: float
    regular_p50: float
    regular_p99: float
    poisson_p99: float
    errors: dict[str, int]

    @property
    def times(self) -> float:
        """p99 at half load, in bare latencies."""
        return self.regular_p99 / self.bare_seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="of the model, bare and served")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args(arguments)
    model = load_models(given.bundle.parent, (given.bundle.name,), ("integer",), opener(given.threads)).get(
        given.bundle.name
    )
    with started(given.bundle, "serve.variants=[integer]", f"serve.threads={given.threads}") as target:
        figures = measure(model, target, Plan(given.rounds, given.seconds, given.connections, given.threads))
    print(text(figures))
    if given.json:
        given.json.write_text(json.dumps(asdict(figures), indent=2) + "\n", "utf-8")
    return int(figures.ratio < SHARE or figures.times >= TIMES or bool(figures.errors))


def measure(model: Model, target: Target, plan: Plan) -> Figures:
    """Measure bare and service in turns, then the service at half its throughput."""
    seconds, connections = plan.seconds, plan.connections
    values = target.windows(BATCH)
    request = score_request(target, values)
    expected = codes(model, values)
    bare, served, outcomes = [], [], []
    for _ in range(plan.rounds):
        bare.append(bare_throughput(model, values, seconds))
        outcomes.append(full_load(target, request, expected, connections, seconds))
        served.append(outcomes[-1].windows / outcomes[-1].elapsed)
    rate = statistics.median(served) / BATCH / 2
    latency = [bare_latency(model, values, seconds / 2)]
    regular = np.arange(max(1.0, rate * seconds * plan.rounds)) / rate
    steady = at_rate(target, request, connections * 4, regular)
    latency.append(bare_latency(model, values, seconds / 2))
    paced = bare_at_rate(model, values, regular)
    gaps = np.random.default_rng(1).exponential(1 / rate, len(regular))
    irregular = at_rate(target, request, connections * 4, gaps.cumsum())
    errors: dict[str, int] = {}
    for outcome in [*outcomes, steady, irregular]:
        for why, count in outcome.errors.items():
            errors[why] = errors.get(why, 0) + count
    return Figures(
        model=model.id,
        machine=machine(),
        batch=BATCH,
        threads=plan.threads,
        connections=connections,
        bare_windows=bare,
        service_windows=served,
        ratio=statistics.median(served) / statistics.median(bare),
        bare_seconds=statistics.median(latency),
        bare_paced_p99=float(np.percentile(paced, 99)),
        rate=rate * BATCH,
        regular_p50=float(np.percentile(steady.seconds, 50)),
        regular_p99=float(np.percentile(steady.seconds, 99)),
        poisson_p99=float(np.percentile(irregular.seconds, 99)),
        errors=errors,
    )


def score_request(target: Target, values: NDArray[np.float32]) -> Request:
    """Return the request that scores these windows."""
    path = f"/v1/score?model={target.model}&variant=integer"
    return Request(path, npy(values), "application/x-npy", len(values))


def codes(model: Model, values: NDArray[np.float32]) -> list[int]:
    """Return the scores that the service must answer."""
    raw, _ = model.quantize(values.astype(np.float64))
    score: list[int] = decide(model.trigger, model.variant("integer").measure(raw)).score.tolist()
    return score


def bare_throughput(model: Model, values: NDArray[np.float32], seconds: float) -> float:
    """Return windows a second of the model in a loop."""
    raw, _ = model.quantize(values.astype(np.float64))
    variant = model.variant("integer")
    start, runs = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds:
        variant.measure(raw)
        runs += 1
    return runs * len(raw) / elapsed


def bare_latency(model: Model, values: NDArray[np.float32], seconds: float) -> float:
    """Return the median time of one run."""
    raw, _ = model.quantize(values.astype(np.float64))
    variant, times, end = model.variant("integer"), [], time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        variant.measure(raw)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def bare_at_rate(model: Model, values: NDArray[np.float32], due: NDArray[np.float64]) -> list[float]:
    """Return the times from when runs are due to their ends: what the machine itself adds to a model that has pauses."""
    raw, _ = model.quantize(values.astype(np.float64))
    variant, times, start = model.variant("integer"), [], time.perf_counter()
    for moment in (start + due).tolist():
        time.sleep(max(0.0, moment - time.perf_counter()))
        variant.measure(raw)
        times.append(time.perf_counter() - moment)
    return times


def full_load(target: Target, request: Request, expected: list[int], connections: int, seconds: float) -> Outcome:
    """Send as much as the service takes; the last answer of each connection is compared with the model's own."""
    last: dict[int, bytes] = {}
    outcome = send(target.url, lambda _: request, connections=connections, duration=seconds, answered=last.__setitem__)
    for content in last.values():
        if json.loads(content)["codes"] != expected:
            raise RuntimeError("the service's scores are not the model's")
    return outcome


def at_rate(target: Target, request: Request, connections: int, due: NDArray[np.float64]) -> Outcome:
    """Send requests when they are due."""
    return send(target.url, lambda _: request, connections=connections, duration=float("inf"), due=due.tolist())


def text(figures: Figures) -> str:
    """Return the figures as lines."""
    bare, served = statistics.median(figures.bare_windows), statistics.median(figures.service_windows)
    return "\n".join(
        [
            figures.machine,
            f"model: {figures.model}, integer, {figures.threads} thread(s), {figures.batch} windows a request",
            f"bare model in a loop:   {bare:10,.0f} windows/s (median of {len(figures.bare_windows)})",
            f"service at batch load:  {served:10,.0f} windows/s, {figures.connections} connections, npy bodies",
            f"ratio:                  {figures.ratio:10.1%} (target: {SHARE:.0%} at least)",
            f"bare latency:           {figures.bare_seconds * 1e3:10.2f} ms a request's windows (median)",
            f"  p99 at the rate below: {figures.bare_paced_p99 * 1e3:9.2f} ms, called in this process when a request is due",
            f"service at half the load: {figures.rate:,.0f} windows/s, requests at regular times",
            f"  p50:                  {figures.regular_p50 * 1e3:10.2f} ms",
            f"  p99:                  {figures.regular_p99 * 1e3:10.2f} ms, {figures.times:.1f} x bare (target: below {TIMES:g})",
            f"  p99, random times:    {figures.poisson_p99 * 1e3:10.2f} ms (Poisson)",
            f"errors: {figures.errors or 'none'}",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
