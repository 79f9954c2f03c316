"""How long a sweep of 10,000 designs takes, without training: cluster, estimates, results on disk and read again.

Run with ``python benchmarks/explore_speed.py``; it prints designs a second, and the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.config.compose import load_config
from hw_trigger.explore.evaluate import estimator_version
from hw_trigger.explore.space import Base, Grid
from hw_trigger.explore.store import Store
from hw_trigger.explore.sweep import sweep

TARGET_S = 60.0
"""A minute, for 10,000 designs on 2 cores."""


def machine() -> str:
    """Return what the figures were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"machine: {model}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def main() -> None:
    """Sweep, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--designs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--space", default="wide", help="a configuration of configs/explore")
    given = parser.parse_args()
    start = time.perf_counter()
    config = load_config([f"explore={given.space}"])
    parts = config.database()
    grid = Grid(config.explore.space, Base(config.autoencoder(), config.quant, config.hls, parts))
    designs = grid.sample(given.designs, config.seed)
    networks = len({design.network for design in designs})
    sampled = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "results", estimator_version())
        with connect(ClusterSettings(workers=given.workers)) as client:
            connected = time.perf_counter()
            done = sweep(client, designs, store, parts, batch=config.explore.batch)
            swept = time.perf_counter()
            again = sweep(client, designs, store, parts, batch=config.explore.batch)
            resumed = time.perf_counter()
        rows = store.load(design.id for design in designs).num_rows
    total = time.perf_counter() - start
    print(machine())
    print(
        f"{len(designs)} designs of {len(grid)}, {networks} networks, {given.workers} workers: sampled in "
        f"{sampled - start:.1f} s, cluster started in {connected - sampled:.1f} s, swept in {swept - connected:.1f} s "
        f"({done.computed / (swept - connected):.0f} designs/s), swept again in {resumed - swept:.1f} s "
        f"({again.known} known); {rows} rows; in all {total:.1f} s ({len(designs) / total:.0f} designs/s)"
    )
    if len(designs) <= 10_000 and total > TARGET_S:
        print(f"slower than the target of {TARGET_S:g} s")


if __name__ == "__main__":
    main()
