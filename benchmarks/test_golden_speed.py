"""The compiled golden path beside PyTorch's float forward pass: the same windows, the same number of threads.

Both are timed in turn, and the medians compared, so that a busy machine slows both. Run with ``pytest benchmarks -s``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from support.programs import Sizes, random_program, random_windows

from hw_trigger.fixedpoint import compiled

WINDOWS, STEPS, UNITS, LATENT = 1000, 100, 64, 10
ROUNDS = 9
BATCHES = (100, WINDOWS)
"""PyTorch may have its windows all at once or in batches: the faster one counts."""


class Autoencoder(torch.nn.Module):
    """The float network of the same sizes, of PyTorch's own layers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.LSTM(1, UNITS, batch_first=True)
        self.latent = torch.nn.Linear(UNITS, LATENT)
        self.decoder = torch.nn.LSTM(LATENT, UNITS, batch_first=True)
        self.output = torch.nn.Linear(UNITS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (h, _) = self.encoder(x)
        repeated = self.latent(h[-1])[:, None].expand(-1, x.shape[1], -1)
        y: torch.Tensor = self.output(self.decoder(repeated)[0])
        return y


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("threads", [1, 2], indirect=True, ids=["1 thread", "2 threads"])
def test_compiled_golden_beside_float_forward(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str], threads: int, bits: int
) -> None:
    program = random_program(2, Sizes(STEPS, 1, (UNITS,), LATENT, (UNITS,)), widths=(bits, bits))
    raw = random_windows(program, WINDOWS)
    model = Autoencoder().eval()
    x = torch.from_numpy(program.raw.values(raw).astype(np.float32))

    def golden() -> None:
        compiled.run(program, raw, threads=threads)

    def forward(batch: int) -> Callable[[], None]:
        def run() -> None:
            with torch.inference_mode():
                for part in torch.split(x, batch):
                    model(part)

        return run

    contenders = [golden, *map(forward, BATCHES)]
    for contender in contenders:
        contender()
    times = np.array([[seconds(contender) for contender in contenders] for _ in range(ROUNDS)])
    ours, *theirs = (statistics.median(column) for column in times.T.tolist())
    ratio = ours / min(theirs)
    fastest = times[:, 0].min() / times[:, 1:].min()
    benchmark.extra_info |= {
        "golden_s": ours, "float_s": min(theirs), "golden_over_float": ratio, "golden_over_float_fastest": fastest
    }  # fmt: skip
    benchmark.pedantic(golden, rounds=3)  # type: ignore[no-untyped-call]
    with capsys.disabled():
        print(
            f"\n{bits} bits ({program.exact_bits}-bit sums), {threads} threads, {WINDOWS} windows of {STEPS} steps: "
            f"golden {ours:.3f} s, float {min(theirs):.3f} s, "
            f"ratio {ratio:.2f} (of the fastest runs {fastest:.2f})"
        )
