"""How long each stage of the chain takes on the default model, and how many windows a second C-simulation does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hw_trigger.config.compose import load_config
from hw_trigger.hls import csim
from hw_trigger.hls.compiler import build
from hw_trigger.stages.csim import run_csim
from hw_trigger.stages.hls import run_hls
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.report import run_report
from hw_trigger.stages.reporter import Silent

Result = TypeVar("Result")


class Stopwatch:
    """Seconds of each stage, in the order in which they were measured."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def measure(self, name: str, function: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = function()
        self.seconds[name] = time.perf_counter() - start
        return result


def test_stages(benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = [f"paths.{name}={tmp_path / name}" for name in ("models", "projects", "reports")]
    config, reporter, watch = load_config(paths, name="demo"), Silent(), Stopwatch()
    watch.measure("qat", lambda: run_qat(config, reporter))
    project = watch.measure("hls", lambda: run_hls(config, reporter, synth=False))
    watch.measure("g++", lambda: (build(project, "csim"), build(project, "library")))
    watch.measure("csim", lambda: run_csim(config, reporter))
    watch.measure("report", lambda: run_report(config, reporter))
    windows = len(project.windows())
    rates = {}
    for jobs in sorted({1, os.cpu_count() or 1}):
        watch.measure("simulation", lambda jobs=jobs: csim.run(project, jobs=jobs))  # type: ignore[misc]
        rates[jobs] = windows / watch.seconds.pop("simulation")
    benchmark.extra_info |= {**watch.seconds, **{f"csim_windows_s_{jobs}": rate for jobs, rate in rates.items()}}
    benchmark.pedantic(lambda: csim.run(project), rounds=1)  # type: ignore[no-untyped-call]
    one = rates[1]
    with capsys.disabled():
        print("\nstages: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in watch.seconds.items()))
        print(
            f"C-sim of {windows} windows of {project.program.steps} steps: "
            + ", ".join(
                f"{rate:.1f} windows/s in {jobs} processes ({rate / one:.2f} times one)" for jobs, rate in rates.items()
            )
        )
