"""A quick measurement of each variant, through the queue that requests go through: what it takes here and now."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from hw_trigger.service.model import Model
from hw_trigger.service.problems import ProblemError, unavailable
from hw_trigger.service.scorer import Scorer

BATCHES = (1, 64)
"""Windows of a call."""

SECONDS = 0.1
"""Time for each variant and batch; one call is made in any case."""

CALLS = 100
"""Most calls of each variant and batch."""


class Benchmark:
    """Measures one model at a time."""

    def __init__(self, scorer: Scorer, threads: int) -> None:
        self._scorer, self._threads, self._busy = scorer, threads, False

    async def run(self, model: Model) -> dict[str, Any]:
        """Measure all variants of a model, and return the answer as it is serialized.

        Raises
        ------
        ProblemError
            Another measurement is in progress (503).
        """
        if self._busy:
            raise ProblemError.of(unavailable("another benchmark is in progress", 1))
        self._busy = True
        try:
            variants = [
                {
                    "variant": name,
                    "weight_bytes": one.weight_bytes,
                    "timings": [await self._time(model, name, windows) for windows in BATCHES],
                }
                for name, one in model.variants.items()
            ]
        finally:
            self._busy = False
        return {"model": model.id, "threads": self._threads, "variants": variants}

    async def _time(self, model: Model, variant: str, windows: int) -> dict[str, Any]:
        generator = np.random.default_rng(0)
        raw = model.program.raw
        shape = (windows, model.steps, model.n_features)
        codes = generator.integers(max(raw.low, -(1 << 31)), min(raw.high, 1 << 31), shape, np.int64)
        seconds: list[float] = []
        deadline = time.perf_counter() + SECONDS
        while not seconds or (len(seconds) < CALLS and time.perf_counter() < deadline):
            start = time.perf_counter()
            await self._scorer.measure(model.id, variant, codes)
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        return {
            "windows": windows,
            "calls": len(seconds),
            "median_ms": 1000 * median,
            "best_ms": 1000 * min(seconds),
            "windows_per_second": windows / median,
        }
