"""The report of a load: a table in Markdown, the same in JSON, and a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from hw_trigger.files import to_json, whole_directory
from hw_trigger.markdown import markdown_table
from hw_trigger.report.style import BLUE, ORANGE, look

STREAM = "stream"


@dataclass(frozen=True)
class Row:
    """What one scenario gave; `windows` are those of a request (samples of a stream's), rates are of what was answered."""

    kind: str
    variant: str
    windows: int
    requests: int
    requests_per_second: float
    windows_per_second: float
    p50_ms: float | None
    p99_ms: float | None
    errors: dict[str, int]

    @property
    def title(self) -> str:
        return f"{self.variant} x {self.windows}"

    def line(self) -> str:
        """Return it as a line for a terminal."""
        times = "no answer" if self.p50_ms is None else f"p50 {self.p50_ms:8.2f} ms  p99 {self.p99_ms:8.2f} ms"
        failed = f"  errors: {self.errors}" if self.errors else ""
        return f"{self.title:20} {self.windows_per_second:10,.0f} windows/s  {times}{failed}"


@dataclass(frozen=True)
class Report:
    """A load on one model: the same number of users and seconds for each row; `rate` 0: as many requests as are answered."""

    machine: str
    model: str
    steps: int
    users: int
    seconds: float
    rate: float
    rows: tuple[Row, ...]


def row(
    kind: str,
    variant: str | None,
    windows: int,
    *,
    seconds: Sequence[float],
    errors: Mapping[str, int],
    elapsed: float,
) -> Row:
    """Return the row of what was measured: the time of each answered request, errors by what they are, and the whole time."""
    rate = len(seconds) / elapsed if elapsed > 0 else 0.0
    p50, p99 = (float(np.percentile(seconds, q)) * 1e3 for q in (50, 99)) if seconds else (None, None)
    name = variant if variant is not None else STREAM
    return Row(kind, name, windows, len(seconds), rate, rate * windows, p50, p99, dict(errors))


def write(report: Report, directory: Path) -> None:
    """Write ``load.md``, ``load.json`` and ``load.svg``, all or none."""
    with whole_directory(directory) as scratch:
        (scratch / "load.md").write_text(markdown(report), "utf-8")
        (scratch / "load.json").write_text(to_json(asdict(report)), "utf-8")
        with mpl.rc_context({"svg.hashsalt": "load"}):
            plot(report).savefig(scratch / "load.svg", metadata={"Date": None})


def markdown(report: Report) -> str:
    """Return the table, with what it was measured on."""
    loaded = f"{report.rate:g} requests/s" if report.rate else "as many requests as were answered"
    headers = ("endpoint", "variant", "windows a request", "requests/s", "windows/s", "p50, ms", "p99, ms", "errors")
    cells = [
        (
            "/v1/score" if one.kind == "score" else "/v1/stream",
            one.variant if one.kind == "score" else "the service's own",
            f"{one.windows}" if one.kind == "score" else f"{one.windows} (samples)",
            f"{one.requests_per_second:,.1f}",
            f"{one.windows_per_second:,.0f}",
            "-" if one.p50_ms is None else f"{one.p50_ms:.2f}",
            "-" if one.p99_ms is None else f"{one.p99_ms:.2f}",
            str(sum(one.errors.values())),
        )
        for one in report.rows
    ]
    what = f"model {report.model}, windows of {report.steps} samples"
    how = f"{report.users} users for {report.seconds:g} s each, {loaded}, JSON"
    failed = [f"- {one.title}: {why}: {count}" for one in report.rows for why, count in one.errors.items()]
    parts = [
        "# Load on the service",
        f"{report.machine}; {what}; {how}. Locust ran on the same machine.",
        markdown_table(headers, cells, right=range(2, 8)),
        "![throughput and latency](load.svg)",
        "\n".join(failed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def plot(report: Report) -> Figure:
    """Draw throughput, and p50 and p99, of each row."""
    with look():
        figure = Figure(figsize=(9, 1.2 + 0.4 * len(report.rows)), layout="constrained")
        panels: Any = figure.subplots(1, 2, sharey=True)
        throughput, latency = panels
        for place, one in enumerate(report.rows):
            throughput.barh(place, one.windows_per_second, color=BLUE)
            if one.p50_ms is not None and one.p99_ms is not None:
                latency.hlines(place, one.p50_ms, one.p99_ms, color=ORANGE, linewidth=5)
        throughput.set_yticks(range(len(report.rows)), [one.title for one in report.rows])
        throughput.invert_yaxis()
        throughput.set_title("windows/s")
        latency.set_xscale("log")
        latency.set_title("p50 to p99, ms")
    return figure
