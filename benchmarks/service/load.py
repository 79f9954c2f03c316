"""Put a load on the service with Locust, and report throughput, p50, p99 and errors by variant.

Run with ``python -m benchmarks.service.load --bundle models/RUN``, which starts a service on a free port, or ``--url`` of one
that runs. Each variant is asked by ``/v1/score`` at each batch size, then ``/v1/stream`` sample by sample; the report is written
as Markdown, JSON and a plot. Locust runs in a process of its own: gevent patches the standard library. It takes a part of the
machine that the service then lacks; `benchmarks.service.throughput` measures what the service can do at most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service.report import Report, Row, row, write
from benchmarks.service.target import Target, chosen, machine

LOCUSTFILE = Path(__file__).with_name("locustfile.py")

START_SECONDS = 60.0
"""That Locust may take until its first request; then the scenario's time begins."""


@dataclass(frozen=True)
class Scenario:
    """One run of Locust: `kind` is "score" or "stream", `batch` windows or samples a request, `rate` requests/s of all users."""

    kind: str
    variant: str | None
    batch: int
    users: int
    seconds: float
    rate: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all scenarios, write the report, and return 1 where a request failed or none was answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="of a running service")
    parser.add_argument("--bundle", type=Path, help="of the model to start a service with")
    parser.add_argument("--variants", nargs="*", help="by default all that the service has")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 64], help="windows of a request")
    parser.add_argument("--samples", nargs="*", type=int, default=[1, 16], help="of a stream's request")
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each scenario")
    parser.add_argument("--rate", type=float, default=0.0, help="requests/s of all users; 0: as many as are answered")
    parser.add_argument("--output", type=Path, default=Path("reports/load"), help="directory of the report")
    given = parser.parse_args(arguments)
    with chosen(given.url, given.bundle) as target:
        rows = []
        for scenario in scenarios(given, target):
            rows.append(run(target, scenario))
            print(rows[-1].line(), flush=True)
    report = Report(machine(), target.model, target.steps, given.users, given.seconds, given.rate, tuple(rows))
    write(report, given.output)
    print(f"report: {given.output / 'load.md'}")
    return int(any(one.errors or not one.requests for one in rows))


def scenarios(given: argparse.Namespace, target: Target) -> Iterator[Scenario]:
    """Yield what is run."""
    for variant in given.variants or target.variants:
        for batch in given.batches:
            yield Scenario("score", variant, batch, given.users, given.seconds, given.rate)
    for samples in given.samples:
        yield Scenario("stream", None, samples, given.users, given.seconds, given.rate)


def run(target: Target, scenario: Scenario) -> Row:
    """Run Locust on one scenario.

    Raises
    ------
    RuntimeError
        Locust itself failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "times.json"
        settings = {
            "kind": scenario.kind,
            "variant": scenario.variant,
            "batch": scenario.batch,
            "rate": scenario.rate / scenario.users,
            "seconds": scenario.seconds,
            "output": str(output),
        }
        users = str(scenario.users)
        command = [sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary"]
        command += [
            "--users",
            users,
            "--spawn-rate",
            users,
            "--run-time",
            f"{scenario.seconds:g}s",
            "--stop-timeout",
            "10s",
        ]
        command += ["--host", target.url, "--exit-code-on-error", "0", "--loglevel", "WARNING"]
        environment = {**os.environ, "HWT_LOAD": json.dumps(settings)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not output.is_file():
            raise RuntimeError(f"locust ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        found = json.loads(output.read_text("utf-8"))
    times, errors, elapsed = found["seconds"], found["errors"], found["elapsed"]
    return row(scenario.kind, scenario.variant, scenario.batch, seconds=times, errors=errors, elapsed=elapsed)


if __name__ == "__main__":
    raise SystemExit(main())
