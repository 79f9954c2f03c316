"""Where the states of streams are kept."""

from __future__ import annotations

from typing import Protocol

from hw_trigger.errors import UserError
from hw_trigger.service.streams.state import StreamState


class StoreError(UserError):
    """The state directory cannot be used: it is in use by another process, damaged, full, or not writable."""


class StreamStore(Protocol):
    """Keeps the states of streams. The methods may be called from one event loop, any number at a time.

    Of one stream, no two calls are in progress at a time: the caller holds the stream's lock.
    """

    async def load(self, model: str, channel: str) -> StreamState | None:
        """Return a stream's state; ``None`` where there is none.

        Raises
        ------
        StoredStreamError
            What is stored is damaged.
        StoreError
            The store cannot be read.
        """
        ...

    async def save(self, model: str, channel: str, state: StreamState) -> None:
        """Keep a stream's state in place of the one before: durable when this returns, not done at all when it raises.

        Raises
        ------
        StoreError
            The store cannot be written.
        """
        ...

    async def delete(self, model: str, channel: str) -> None:
        """Forget a stream; durable when this returns. Nothing happens where there is none."""
        ...

    async def channels(self, model: str) -> list[str]:
        """Return the names of a model's channels, sorted."""
        ...

    async def close(self) -> None:
        """Finish what is in progress and let go of files. Nothing may be called afterwards."""
        ...


class MemoryStore:
    """A :class:`StreamStore` that lasts as long as the process."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], StreamState] = {}

    async def load(self, model: str, channel: str) -> StreamState | None:
        """Return a stream's state; ``None`` where there is none."""
        return self._states.get((model, channel))

    async def save(self, model: str, channel: str, state: StreamState) -> None:
        """Keep a stream's state in place of the one before."""
        self._states[model, channel] = state

    async def delete(self, model: str, channel: str) -> None:
        """Forget a stream. Nothing happens where there is none."""
        self._states.pop((model, channel), None)

    async def channels(self, model: str) -> list[str]:
        """Return the names of a model's channels, sorted."""
        return sorted(channel for owner, channel in self._states if owner == model)

    async def close(self) -> None:
        """Do nothing: there are no files."""
