"""The SQLite store: what was saved is there after a restart, and what cannot be used is refused."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.scorers import STATE, same_state

from hw_trigger.service.streams.sqlite import DATABASE, SqliteStore
from hw_trigger.service.streams.state import StoredStreamError
from hw_trigger.service.streams.store import MemoryStore, StoreError, StreamStore
from hw_trigger.service.streams.writer import Writer


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_was_saved_is_loaded(tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        store: StreamStore = MemoryStore() if kind == "memory" else SqliteStore(tmp_path)
        assert await store.load("m", "c") is None
        await store.save("m", "c", STATE)
        await store.save("m", "b", replace(STATE, count=11))
        await store.save("n", "c", replace(STATE, trigger=None))
        if kind == "sqlite":
            await store.close()
            store = SqliteStore(tmp_path)
        found = await asyncio.gather(store.load("m", "c"), store.load("m", "b"), store.load("n", "c"))
        for one, wanted in zip(found, (STATE, replace(STATE, count=11), replace(STATE, trigger=None)), strict=True):
            assert one is not None
            assert same_state(one, wanted)
        assert await store.channels("m") == ["b", "c"]
        await store.delete("m", "c")
        await store.delete("m", "c")
        assert await store.load("m", "c") is None
        assert await store.channels("m") == ["b"]
        await store.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "statement",
    ["UPDATE streams SET samples = 'text'", "UPDATE streams SET record = x'00'", "UPDATE streams SET digest = 3.5"],
)
def test_columns_of_other_types(tmp_path: Path, statement: str) -> None:
    async def main() -> None:
        store = SqliteStore(tmp_path)
        await store.save("m", "c", STATE)
        await store.close()
        with sqlite3.connect(tmp_path / DATABASE) as connection:
            connection.execute(statement)
        connection.close()
        store = SqliteStore(tmp_path)
        with pytest.raises(StoredStreamError) as caught:
            await store.load("m", "c")
        assert str(caught.value).endswith("; reset the channel to begin it again")
        await store.close()

    asyncio.run(main())


def test_a_directory_that_another_process_has(tmp_path: Path) -> None:
    message = f"{tmp_path / DATABASE} is in use by another process; give each service a state directory of its own"
    first = SqliteStore(tmp_path)
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
        SqliteStore(tmp_path)
    code = f"import pathlib\nfrom {SqliteStore.__module__} import SqliteStore\nSqliteStore(pathlib.Path({str(tmp_path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.stderr.splitlines()[-1] == f"hw_trigger.service.streams.store.StoreError: {message}"
    asyncio.run(first.close())
    asyncio.run(SqliteStore(tmp_path).close())


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path / "state")
    assert str(caught.value) == f"cannot write the state directory {tmp_path / 'state'}: File exists"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"x" * 5000)
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path)
    assert str(caught.value) == (
        f"cannot open {tmp_path / DATABASE}: file is not a database; free space or permissions may be missing, "
        "and a damaged file must be moved away (all streams then begin again)"
    )


def test_a_database_of_another_version(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / DATABASE} has version 2, and this release reads 1; "
        "move it away (all streams then begin again), or run the release that wrote it"
    )


def test_a_database_that_is_damaged_inside(tmp_path: Path) -> None:
    """Pages overwritten at random: each stream is loaded as it was, or refused."""

    async def main() -> None:
        store = SqliteStore(tmp_path)
        for index in range(40):
            await store.save("m", f"c{index}", replace(STATE, count=index))
        await store.close()
        whole = (tmp_path / DATABASE).read_bytes()
        refused = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            content = bytearray(whole)
            place = int(rng.integers(100, len(whole) - 200))
            content[place : place + 200] = rng.bytes(200)
            (tmp_path / DATABASE).write_bytes(content)
            try:
                store = SqliteStore(tmp_path)
            except StoreError:
                refused += 1
                continue
            for index in range(40):
                try:
                    found = await store.load("m", f"c{index}")
                    assert found is None or same_state(found, replace(STATE, count=index))
                except (StoreError, StoredStreamError):
                    refused += 1
            await store.close()
        assert refused

    asyncio.run(main())


def test_a_full_disk_leaves_what_was_saved(tmp_path: Path) -> None:
    """SQLite's own limit of pages stands for the disk's."""

    async def main() -> None:
        store = SqliteStore(tmp_path)
        await store.save("m", "c", STATE)
        await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 8").fetchall())
        large = replace(STATE, samples=np.full((4000, 2), 2**60))
        results = await asyncio.gather(
            store.save("m", "c", large),
            store.save("m", "d", STATE),
            store.save("m", "c", large),
            return_exceptions=True,
        )
        assert (
            str(results[0])
            == str(results[2])
            == (
                f"cannot write {tmp_path / DATABASE}: database or disk is full; free space or permissions may be missing, "
                "and a damaged file must be moved away (all streams then begin again)"
            )
        )
        assert results[1] is None
        for channel in "cd":
            found = await store.load("m", channel)
            assert found is not None
            assert same_state(found, STATE)
        await store.close()

    asyncio.run(main())


def test_saves_of_many_channels_share_a_commit(tmp_path: Path) -> None:
    async def main() -> list[str]:
        store = SqliteStore(tmp_path)
        statements: list[str] = []
        store._writer._connection.set_trace_callback(statements.append)
        await asyncio.gather(*(store.save("m", f"c{index}", STATE) for index in range(100)))
        await store.close()
        return statements

    statements = asyncio.run(main())
    assert sum(text.startswith("REPLACE") for text in statements) == 100
    assert statements.count("COMMIT") <= 10


def test_the_log_is_synchronized_at_each_commit(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteStore(tmp_path)

        def pragma(name: str) -> object:
            return store._writer._connection.execute(f"PRAGMA {name}").fetchone()[0]

        assert (pragma("journal_mode"), pragma("synchronous"), pragma("locking_mode")) == ("wal", 2, "exclusive")
        await store.close()

    asyncio.run(main())


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteStore(tmp_path)
        await store.close()
        await store.close()
        with pytest.raises(RuntimeError, match=r"^the store of streams is closed$"):
            await store.load("m", "c")

    asyncio.run(main())


def test_whoever_has_gone_disturbs_nobody(tmp_path: Path) -> None:
    """A caller that is cancelled, an error that is none of SQLite's: the writer goes on."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM streams")
        raise ZeroDivisionError

    async def main() -> None:
        store = SqliteStore(tmp_path)
        await store.save("m", "c", STATE)
        writer: Writer = store._writer
        gone = asyncio.create_task(store.load("m", "c"))
        await asyncio.sleep(0)
        gone.cancel()
        results = await asyncio.gather(writer.run(fail), store.channels("m"), return_exceptions=True)
        assert isinstance(results[0], ZeroDivisionError)
        assert results[1] == ["c"]
        await store.close()

    asyncio.run(main())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anything")
def test_a_directory_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"^cannot open "):
        SqliteStore(tmp_path)
