"""Windows of concurrent requests in one run of a variant, behind a bounded queue.

When to start a run: **at once, whenever the variant is free**. What arrives during a run waits for its end and is taken together
then, so batches grow with the load by themselves; a lone request never waits for company that may not come. A fixed delay before
each run would add to every answer at low load, where nobody else is there, and would be longer than a small network's whole run.

There are two exceptions. Where as many windows wait as the run in progress has, they are handed over before its end: it is no
smaller a run then, and the variant need not wait for the event loop between the two.

And clients that wait for an answer before they ask again come back together, right behind a run; a run that starts for the first
of them leaves the others to the next one, and the load stays torn in small runs. So behind a run of several requests the next one
waits until as many windows are there again, for a tenth of what that run took, and never longer than `BatchLimits.delay`. (64
clients of a 64-unit network: batches of 60 windows rather than 32.)
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
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

AT_ONCE = 2
"""Runs that are handed over at a time."""

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

    @property
    def complete(self) -> bool:
        return sum(map(len, self.parts.values())) == len(self.raw)


_Piece = tuple[_Request, int, int]
"""A request, and which of its windows: first and last + 1."""


class Batcher:
    """Runs a variant on windows of many requests together, one run at a time.

    All methods are for the event loop's thread.

    Parameters
    ----------
    run
        From raw windows ``(n, steps, n_features)`` to what is measured of them, ``(n, k)``; `AT_ONCE` may be in progress.
    observe
        Called behind each run, with its windows and its seconds.
    """

    def __init__(
        self,
        run: Callable[[Codes], Awaitable[Codes]],
        limits: BatchLimits,
        *,
        observe: Callable[[int, float], None] | None = None,
    ) -> None:
        self._run, self._limits, self._observe = run, limits, observe
        self._queue: deque[_Request] = deque()
        self._waiting = 0
        self._seconds_a_window: float | None = None
        self._arrival = asyncio.Event()
        self._closed = False
        self._worker: asyncio.Task[None] | None = None
        self._runs: dict[asyncio.Task[None], int] = {}  # in progress, and their windows
        self._last_end = 0.0  # of a run, by the performance counter
        self._company, self._patient_until = 0, 0.0  # how many windows may come back together, and until when

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
        while True:
            await self._turn()
            if not self._queue:
                return
            pieces = self._take()
            task = asyncio.create_task(self._do(pieces))
            self._runs[task] = _size(pieces)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._runs[task]
        self._arrival.set()

    async def _turn(self) -> None:
        """Wait until a run may begin, or until there will be none any more."""
        while patience := self._patience():
            self._arrival.clear()
            try:
                async with asyncio.timeout(patience if patience < math.inf else None):
                    await self._arrival.wait()
            except TimeoutError:
                pass

    def _patience(self) -> float:
        """Return the seconds that the next run is to wait, if nothing happens meanwhile."""
        if not self._queue:
            return 0 if self._closed and not self._runs else math.inf
        if not self._runs:
            alone = self._waiting < self._company and not self._closed
            return max(0.0, self._patient_until - time.perf_counter()) if alone else 0
        return 0 if len(self._runs) < AT_ONCE and self._waiting >= max(self._runs.values()) else math.inf

    async def _do(self, pieces: list[_Piece]) -> None:
        """Run windows, and answer. A failure is the callers'."""
        try:
            measures, seconds = await self._time(pieces)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those whose windows these are
            self._fail(pieces, error)
            return
        windows = self._answer(pieces, measures)
        self._learn(windows, seconds)
        self._company = windows if len(pieces) > 1 else 0
        self._patient_until = time.perf_counter() + min(self._limits.delay, GATHERING * seconds)

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

    async def _time(self, pieces: list[_Piece]) -> tuple[Codes, float]:
        """Run windows, and time it, without the wait for the end of the run before."""
        parts = [request.raw[start:stop] for request, start, stop in pieces]
        raw = parts[0] if len(parts) == 1 else np.concatenate(parts)
        begin = time.perf_counter()
        measures = await self._run(raw)
        end = time.perf_counter()
        seconds, self._last_end = end - max(begin, self._last_end), end
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
            if request.complete and not request.answer.done():
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


def _size(pieces: list[_Piece]) -> int:
    return sum(stop - start for _, start, stop in pieces)
