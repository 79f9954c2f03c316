"""Windows of concurrent requests in one run of a variant, behind a bounded queue.

When to start a run: **at once, whenever the worker is free**. What arrives during a run waits for its end and is taken together
then, so batches grow with the load by themselves; a lone request never waits for company that may not come. A fixed delay before
each run would add to every answer at low load, where nobody else is there, and would be longer than a small network's whole run.

There is one exception, which `BatchLimits.delay` bounds. Clients that wait for an answer before they ask again come back
together, right behind a run; a run that starts for the first of them leaves the others to the next one, and the load stays torn
in small runs. So behind a run of several requests the next one waits until as many windows are there again, for a tenth of what
that run took, and never longer than `delay`. (64 clients of a 64-unit network: batches of 60 windows rather than 32.)
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.batch_limits import (
    BatchLimits,
    BatchLimitsError,
    ClosedError,
    QueueFullError,
    RequestTooLargeError,
)

__all__ = ["BatchLimits", "BatchLimitsError", "Batcher", "ClosedError", "QueueFullError", "RequestTooLargeError"]

GATHERING = 0.1
"""Part of the last run's time that the next one waits for the same company again."""

MEMORY = 0.9
"""How much of the running mean of a window's time is kept at each run."""

UNKNOWN = 1.0
"""Seconds after which to try again where no run has been timed yet."""


@dataclass(eq=False)
class _Request:
    """Windows that one caller waits for; `begun` of them are in runs, and `parts` are the answers so far, in order."""

    raw: Codes
    answer: asyncio.Future[Codes]
    begun: int = 0
    parts: dict[int, Codes] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return len(self.raw) - self.begun


_Piece = tuple[_Request, int, int]
"""A request, and which of its windows: first and last + 1."""


class Batcher:
    """Runs a variant on windows of many requests together, one run at a time.

    All methods are for the event loop's thread.

    Parameters
    ----------
    measure
        From raw windows ``(n, steps, n_features)`` to ``(n, k)``; called by one thread at a time.
    observe
        Called behind each run, in the thread that did it, with its windows and its seconds.
    inline
        A run that is expected to take no more seconds is done in the event loop's own thread. Beside a busy event loop, a thread
        waits for Python's lock behind each kernel, which takes longer than a small network does.
    """

    def __init__(
        self,
        measure: Callable[[Codes], Codes],
        limits: BatchLimits,
        *,
        observe: Callable[[int, float], None] | None = None,
        inline: float = 0.0,
    ) -> None:
        self._measure, self._limits, self._observe, self._inline = measure, limits, observe, inline
        self._queue: deque[_Request] = deque()
        self._waiting = 0
        self._seconds_a_window: float | None = None
        self._arrival = asyncio.Event()
        self._closed = False
        self._worker: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, "batch")

    @property
    def waiting(self) -> int:
        """Windows that are accepted and in no run yet."""
        return self._waiting

    @property
    def seconds_a_window(self) -> float | None:
        """A running mean of what a window takes, s; ``None`` before the first run."""
        return self._seconds_a_window

    async def start(self) -> None:
        """Begin to work."""
        if self._worker is not None:
            raise RuntimeError("a batcher is started once")
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Accept nothing more, answer all that is accepted, and end; a second call waits for the same."""
        self._closed = True
        self._arrival.set()
        if self._worker is not None:
            await asyncio.shield(self._worker)
        self._pool.shutdown()

    async def measure(self, raw: Codes) -> Codes:
        """Return what the variant measures of windows, in their order.

        Raises
        ------
        QueueFullError
            They do not fit the queue now; nothing of the request was accepted.
        RequestTooLargeError
            They never will.
        ClosedError
            The batcher ends, or has ended.
        """
        self._admit(len(raw))
        request = _Request(raw, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self._waiting += len(raw)
        self._arrival.set()
        try:
            return await request.answer
        finally:
            self._forget(request)  # where the caller is gone

    def _admit(self, windows: int) -> None:
        if self._closed or self._worker is None:
            raise ClosedError("the service is closing and accepts no more windows")
        if windows > self._limits.queue:
            raise RequestTooLargeError(
                f"a request has {windows} windows, and the queue takes {self._limits.queue} at most; send fewer at a time"
            )
        if self._waiting + windows > self._limits.queue:
            known = self._seconds_a_window
            raise QueueFullError(
                f"{self._waiting} windows wait, and with {windows} more there would be more than the queue's "
                f"{self._limits.queue}; try again later",
                UNKNOWN if known is None else self._waiting * known,
            )

    def _forget(self, request: _Request) -> None:
        """Take what is left of a request out of the queue."""
        if request in self._queue:
            self._queue.remove(request)
            self._waiting -= request.left

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._queue and not self._closed:
                self._arrival.clear()
                await self._arrival.wait()
            if not self._queue:
                return
            pieces = self._take()
            # Nothing is awaited between taking and running, and a failure is the callers': the worker itself never ends early.
            try:
                if self._is_short(pieces):
                    measures, seconds = self._run(pieces)
                else:
                    measures, seconds = await loop.run_in_executor(self._pool, self._run, pieces)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is for those whose windows these are
                self._fail(pieces, error)
                continue
            windows = self._answer(pieces, measures)
            self._learn(windows, seconds)
            await asyncio.sleep(0)  # those who were answered, and what came meanwhile
            if len(pieces) > 1:
                await self._gather(windows, min(self._limits.delay, GATHERING * seconds))

    def _is_short(self, pieces: list[_Piece]) -> bool:
        known = self._seconds_a_window
        return known is not None and known * sum(stop - start for _, start, stop in pieces) <= self._inline

    def _take(self) -> list[_Piece]:
        """Take windows for one run. What is left of a large request goes behind the others, which need not wait for all of it."""
        pieces: list[_Piece] = []
        room = self._limits.windows
        for _ in range(len(self._queue)):
            if not room:
                break
            request = self._queue.popleft()
            start, count = request.begun, min(request.left, room)
            request.begun += count
            room -= count
            self._waiting -= count
            pieces.append((request, start, start + count))
            if request.left:
                self._queue.append(request)
        return pieces

    def _run(self, pieces: list[_Piece]) -> tuple[Codes, float]:
        """Run windows, and time it."""
        parts = [request.raw[start:stop] for request, start, stop in pieces]
        raw = parts[0] if len(parts) == 1 else np.concatenate(parts)
        begin = time.perf_counter()
        measures = self._measure(raw)
        seconds = time.perf_counter() - begin
        if len(measures) != len(raw):
            raise RuntimeError(f"a run of {len(raw)} windows gave the measures of {len(measures)}")
        if self._observe is not None:
            self._observe(len(raw), seconds)
        return measures, seconds

    def _answer(self, pieces: list[_Piece], measures: Codes) -> int:
        """Give measures to those whose windows they are of; return how many there are."""
        place = 0
        for request, start, stop in pieces:
            request.parts[start] = measures[place : place + stop - start]
            place += stop - start
            if not request.left and not request.answer.done():
                parts = [request.parts[key] for key in sorted(request.parts)]
                request.answer.set_result(parts[0] if len(parts) == 1 else np.concatenate(parts))
        return place

    def _fail(self, pieces: list[_Piece], error: Exception) -> None:
        for request, _, _ in pieces:
            self._forget(request)
            if not request.answer.done():
                request.answer.set_exception(error)

    def _learn(self, windows: int, seconds: float) -> None:
        if not windows:
            return
        found, known = seconds / windows, self._seconds_a_window
        self._seconds_a_window = found if known is None else MEMORY * known + (1 - MEMORY) * found

    async def _gather(self, windows: int, patience: float) -> None:
        """Wait until so many windows are there again, for `patience` seconds at most."""
        deadline = time.perf_counter() + patience
        while self._waiting < windows and not self._closed and (rest := deadline - time.perf_counter()) > 0:
            self._arrival.clear()
            try:
                await asyncio.wait_for(self._arrival.wait(), rest)
            except TimeoutError:
                return
