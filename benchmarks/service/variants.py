"""Bytes of weights, and latency at batch 1 and 64, of every variant that a bundle can be served with.

``python -m benchmarks.service.variants [--rounds N] [--models DIRECTORY]`` prints a table for each network: the float network,
its dynamic int8 quantization, and QAT with weights of 8, 6 and 4 bits, in ONNX Runtime and as the integer program. What a variant
does is what the service has it do: from raw codes to the trigger's measures, on one thread.

All variants run in turn in one process, in another order in every round, so that a busy machine slows all alike; a ratio is the
median over the rounds of a variant's time by the float network's in the same round. Bundles are trained for one step, as the
values of weights do not matter for speed; with ``--models`` they are kept there, and those that are there are taken.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.conftest import pytest_report_header
from hw_trigger.bundle.bundle import MANIFEST, Bundle
from hw_trigger.config.compose import load_config
from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.markdown import markdown_table
from hw_trigger.service.variants.base import Variant, limit_blas
from hw_trigger.service.variants.opening import open_variant
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent
from hw_trigger.verification.stress import stress_windows

NETWORKS = ("lstm16w50", "lstm64")
FORMATS = ("w8a8", "w6a8", "w4a8")
BATCHES = (1, 64)
FLOAT = "float32"
QUICK = (
    "channel=SYN-1", "training.float_epochs=1", "training.epochs=1", "training.steps_per_epoch=1", "training.threads=1",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Row:
    """A variant, and windows that it takes."""

    name: str
    variant: Variant
    raw: Mapping[int, Codes]


@dataclass(frozen=True)
class Figures:
    """Milliseconds a call, and times by the float network's."""

    median: float
    p99: float
    ratio: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="calls of each variant and batch")
    parser.add_argument("--models", type=Path, help="where bundles are, or are kept")
    options = parser.parse_args()
    limit_blas()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        directory = options.models or Path(scratch)
        for network in NETWORKS:
            rows = rows_of(network, directory)
            found = {batch: measure(rows, batch, options.rounds) for batch in BATCHES}
            print(f"\n{network}, {options.rounds} rounds\n")
            print(render(rows, found))


def machine() -> str:
    """Say what the figures are of."""
    capability, engine = torch.backends.cpu.get_cpu_capability(), torch.backends.quantized.engine
    return f"{pytest_report_header()}, PyTorch {torch.__version__} ({capability}, int8 by {engine}); one thread"


def rows_of(network: str, directory: Path) -> list[Row]:
    """Open the variants of a network, and check that the exact ones of one program agree."""
    rows: list[Row] = []
    for formats in FORMATS:
        bundle, config = bundle_of(network, formats, directory)
        raw = {batch: stress_windows(bundle.program, batch) for batch in BATCHES}
        floats = {FLOAT: FLOAT, "int8-dynamic": "int8, dynamic"} if formats == FORMATS[0] else {}
        names = floats | {"onnx": f"{formats}, onnx", "integer": f"{formats}, integer"}
        opened = [Row(name, open_variant(key, bundle, config, 1), raw) for key, name in names.items()]
        one, other = (row.variant.measure(raw[BATCHES[-1]]) for row in opened[-2:])
        if not np.array_equal(one, other):
            raise RuntimeError(f"{network} {formats}: ONNX Runtime and the integer program differ")
        rows += opened
    return rows


def bundle_of(network: str, formats: str, directory: Path) -> tuple[Bundle, Config]:
    config = load_config(
        [f"model={network}", f"quant={formats}", f"run={network}-{formats}", f"paths.models={directory}", *QUICK]
    )
    if not (config.bundle_path / MANIFEST).is_file():
        run_qat(config, Silent())
    return open_bundle(config)


def measure(rows: Sequence[Row], batch: int, rounds: int) -> list[Figures]:
    """Time calls of all variants in turn."""
    for row in rows:  # what happens but once
        for _ in range(5):
            row.variant.measure(row.raw[batch])
    order, shuffle = list(range(len(rows))), random.Random(0)
    seconds: list[list[float]] = [[] for _ in rows]
    for _ in range(rounds):
        shuffle.shuffle(order)
        for index in order:
            begin = time.perf_counter()
            rows[index].variant.measure(rows[index].raw[batch])
            seconds[index].append(time.perf_counter() - begin)
    base = seconds[[row.name for row in rows].index(FLOAT)]
    return [
        Figures(
            statistics.median(own) * 1e3,
            float(np.percentile(own, 99)) * 1e3,
            statistics.median(one / other for one, other in zip(own, base, strict=True)),
        )
        for own in seconds
    ]


def render(rows: Sequence[Row], found: Mapping[int, Sequence[Figures]]) -> str:
    head = [
        "variant",
        "weights, bytes",
        *(text for batch in BATCHES for text in (f"batch {batch}: median, ms", "p99, ms", "by float32")),
    ]
    lines = []
    for index, row in enumerate(rows):
        cells = [row.name, f"{row.variant.weight_bytes:,}"]
        for batch in BATCHES:
            figures = found[batch][index]
            cells += [f"{figures.median:.2f}", f"{figures.p99:.2f}", f"{figures.ratio:.2f}"]
        lines.append(cells)
    return markdown_table(head, lines, right=range(1, len(head)))


if __name__ == "__main__":
    main()
