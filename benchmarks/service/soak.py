"""Whether the service's memory stays flat under a steady load, and whether anything fails.

Run with ``python -m benchmarks.service.soak --bundle models/RUN --minutes 30``. Samples of channels and windows are sent at a
fixed rate, all variants in turn, with an experiment in shadow. Resident memory is what the service itself tells
``/metrics``. The trend is a Theil-Sen line (the median of the slopes of all pairs, which bursts do not move) through the values
behind a warm-up of the first fifth; memory is flat where that line rises by less than 1% of the memory over the measured time.
So a short run finds only a fast leak: what it says of an hour is no more than the slope of an allocator's steps, and the slope's
interval is too narrow, as values one after another are not independent. The text says so below `LEAST_MINUTES`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import requests
from matplotlib.figure import Figure
from prometheus_client.parser import text_string_to_metric_families
from scipy.stats import theilslopes

from benchmarks.service.client import Outcome, Request, send
from benchmarks.service.target import Target, chosen, machine
from hw_trigger.files import to_json, whole_directory
from hw_trigger.report.style import BLUE, ORANGE, look

WARM_UP = 0.2
MOST_GROWTH = 0.01
LEAST_MINUTES = 30.0
CONNECTIONS = 4
MOST_POINTS = 1000
"""Points that the line is fitted to at most: it looks at each pair of them."""


@dataclass(frozen=True)
class Soak:
    """What was seen; memory in bytes at seconds from the start, the slope and its 95% interval in bytes a second."""

    machine: str
    model: str
    rate: float
    seconds: list[float]
    memory: list[float]
    slope: float
    low: float
    high: float
    growth: float
    requests: int
    windows: int
    errors: dict[str, int]

    @property
    def flat(self) -> bool:
        """Whether the line rises by less than `MOST_GROWTH` of the memory."""
        return self.growth < MOST_GROWTH


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, write the report, and return 1 where memory grew or a request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="of a running service")
    parser.add_argument("--bundle", type=Path, help="of the model to start a service with")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=40.0, help="requests/s")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks at the memory")
    parser.add_argument("--output", type=Path, default=Path("reports/soak"), help="directory of the report")
    given = parser.parse_args(arguments)
    settings = ["serve.experiment={variant: float32, share: 1.0, shadow: true}"]
    with chosen(given.url, given.bundle, *settings) as target:
        found = soak(target, given.minutes * 60, given.rate, given.every)
    with whole_directory(given.output) as scratch:
        (scratch / "soak.json").write_text(to_json(asdict(found)), "utf-8")
        with mpl.rc_context({"svg.hashsalt": "soak"}):
            plot(found).savefig(scratch / "soak.svg", metadata={"Date": None})
    print(text(found))
    return int(not found.flat or bool(found.errors) or not found.requests)


def soak(target: Target, seconds: float, rate: float, every: float) -> Soak:
    """Load the service for so many seconds, and look at its memory meanwhile."""
    seen: list[tuple[float, float]] = []
    done = threading.Event()
    start = time.monotonic()

    def look_at_memory() -> None:
        while not done.wait(every):
            seen.append((time.monotonic() - start, resident(target)))

    watcher = threading.Thread(target=look_at_memory)
    watcher.start()
    try:
        outcome = load(target, seconds, rate)
    finally:
        done.set()
        watcher.join()
    times, memory = ([point[index] for point in seen] for index in (0, 1))
    slope, low, high, growth = trend(times, memory)
    return Soak(
        machine=machine(),
        model=target.model,
        rate=rate,
        seconds=times,
        memory=memory,
        slope=slope,
        low=low,
        high=high,
        growth=growth,
        requests=len(outcome.seconds),
        windows=outcome.windows,
        errors=outcome.errors,
    )


def trend(times: Sequence[float], memory: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the slope, its interval's ends, and the growth over the time behind the warm-up, in parts of the memory.

    Raises
    ------
    ValueError
        There are fewer than 3 points behind the warm-up.
    """
    behind = [index for index, at in enumerate(times) if at >= WARM_UP * times[-1]]
    if len(behind) < 3:
        raise ValueError(f"{len(behind)} values of the memory behind the warm-up, and 3 are needed")
    behind = behind[:: math.ceil(len(behind) / MOST_POINTS)]
    x, y = np.asarray(times)[behind], np.asarray(memory)[behind]
    slope, _, low, high = theilslopes(y, x, 0.95)
    return float(slope), float(low), float(high), float(slope * (x[-1] - x[0]) / np.median(y))


def resident(target: Target) -> float:
    """Return the resident memory of the service and of its variants' processes, bytes; pages that they share count for each."""
    answer = requests.get(f"{target.url}/metrics", timeout=30)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    names = ("process_resident_memory_bytes", "hwt_worker_memory_bytes")
    return float(sum(sample.value for name in names for sample in families[name].samples))


def load(target: Target, seconds: float, rate: float) -> Outcome:
    """Send what a connection's turn is: samples of its channel, then windows for a variant."""
    sources = [source(target, number) for number in range(CONNECTIONS)]
    due = [index / rate for index in range(int(seconds * rate))]
    return send(target.url, lambda number: sources[number](), connections=CONNECTIONS, duration=seconds, due=due)


def source(target: Target, number: int) -> Callable[[], Request]:
    """Return what gives a connection's requests: two thirds samples, one third windows."""
    samples = target.samples(32, number).tolist()
    windows = target.windows(16, number).tolist()
    bodies = {
        variant: json.dumps({"model": target.model, "windows": windows, "variant": variant}).encode()
        for variant in target.variants
    }
    push = json.dumps({"model": target.model, "samples": samples}).encode()
    stream = f"/v1/stream/soak-{number}"
    turns = itertools.cycle(
        itertools.chain.from_iterable(
            [
                Request(stream, push, "application/json", len(samples)),
                Request(stream, push, "application/json", len(samples)),
                Request("/v1/score", body, "application/json", len(windows)),
            ]
            for body in bodies.values()
        )
    )
    return lambda: next(turns)


def text(found: Soak) -> str:
    """Return what was found, as lines."""
    minutes, mib = found.seconds[-1] / 60, 2**20
    return "\n".join(
        [
            found.machine,
            (
                f"model: {found.model}; {found.rate:g} requests/s for {minutes:.1f} minutes: {found.requests} answered, "
                f"{found.windows} windows, errors: {found.errors or 'none'}"
            ),
            (
                f"memory: {found.memory[0] / mib:.1f} MiB first, {found.memory[-1] / mib:.1f} MiB last, "
                f"{max(found.memory) / mib:.1f} MiB at most"
            ),
            f"trend behind the first fifth: {found.slope * 3600 / mib:+.2f} MiB/h "
            f"(95%: {found.low * 3600 / mib:+.2f} to {found.high * 3600 / mib:+.2f}), {found.growth:+.2%} over that time: "
            + ("flat" if found.flat else "NOT FLAT"),
            *(
                [f"a run of less than {LEAST_MINUTES:g} minutes can only find a fast leak"]
                if minutes < LEAST_MINUTES * 0.99
                else []
            ),
        ]
    )


def plot(found: Soak) -> Figure:
    """Draw the memory by time, and the line."""
    with look():
        figure = Figure(figsize=(8, 3), layout="constrained")
        axes = figure.subplots()
        times, memory = np.asarray(found.seconds) / 60, np.asarray(found.memory) / 2**20
        axes.plot(times, memory, color=BLUE)
        behind = times >= WARM_UP * times[-1]
        line = np.median(memory[behind]) + found.slope * 60 / 2**20 * (times - np.median(times[behind]))
        axes.plot(times[behind], line[behind], color=ORANGE)
        axes.set_xlabel("minutes")
        axes.set_ylabel("resident memory, MiB")
        axes.set_ylim(0, 1.1 * max(axes.get_ylim()))
    return figure


if __name__ == "__main__":
    raise SystemExit(main())
