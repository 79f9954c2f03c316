"""The shadow of one model: a second variant computes what the first has answered, and the two are compared.

An answer never waits for it. Jobs are offered after the answer is made, and only what fits a bounded queue is taken. The shadow
begins a run only while nobody waits for its variant, so a request waits for one run of the shadow at most, as it would for that
of another request. Where there is no such moment, the queue fills up and jobs are left out and counted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Trigger
from hw_trigger.service.batching import Batcher
from hw_trigger.service.comparison import Comparison

PAUSE = 0.002
"""Between two looks for a moment when nobody waits, in s."""

TOGETHER = 64
"""The most windows that are offered to the batcher at a time, so that a request does not wait for long behind them."""

_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class ShadowMemory:
    """What the shadow remembers of a stream.

    Attributes
    ----------
    windows
        How many of the stream's windows `trigger` is behind.
    trigger
        What the shadow's trigger remembers.
    """

    windows: int = -1
    trigger: Codes | None = None


@dataclass(frozen=True, eq=False)
class ShadowJob:
    """A request that was answered.

    Attributes
    ----------
    raw
        Its windows, ``(n, steps, n_features)``, n of 1 or more.
    before
        What the trigger of the answering variant remembered before them.
    values, triggers
        The answer, ``(n,)``.
    seconds
        What the answering variant took.
    memory
        Of the request's stream; that of none is new.
    window
        Index of the first window in its stream.
    """

    raw: Codes
    before: Codes | None
    values: NDArray[np.float64]
    triggers: NDArray[np.bool_]
    seconds: float
    memory: ShadowMemory
    window: int


class Shadow:
    """Computes jobs in the order in which they are offered.

    Parameters
    ----------
    variant, answering
        Names of the variant that computes here, and of the one that answers.
    batcher
        Of `variant`.
    most
        Windows that may wait here.
    compared
        Called with the absolute differences ``(n,)`` and the number of disagreements of each request.
    dropped
        Called with the number of windows left out.
    """

    def __init__(
        self,
        trigger: Trigger,
        variant: str,
        answering: str,
        batcher: Batcher,
        most: int,
        *,
        comparison: Comparison,
        compared: Callable[[NDArray[np.float64], int], None],
        dropped: Callable[[int], None],
    ) -> None:
        self._trigger, self._batcher, self._most = trigger, batcher, most
        self._variant, self._answering = variant, answering
        self._comparison, self._compared, self._dropped = comparison, compared, dropped
        self._jobs: deque[ShadowJob] = deque()
        self._windows = 0
        self._wanted, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work. Jobs may be offered before."""
        self._task = asyncio.get_running_loop().create_task(self._serve(), name="shadow")

    async def stop(self) -> None:
        """Leave out what waits and what is in progress."""
        while self._jobs:
            self._leave_out(self._take())
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._idle.set()

    async def idle(self) -> None:
        """Wait until nothing waits and nothing runs."""
        await self._idle.wait()

    def offer(self, job: ShadowJob) -> None:
        """Take a job where there is room for it, and leave it out otherwise. Never waits, never fails."""
        if self._windows + len(job.raw) > self._most:
            self._leave_out(job)
            return
        self._jobs.append(job)
        self._windows += len(job.raw)
        self._idle.clear()
        self._wanted.set()

    def _take(self) -> ShadowJob:
        job = self._jobs.popleft()
        self._windows -= len(job.raw)
        return job

    def _leave_out(self, job: ShadowJob) -> None:
        self._comparison.drop(len(job.raw))
        self._dropped(len(job.raw))

    async def _serve(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                while self._jobs:
                    await self._run()
            finally:
                self._idle.set()

    async def _run(self) -> None:
        await self._quiet()
        jobs: list[ShadowJob] = []
        while self._jobs and (not jobs or sum(len(job.raw) for job in jobs) + len(self._jobs[0].raw) <= TOGETHER):
            jobs.append(self._take())
        try:
            results = await asyncio.gather(*(self._measure(job.raw) for job in jobs), return_exceptions=True)
        except asyncio.CancelledError:
            for job in jobs:
                self._leave_out(job)
            raise
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, BaseException):
                if not isinstance(
                    result, UserError
                ):  # a full queue is none of the shadow's business, anything else is a bug
                    _LOG.error("the shadow variant %r failed", self._variant, exc_info=result)
                self._leave_out(job)
            else:
                self._compare(job, *result)

    async def _quiet(self) -> None:
        while self._batcher.waiting:
            await asyncio.sleep(PAUSE)

    async def _measure(self, raw: Codes) -> tuple[Codes, float]:
        """Return what is measured of windows, and the time that it took, without that between the pieces of many windows."""
        parts, seconds = [], 0.0
        for start in range(0, len(raw), TOGETHER):
            if start:
                await self._quiet()
            begun = time.perf_counter()
            parts.append(await self._batcher.measure(raw[start : start + TOGETHER]))
            seconds += time.perf_counter() - begun
        return np.concatenate(parts), seconds

    def _compare(self, job: ShadowJob, measures: Codes, seconds: float) -> None:
        # Behind a gap the shadow goes on from what the other variant's trigger remembered.
        before = job.memory.trigger if job.memory.windows == job.window else job.before
        decision = decide(self._trigger, measures, before)
        job.memory.windows, job.memory.trigger = job.window + len(job.raw), decision.state
        differences = np.abs(self._trigger.values(decision.score) - job.values)
        disagreements = int(np.count_nonzero(decision.trigger != job.triggers))
        self._comparison.add(differences, disagreements, {self._variant: seconds, self._answering: job.seconds})
        self._compared(differences, disagreements)
