"""The WebSockets that are open, so that a service that closes can end each of them behind its message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

RESTART = 1012
"""The code that tells a client to come back: the service restarts."""


@dataclass(eq=False)
class Sockets:
    """Open WebSockets. `idle` are those that wait for a message; the others end by themselves, as they see `closing`."""

    idle: set[WebSocket] = field(default_factory=set)
    closing: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def close(self) -> None:
        """End the idle ones now, and the others behind their message."""
        self.closing = True
        for socket in list(self.idle):
            task = asyncio.get_running_loop().create_task(_end(socket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _end(socket: WebSocket) -> None:
    try:
        await socket.close(RESTART)
    except (RuntimeError, OSError):
        return  # the client was quicker
