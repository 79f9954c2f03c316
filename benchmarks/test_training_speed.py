"""A training step: float, quantized with the fused cell, and quantized with Brevitas' stock QuantLSTM.

All are timed in turn with one thread, so that a busy machine slows all of them; the ratios are of the medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from hw_trigger.config.compose import load_config
from hw_trigger.models.calibration import calibrate
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.quant_autoencoder import QuantAutoencoder

ROUNDS = 15
WINDOWS = 64
TARGET = 4.0


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stepper(model: torch.nn.Module, windows: torch.Tensor) -> Callable[[], float]:
    """Return a function that takes one step of Adam, and returns the seconds that took."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    model.train()

    def step() -> float:
        start = time.perf_counter()
        loss = torch.nn.functional.mse_loss(model(windows), windows)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return time.perf_counter() - start

    return step


def test_training_step(benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]) -> None:
    config = load_config()
    architecture = config.autoencoder()
    torch.manual_seed(0)
    windows = torch.sin(torch.arange(WINDOWS * architecture.window) * 0.21).reshape(WINDOWS, architecture.window, 1)
    float_model = FloatAutoencoder(architecture)
    formats = calibrate(float_model, config.quant, windows)
    stock, fused = QuantAutoencoder(architecture, formats), QuantAutoencoder(architecture, formats)
    for model in (stock, fused):
        model.load_float(float_model)
    fuse(fused)
    steps = {name: stepper(model, windows) for name, model in (("float", float_model), ("fused", fused))}
    stock_step = stepper(stock, windows)
    for step in (*steps.values(), stock_step):
        step()
    times = {name: np.empty(ROUNDS) for name in steps}
    for index in range(ROUNDS):
        for name, step in steps.items():
            times[name][index] = step()
    stock_time = statistics.median(stock_step() for _ in range(3))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    ratio = medians["fused"] / medians["float"]
    benchmark.extra_info |= {**medians, "stock": stock_time, "fused_over_float": ratio}
    benchmark.pedantic(steps["fused"], rounds=3)  # type: ignore[no-untyped-call]
    with capsys.disabled():
        print(
            f"\nstep of {WINDOWS} windows of {architecture.window}, 1 thread: float {medians['float'] * 1e3:.0f} ms, "
            f"fused QAT {medians['fused'] * 1e3:.0f} ms ({ratio:.1f} times, {TARGET:g} wanted), "
            f"stock QuantLSTM {stock_time * 1e3:.0f} ms ({stock_time / medians['float']:.0f} times)"
        )
