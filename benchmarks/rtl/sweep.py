"""Random designs in Verilator against the golden model: every code of the network, every score, every trigger bit.

    python -m benchmarks.rtl.sweep --count 1000 --jobs 2

A design is all of one seed: program, schedule, channels, pauses, resets, thresholds (tests/support/rtl.py). What is done is
kept, a line of JSON each, and a run that was killed goes on where it was; a change of the engines, of the golden model or of the
generator begins anew. The exit status is 1 where a code differs or a design fails, and its seed is printed:

    python -m benchmarks.rtl.sweep --first SEED --count 1
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.rtl import compare, random_case, simulate  # noqa: E402

from benchmarks.conftest import pytest_report_header  # noqa: E402
from hw_trigger.cli.console import Terminal  # noqa: E402
from hw_trigger.files import sha256_bytes  # noqa: E402
from hw_trigger.rtl.simulation.run import SimulationError  # noqa: E402


@dataclass(frozen=True)
class Outcome:
    """What became of a seed: codes compared and those that differ, or the error of the simulation; and how long it took."""

    seed: int
    windows: int = 0
    codes: int = 0
    mismatches: int = 0
    error: str = ""
    seconds: float = 0.0

    @property
    def wrong(self) -> bool:
        """Whether the design is not what the golden model says."""
        return bool(self.mismatches or self.error)


def run_seed(seed: int) -> Outcome:
    """Build, simulate and compare the design of a seed, and leave nothing of it."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="hw_trigger_sweep_") as directory:
        case = random_case(seed)
        try:
            found = compare(case, simulate(case, Path(directory)))
        except SimulationError as error:  # the design stood still, or broke a rule of its ports
            return Outcome(seed, error=str(error), seconds=round(time.perf_counter() - start, 2))
    seconds = round(time.perf_counter() - start, 2)
    return Outcome(seed, found.windows, found.codes, found.mismatches, "", seconds)


def version() -> str:
    """Return a hash of all that an outcome depends on, but the tools."""
    folders = (ROOT / "hw_trigger" / "rtl", ROOT / "hw_trigger" / "fixedpoint", ROOT / "tests" / "support")
    files = sorted(
        path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    return sha256_bytes(b"\0".join(path.read_bytes() for path in files))[:12]


def known(path: Path) -> Iterator[Outcome]:
    """Yield the outcomes of earlier runs; a line that a killed run left unfinished is done again."""
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            yield Outcome(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue


def sweep(seeds: range, path: Path, jobs: int) -> list[Outcome]:
    """Return the outcomes of seeds, and add new ones to the file."""
    done = {outcome.seed: outcome for outcome in known(path) if outcome.seed in seeds}
    missing = [seed for seed in seeds if seed not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    # A fresh process a worker: what the tools leave in memory is not copied into each.
    workers = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    with workers as pool, path.open("a", encoding="utf-8") as lines, Terminal().task("designs", len(seeds)) as advance:
        advance(len(done))
        for future in as_completed([pool.submit(run_seed, seed) for seed in missing]):
            outcome = done[future.result().seed] = future.result()
            lines.write(f"\n{json.dumps(asdict(outcome))}")
            lines.flush()
            advance(1, note=f"{sum(each.wrong for each in done.values())} wrong")
    return [done[seed] for seed in seeds]


def main() -> int:
    """Sweep, print what was compared, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="designs")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--directory", type=Path, default=Path("build/rtl_sweep"), help="where outcomes are kept")
    given = parser.parse_args()
    start = time.perf_counter()
    key = version()
    outcomes = sweep(range(given.first, given.first + given.count), given.directory / f"{key}.jsonl", given.jobs)
    print(pytest_report_header())
    print(
        f"version {key}, seeds {given.first} to {given.first + given.count - 1}: {len(outcomes)} designs, "
        f"{sum(each.windows for each in outcomes):,} windows, {sum(each.codes for each in outcomes):,} codes compared, "
        f"{sum(each.mismatches for each in outcomes)} mismatches, {sum(bool(each.error) for each in outcomes)} failed; "
        f"{sum(each.seconds for each in outcomes) / max(1, len(outcomes)):.1f} s a design, "
        f"{time.perf_counter() - start:.0f} s now"
    )
    wrong = [each for each in outcomes if each.wrong]
    for each in wrong:
        print(f"{random_case(each.seed).describe()}: {each.mismatches} of {each.codes} codes differ {each.error}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
