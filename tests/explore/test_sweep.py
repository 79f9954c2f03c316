"""Sweeps on a real Dask cluster: all designs, each once, whatever was interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.sweeps import small_space

from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.explore.designs import Budget, Design
from hw_trigger.explore.evaluate import estimator_version, evaluate
from hw_trigger.explore.space import Base, Grid
from hw_trigger.explore.store import Store
from hw_trigger.explore.sweep import sweep
from hw_trigger.explore.table import to_table
from hw_trigger.parts.configured import with_parts
from hw_trigger.parts.database import known_parts

PARTS = known_parts()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results", estimator_version())


def test_all_designs_are_estimated(client: Any, designs: list[Design], store: Store) -> None:
    steps: list[int] = []
    done = sweep(client, designs, store, PARTS, batch=7, progress=steps.append)
    assert (done.known, done.computed, done.impossible) == (0, len(designs), {})
    assert sum(steps) == len(designs)
    assert len(steps) == -(-len(designs) // 7)
    ids = [design.id for design in designs]
    assert store.load(ids).equals(to_table(evaluate(designs, PARTS).rows))


def test_a_second_sweep_computes_nothing(client: Any, designs: list[Design], store: Store) -> None:
    sweep(client, designs, store, PARTS)
    steps: list[int] = []
    again = sweep(client, designs, store, PARTS, progress=steps.append)
    assert (again.known, again.computed, steps) == (len(designs), 0, [len(designs)])


def test_another_space_keeps_the_rows_that_apply(client: Any, base: Base, designs: list[Design], store: Store) -> None:
    sweep(client, designs, store, PARTS)
    other = Grid(small_space(quant=("w8a8", "w6a8"), gate_unroll=(2, 4)), base).sample(1000, 0)
    common = {design.id for design in designs} & {design.id for design in other}
    assert 0 < len(common) < len(other)
    done = sweep(client, other, store, PARTS)
    assert (done.known, done.computed) == (len(common), len(other) - len(common))
    assert store.load(design.id for design in other).num_rows == len(other)


def test_a_part_that_is_described_otherwise_is_another(client: Any, base: Base, store: Store) -> None:
    entry = {"family": "Artix-7", "dsp": 90, "bram18": 100, "lut": 20_800, "ff": 41_600}

    def run(**changes: Any) -> tuple[int, list[dict[str, Any]]]:
        own = replace(base, parts=with_parts(PARTS, {"mine": entry | changes}))
        designs = Grid(small_space(part=("mine",)), own).sample(1000, 0)
        done = sweep(client, designs, store, own.parts)
        return done.known, store.load(design.id for design in designs).to_pylist()

    first = run()
    assert first[0] == 0
    for changes in ({"dsp": 45}, {"family": "Virtex UltraScale+"}, {"uram": 1}):
        assert run(**changes)[0] == 0, changes
    assert run() == (len(first[1]), first[1])
    halved = run(dsp=45)[1]
    assert [row["dsp_share"] for row in halved] == [2 * row["dsp_share"] for row in first[1]]
    # What does not enter an estimate changes nothing.
    assert run(source="another")[0] == len(first[1])


def test_a_damaged_file_is_computed_again(client: Any, designs: list[Design], store: Store) -> None:
    sweep(client, designs, store, PARTS, batch=10)
    path = min(store.directory.iterdir())
    path.write_bytes(path.read_bytes()[:100])
    again = sweep(client, designs, store, PARTS, batch=10)
    assert 0 < again.computed <= 10
    assert store.load(design.id for design in designs).equals(to_table(evaluate(designs, PARTS).rows))


def test_designs_that_cannot_be_do_not_end_the_sweep(client: Any, designs: list[Design], store: Store) -> None:
    bad = replace(designs[0], reuse=Budget("multipliers", 1))
    done = sweep(client, [bad, *designs[:3]], store, PARTS)
    assert done.computed == 3
    (reason,) = done.impossible.values()
    assert list(done.impossible) == [bad.id]
    assert reason.startswith("the budget multipliers=1 is too small for program 'lstm4-l2-t10': ")


def test_an_interrupted_sweep_keeps_its_batches(client: Any, designs: list[Design], store: Store) -> None:
    class StoppedError(Exception):
        pass

    batches = 0

    def interrupt(_done: int) -> None:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        sweep(client, designs, store, PARTS, batch=4, progress=interrupt)
    kept = store.load(design.id for design in designs).num_rows
    assert kept == 12
    done = sweep(client, designs, store, PARTS, batch=4)
    assert (done.known, done.computed) == (12, len(designs) - 12)
    assert store.load(design.id for design in designs).equals(to_table(evaluate(designs, PARTS).rows))


SCRIPT = """
import sys, time
from pathlib import Path
from support.sweeps import small_space
from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.explore.evaluate import estimator_version
from hw_trigger.explore.space import Base, Grid
from hw_trigger.explore.store import Store
from hw_trigger.explore.sweep import sweep
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.parts.database import known_parts

if __name__ == "__main__":
    base = Base(Architecture("tiny", 1, 10, (4,), 2, (4,)), QuantSpec(), HlsSettings(), known_parts())
    store = Store(Path(sys.argv[1]), estimator_version())
    with connect(ClusterSettings(workers=1)) as client:
        # So slow that it is killed amid its work.
        sweep(client, Grid(small_space(), base).sample(1000, 0), store, known_parts(), batch=3, progress=lambda _: time.sleep(1))
"""


def test_a_killed_sweep_goes_on(client: Any, designs: list[Design], store: Store, tmp_path: Path) -> None:
    """The process group is killed, workers and all, as when a machine goes down."""
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, str(script), str(store.directory)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(store.directory.glob("part-*.parquet"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    kept = store.load(design.id for design in designs).num_rows
    assert 6 <= kept < len(designs)
    assert kept % 3 == 0
    done = sweep(client, designs, store, PARTS)
    assert (done.known, done.computed) == (kept, len(designs) - kept)
    assert store.load(design.id for design in designs).equals(to_table(evaluate(designs, PARTS).rows))


def test_processes_give_the_same(designs: list[Design], store: Store) -> None:
    with connect(ClusterSettings(workers=1)) as processes:
        assert sweep(processes, designs, store, PARTS).computed == len(designs)
    assert store.load(design.id for design in designs).equals(to_table(evaluate(designs, PARTS).rows))


def test_an_existing_scheduler(client: Any, designs: list[Design], store: Store) -> None:
    address = client.scheduler_info()["address"]
    with connect(ClusterSettings(scheduler=address)) as other:
        assert sweep(other, designs[:5], store, PARTS).computed == 5
    # It is not shut down with the connection.
    assert client.submit(len, "abc", pure=False).result() == 3
