"""The streams at work: who may use one, in which order, and which are held in memory.

The requests of a stream are worked one after another, in the order in which they came. What has begun is finished, also when
whoever asked has gone: a stream is never half-way.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from hw_trigger.errors import UserError
from hw_trigger.service.shadow import ShadowMemory
from hw_trigger.service.streams.state import StreamState, UnknownStreamError
from hw_trigger.service.streams.store import StreamStore

T = TypeVar("T")

IN_MEMORY = 1024
"""Streams held in memory while nobody uses them; the store has the others."""


class TooManyChannelsError(UserError):
    """A new channel where there are as many as there may be. A reset of another makes room."""


@dataclass(eq=False)
class Stream:
    """A stream in memory. Whoever changes it holds `lock`.

    Attributes
    ----------
    state
        Of the stream; ``None``: not loaded yet, or nothing is stored.
    stored
        The store has the stream.
    users
        Requests that work on it or wait for it.
    shadow
        What a second variant's trigger remembers of it.
    """

    model: str
    channel: str
    stored: bool
    state: StreamState | None = None
    users: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    shadow: ShadowMemory = field(default_factory=ShadowMemory)


class Keeper:
    """Streams by model and channel.

    Parameters
    ----------
    most
        Channels that there may be, of all models together.
    waiting
        Samples that may wait for their stream, of all streams together.
    observe
        Called with a model's id and how many channels it has, when that changes.
    """

    def __init__(self, store: StreamStore, most: int, waiting: int, observe: Callable[[str, int], None]) -> None:
        self._store = store
        self._most, self._most_waiting, self._observe = most, waiting, observe
        self._known: set[tuple[str, str]] = set()
        self._counts: Counter[str] = Counter()
        self._streams: OrderedDict[tuple[str, str], Stream] = OrderedDict()
        self._waiting = 0
        self._tasks: set[asyncio.Task[object]] = set()

    async def start(self, models: Iterable[str]) -> None:
        """Learn which channels of these models are stored.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        for model in models:
            self._counts[model] = 0
            for channel in await self._store.channels(model):
                self._know((model, channel))
            self._observe(model, self._counts[model])

    async def stop(self) -> None:
        """Wait until everything that was begun is finished."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def crowded(self, model: str, channel: str, samples: int) -> bool:
        """Return whether so many samples had to wait for their stream, and too many would then."""
        stream = self._streams.get((model, channel))
        return stream is not None and stream.lock.locked() and self._waiting + samples > self._most_waiting

    async def work(
        self,
        model: str,
        channel: str,
        call: Callable[[Stream], Awaitable[T]],
        *,
        samples: int = 0,
        create: bool = False,
    ) -> T:
        """Return what `call` gives of a stream, when all requests before it are done.

        Parameters
        ----------
        samples
            How many the request brings.
        create
            Begin the stream where there is none.

        Raises
        ------
        UnknownStreamError
            There is no such stream.
        TooManyChannelsError
            It would be a new one, and there are as many as there may be.
        """
        with self._use(model, channel, create) as stream:
            self._waiting += samples
            try:
                await stream.lock.acquire()
            finally:
                self._waiting -= samples
            # From here on the work has a task of its own: a client that goes away cancels its request, and not the work.
            stream.users += 1
            task = asyncio.ensure_future(self._finish(stream, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return await asyncio.shield(task)

    async def _finish(self, stream: Stream, call: Callable[[Stream], Awaitable[T]]) -> T:
        try:
            return await call(stream)
        finally:
            stream.lock.release()
            self._let_go(stream)

    @contextmanager
    def _use(self, model: str, channel: str, create: bool) -> Iterator[Stream]:
        key = (model, channel)
        stored = key in self._known
        if not stored:
            if not create:
                raise UnknownStreamError(
                    f"there is no stream of channel {channel!r} of model {model!r}; send samples first"
                )
            if len(self._known) >= self._most:
                raise TooManyChannelsError(
                    f"channel {channel!r} would be one more than {self._most}, which is the most that there may be; "
                    "reset another one first"
                )
            self._know(key)
        stream = self._streams.setdefault(key, Stream(model, channel, stored))
        self._streams.move_to_end(key)
        stream.users += 1
        try:
            yield stream
        finally:
            self._let_go(stream)

    def _let_go(self, stream: Stream) -> None:
        """End a use. Forget a stream that came to nothing, and those in memory that were not used for longest."""
        stream.users -= 1
        if not stream.users and not stream.stored:
            key = (stream.model, stream.channel)
            del self._streams[key]
            self._known.discard(key)
            self._counts[stream.model] -= 1
            self._observe(stream.model, self._counts[stream.model])
        surplus = len(self._streams) - IN_MEMORY
        if surplus > 0:
            for key in list(islice((key for key, kept in self._streams.items() if not kept.users), surplus)):
                del self._streams[key]

    def _know(self, key: tuple[str, str]) -> None:
        self._known.add(key)
        self._counts[key[0]] += 1
        self._observe(key[0], self._counts[key[0]])
