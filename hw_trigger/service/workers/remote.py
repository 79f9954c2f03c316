"""The service's end of workers: a variant that another process computes.

Beside the event loop of the service a variant waits for Python's lock behind each of its kernels; in a process of its own it has
a core for itself. A worker that dies is begun anew, and what it was at is done again: what is measured of windows depends on
nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.workers.messages import Kind, LostError, Message, receive, receive_later, send

PROGRAM = (sys.executable, "-m", "hw_trigger.service.workers.main")

POLITE = 10.0
"""Seconds that a process has to end its last run."""

PAUSE = 1.0
"""Seconds before a process that ended without any answer is begun again."""

LOSSES = 2
"""Processes that may end at the same windows; then these are given up."""

_LOG = logging.getLogger(__name__)


class RefusedError(UserError):
    """What a worker says of a bundle that it does not open."""


@dataclass(frozen=True, eq=False)
class RemoteVariant:
    """A variant of one bundle in a worker; see :class:`hw_trigger.service.variants.base.Variant`.

    Attributes
    ----------
    number
        Of the bundle in the worker.
    """

    name: str
    weight_bytes: int
    worker: RemoteWorker = field(repr=False)
    number: int

    def measure(self, raw: Codes) -> Codes:
        """Measure windows, and wait for them: before the event loop uses the worker."""
        return self.worker.measure(self.number, raw)

    async def run(self, raw: Codes) -> Codes:
        """Measure windows from the event loop."""
        return await self.worker.run(self.number, raw)


class RemoteWorker:
    """A process with one variant of all bundles. Bundles are opened first; then it belongs to one event loop.

    Parameters
    ----------
    restarted
        Called behind each new beginning of the process.
    """

    def __init__(self, variant: str, threads: int, restarted: Callable[[], None]) -> None:
        self._variant, self._restarted = variant, restarted
        self._command = [*PROGRAM, variant, str(threads)]
        self._bundles: list[Message] = []
        self._waiting: deque[_Waiting] = deque()  # in the order in which they are answered
        self._writer: asyncio.StreamWriter | None = None  # while the process can be asked
        self._conversation: asyncio.Task[None] | None = None
        self._begin()

    @property
    def pid(self) -> int:
        """Of the process."""
        pid: int = self._process.pid
        return pid

    def open(self, bundle: Bundle) -> RemoteVariant:
        """Open a bundle in the process, and wait for it.

        Raises
        ------
        RefusedError
            The worker's own error, where it is the bundle's.
        RuntimeError
            Any other error; one at which the process ended has it begin anew, for the other bundles.
        """
        wanted = {"path": str(bundle.path.resolve()), "sha256": bundle.manifest.program_sha256}
        request = Message(Kind.OPEN, len(self._bundles), json.dumps(wanted).encode())
        try:
            found = json.loads(_content(self._ask(request)))
        except LostError as error:
            code = self._renew()
            raise RuntimeError(f"the process of the variant {self._variant!r} ended with {code}") from error
        self._bundles.append(request)
        return RemoteVariant(self._variant, found["weight_bytes"], self, request.number)

    def measure(self, number: int, raw: Codes) -> Codes:
        """Measure windows, and wait for them."""
        return _measures(self._ask(_windows(number, raw)), len(raw))

    async def run(self, number: int, raw: Codes) -> Codes:
        """Measure windows. Several requests may be under way, and are worked one after another.

        Raises
        ------
        LostError
            The process ended twice at them.
        RuntimeError
            The worker's own error.
        """
        if self._conversation is None:
            self._conversation = asyncio.create_task(self._converse())
        waiting = _Waiting(_windows(number, raw), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is not None:
            self._writer.write(waiting.request.packed())
        return _measures(await waiting.answer, len(raw))

    async def stop(self) -> None:
        """End the process, behind its last run; whoever still waits is given up."""
        if self._conversation is not None:
            self._conversation.cancel()
            await asyncio.wait([self._conversation])
        await asyncio.to_thread(self.close)

    def close(self) -> int:
        """End the process, wait for it, and return its exit status: outside an event loop that uses it."""
        self._link.close()
        try:
            return self._process.wait(POLITE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def usage(self) -> tuple[float, float]:
        """Return the process's resident memory in bytes, and the CPU time that it has taken in s; 0 where it is gone."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0, 0.0
        user, system, pages = (int(fields[index]) for index in (11, 12, 21))  # proc(5) counts from the name before them
        return float(pages * os.sysconf("SC_PAGE_SIZE")), (user + system) / os.sysconf("SC_CLK_TCK")

    def _begin(self) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(self._command, stdin=theirs.fileno())

    def _renew(self) -> int:
        """Begin anew, with all bundles that are still what they were, and return the last process's exit status."""
        code = self.close()
        _LOG.error("the process of the variant %r ended with %d and is begun anew", self._variant, code)
        self._begin()
        for request in self._bundles:
            try:
                _content(self._ask(request))
            except (RefusedError, RuntimeError):
                _LOG.exception("the variant %r no longer opens %s", self._variant, request.content.decode())
        self._restarted()
        return code

    def _ask(self, message: Message) -> Message:
        send(self._link, message)
        return receive(self._link)

    async def _converse(self) -> None:
        """Talk with the process, and with the next one when it ends."""
        while True:
            answered = await self._listen()
            self._waiting = deque(waiting for waiting in self._waiting if waiting.goes_on())
            if not answered:
                await asyncio.sleep(PAUSE)
            try:
                await asyncio.to_thread(self._renew)
            except OSError:
                _LOG.exception("the process of the variant %r cannot be begun anew", self._variant)

    async def _listen(self) -> bool:
        """Ask all that waits, give answers until the process ends, and return whether there was any."""
        answered = False
        with contextlib.suppress(LostError, OSError):
            reader, writer = await asyncio.open_connection(sock=self._link)
            try:
                for waiting in self._waiting:
                    writer.write(waiting.request.packed())
                self._writer = writer
                while True:
                    answer = await receive_later(reader)
                    answered = True
                    self._waiting.popleft().give(answer)
            finally:
                self._writer = None
                writer.close()
        return answered


@dataclass(eq=False)
class _Waiting:
    """Who waits for an answer; `losses` counts the processes that ended before it came."""

    request: Message
    answer: asyncio.Future[Message]
    losses: int = 0

    def give(self, answer: Message) -> None:
        if not self.answer.done():  # the caller may be gone
            self.answer.set_result(answer)

    def goes_on(self) -> bool:
        """Count a loss, and return whether the next process is asked."""
        self.losses += 1
        if self.losses == LOSSES and not self.answer.done():
            self.answer.set_exception(LostError(f"{LOSSES} processes ended at the same windows"))
        return not self.answer.done()


class Workers:
    """A worker for each variant, begun at once, so that they load their libraries side by side.

    Parameters
    ----------
    restarted
        Called with the variant behind each new beginning of its process.
    """

    def __init__(self, variants: Iterable[str], threads: int, restarted: Callable[[str], None]) -> None:
        self.workers = {name: RemoteWorker(name, threads, partial(restarted, name)) for name in variants}

    def open(self, variant: str, bundle: Bundle, config: Config) -> RemoteVariant:
        """Open a bundle in the worker of a variant, which reads the configuration itself; see :meth:`RemoteWorker.open`."""
        del config
        return self.workers[variant].open(bundle)

    async def stop(self) -> None:
        """End all processes."""
        await asyncio.gather(*(worker.stop() for worker in self.workers.values()))

    def close(self) -> None:
        """End all processes, of which no event loop has used any."""
        for worker in self.workers.values():
            worker.close()


def _windows(number: int, raw: Codes) -> Message:
    return Message(Kind.MEASURE, number, np.ascontiguousarray(raw, np.int64).tobytes())


def _measures(answer: Message, windows: int) -> Codes:
    return np.frombuffer(_content(answer), np.int64).reshape(windows, answer.number)


def _content(answer: Message) -> bytes:
    if answer.kind == Kind.REFUSED:
        raise RefusedError(answer.content.decode())
    if answer.kind == Kind.FAILED:
        raise RuntimeError(f"in the worker's process:\n{answer.content.decode()}")
    return answer.content
