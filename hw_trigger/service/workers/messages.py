"""Messages between the service and a worker, over a pair of sockets: a head of fixed length, then the content."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

_HEAD = struct.Struct("<BIQ")


class Kind(IntEnum):
    """What a message says.

    Requests: ``OPEN`` a bundle, with JSON, by a number; ``MEASURE`` windows with the bundle of that number. Answers, in the order
    of the requests: ``DONE``; ``REFUSED``, a user's error; ``FAILED``, any other, with its text.
    """

    OPEN = 1
    MEASURE = 2
    DONE = 3
    REFUSED = 4
    FAILED = 5


@dataclass(frozen=True)
class Message:
    """One message; `number` is a bundle's in requests, and in answers to ``MEASURE`` how much the trigger takes of a window."""

    kind: Kind
    number: int = 0
    content: bytes = b""

    def packed(self) -> bytes:
        """Return it as it is sent."""
        return _HEAD.pack(self.kind, self.number, len(self.content)) + self.content


class LostError(RuntimeError):
    """The other end is gone."""


def send(link: socket.socket, message: Message) -> None:
    """Send a message over a blocking socket.

    Raises
    ------
    LostError
        The other end is gone.
    """
    try:
        link.sendall(message.packed())
    except OSError as error:
        raise LostError(f"the other end is gone: {error}") from error


def receive(link: socket.socket) -> Message:
    """Wait for a message from a blocking socket.

    Raises
    ------
    LostError
        The other end is gone.
    """
    kind, number, size = _HEAD.unpack(_read(link, _HEAD.size))
    return Message(Kind(kind), number, _read(link, size))


async def receive_later(reader: asyncio.StreamReader) -> Message:
    """Wait for a message in the event loop.

    Raises
    ------
    LostError
        The other end is gone.
    """
    try:
        kind, number, size = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        return Message(Kind(kind), number, await reader.readexactly(size))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise LostError(f"the other end is gone: {error}") from error


def _read(link: socket.socket, size: int) -> bytes:
    content = bytearray(size)
    view = memoryview(content)
    while view:
        try:
            count = link.recv_into(view)
        except OSError as error:
            raise LostError(f"the other end is gone: {error}") from error
        if not count:
            raise LostError("the other end is gone")
        view = view[count:]
    return bytes(content)
