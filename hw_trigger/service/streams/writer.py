"""The one thread that touches the database: it takes all the work that waits, does it in one transaction, and answers all.

A commit waits for the disk. Channels that save at the same time share one, so that many cost little more than one does.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

GROUP = 256
"""The most pieces of work in one transaction."""


@dataclass(eq=False)
class _Work:
    call: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """Runs functions of a connection in a thread, in the order in which they come, durable when they are answered.

    Parameters
    ----------
    connection
        In autocommit mode (``isolation_level=None``), and not bound to a thread. The writer owns it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._closed = False
        # A daemon: an event loop that ends without close() does not keep the process.
        self._thread = threading.Thread(target=self._serve, name="stream-store", daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `call` gives, when the transaction that it was part of is committed.

        Raises
        ------
        sqlite3.Error
            The call or the commit failed; nothing of the call is in the database.
        RuntimeError
            The writer is closed.
        """
        if self._closed:
            raise RuntimeError("the store of streams is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Work(call, loop, future))
        return await future

    async def close(self) -> None:
        """Finish what waits, end the thread, and close the connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        open_ = True
        while open_:
            group = [self._queue.get()]
            while len(group) < GROUP and group[-1] is not None:
                try:
                    group.append(self._queue.get_nowait())
                except Empty:
                    break
            open_ = group[-1] is not None
            self._do([work for work in group if work is not None])
        self._connection.close()

    def _do(self, group: list[_Work]) -> None:
        """Do a group in one transaction; where that fails, each piece in one of its own, so that one spoils no other."""
        try:
            results = _transact(self._connection, [work.call for work in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait, who would wait for ever
            if len(group) > 1:
                for work in group:
                    self._do([work])
                return
            _answer(group[0], None, error)
            return
        for work, result in zip(group, results, strict=True):
            _answer(work, result, None)


def _transact(connection: sqlite3.Connection, calls: list[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [call(connection) for call in calls]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    return results


def _answer(work: _Work, result: Any, error: BaseException | None) -> None:
    def settle() -> None:
        if work.future.done():  # whoever asked has gone
            return
        if error is None:
            work.future.set_result(result)
        else:
            work.future.set_exception(error)

    if not work.loop.is_closed():
        work.loop.call_soon_threadsafe(settle)
