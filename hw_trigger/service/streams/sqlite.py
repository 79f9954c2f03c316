"""Streams in a SQLite database, so that they go on after a restart, a kill, or a loss of power.

The database has a write-ahead log and is synchronized at each commit. It is locked as long as it is open: two processes would
each go on with the streams as they remember them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from hw_trigger.service.streams.row import Row, from_row, to_row
from hw_trigger.service.streams.state import StoredStreamError, StreamState
from hw_trigger.service.streams.store import StoreError
from hw_trigger.service.streams.writer import Writer

T = TypeVar("T")

DATABASE: Final = "streams.sqlite"
"""The file's name in the state directory."""

VERSION: Final = 1
"""``PRAGMA user_version`` of the table below."""

_TABLE = """
CREATE TABLE streams (
    model TEXT NOT NULL,
    channel TEXT NOT NULL,
    samples BLOB NOT NULL,
    record TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (model, channel)
)
"""
_LOAD = "SELECT samples, record, digest FROM streams WHERE model = ? AND channel = ?"
_SAVE = "REPLACE INTO streams (model, channel, samples, record, digest) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM streams WHERE model = ? AND channel = ?"
_CHANNELS = "SELECT channel FROM streams WHERE model = ?"


class SqliteStore:
    """A :class:`~hw_trigger.service.streams.store.StreamStore` in the file ``streams.sqlite`` of a directory.

    Raises
    ------
    StoreError
        The directory cannot be written, another process has it open, or the file is no database of this version.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / DATABASE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            connection = _open(self._path)
        except OSError as error:
            raise StoreError(f"cannot write the state directory {directory}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise self._error("open", error) from error
        self._writer = Writer(connection)

    async def load(self, model: str, channel: str) -> StreamState | None:
        """Return a stream's state; ``None`` where there is none.

        Raises
        ------
        StoredStreamError
            What is stored is damaged.
        StoreError
            The database cannot be read.
        """
        found = await self._run("read", lambda connection: connection.execute(_LOAD, (model, channel)).fetchone())
        if found is None:
            return None
        samples, record, digest = found
        if not isinstance(samples, bytes) or not isinstance(record, str) or not isinstance(digest, str):
            raise StoredStreamError(
                f"what is stored of channel {channel!r} of model {model!r} is damaged (its columns have other types); "
                "reset the channel to begin it again"
            )
        return from_row(model, channel, Row(samples, record, digest))

    async def save(self, model: str, channel: str, state: StreamState) -> None:
        """Keep a stream's state in place of the one before: durable when this returns, not done at all when it raises.

        Raises
        ------
        StoreError
            The database cannot be written.
        """
        row = to_row(model, channel, state)
        values = (model, channel, row.samples, row.record, row.digest)
        await self._run("write", lambda connection: connection.execute(_SAVE, values))

    async def delete(self, model: str, channel: str) -> None:
        """Forget a stream; durable when this returns. Nothing happens where there is none.

        Raises
        ------
        StoreError
            The database cannot be written.
        """
        await self._run("write", lambda connection: connection.execute(_DELETE, (model, channel)))

    async def channels(self, model: str) -> list[str]:
        """Return the names of a model's channels, sorted.

        Raises
        ------
        StoreError
            The database cannot be read.
        """
        rows = await self._run("read", lambda connection: connection.execute(_CHANNELS, (model,)).fetchall())
        return sorted(str(channel) for (channel,) in rows)

    async def close(self) -> None:
        """Finish what is in progress, and close the database."""
        await self._writer.close()

    async def _run(self, what: str, call: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._writer.run(call)
        except sqlite3.Error as error:
            raise self._error(what, error) from error

    def _error(self, what: str, error: sqlite3.Error) -> StoreError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return StoreError(
                f"{self._path} is in use by another process; give each service a state directory of its own"
            )
        return StoreError(
            f"cannot {what} {self._path}: {error}; free space or permissions may be missing, "
            "and a damaged file must be moved away (all streams then begin again)"
        )


def _open(path: Path) -> sqlite3.Connection:
    """Open the database, lock it, and create its table where it is new."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # before WAL: no shared memory is then needed
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")  # takes the lock, which is then kept
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise StoreError(
                f"{path} has version {version}, and this release reads {VERSION}; "
                "move it away (all streams then begin again), or run the release that wrote it"
            )
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection
