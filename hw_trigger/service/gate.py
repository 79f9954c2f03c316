"""What every request passes on its way in: the key, the limit of its body, and whether the service accepts work.

An ASGI middleware and no more: a layer that made objects of requests would cost as much as a small network. Starlette has a limit
of bodies too, which answers in plain text.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hw_trigger.service.metrics import Metrics
from hw_trigger.service.problems import RETRY_CLOSING, Problem, ProblemError, unavailable
from hw_trigger.service.security import FREE, Digests, is_key, presented_key, same_origin

BODY_SECONDS = 30.0
"""Time that a body may take to arrive."""

HELD_BODIES = 32
"""Bodies of the greatest size that may be held in memory, all requests together."""

WORK = ("/v1/", "/benchmark")
"""Beginnings of paths that are work: refused while the service closes."""


@dataclass
class Work:
    """What the service is at.

    Attributes
    ----------
    ready
        Variants are warm, and work is accepted.
    closing
        It accepts nothing more.
    active
        Requests, and messages of WebSockets, that are accepted and not answered.
    held
        Bytes of bodies in memory.
    """

    ready: bool = False
    closing: bool = False
    active: int = 0
    held: int = 0


class Gate:
    """The middleware.

    Parameters
    ----------
    keys
        Hashes of API keys; none: no key is asked for.
    body_bytes
        Greatest body.
    """

    def __init__(self, app: ASGIApp, *, work: Work, keys: Digests, body_bytes: int, metrics: Metrics) -> None:
        self._app, self._work, self._keys, self._most, self._metrics = app, work, keys, body_bytes, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one WebSocket."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            problem = self._refusal(scope)
            if problem is None and not same_origin(scope["headers"]):
                problem = Problem(403, "a page of another site may not open a WebSocket here")
            if problem is None:
                await self._app(scope, receive, send)
            else:
                await problem.response()(scope, receive, send)  # to the handshake, as if it was a request
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 500
        works = scope["path"].startswith(WORK)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        problem = self._refusal(scope) or self._too_large(scope)
        body = _Body(receive, self._work, self._most)
        self._work.active += works
        try:
            if problem is not None:
                await problem.response()(scope, receive, answer)
            else:
                await self._app(scope, body.receive, answer)
        finally:
            self._work.active -= works
            self._work.held -= body.size
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.request(route, status, time.perf_counter() - started)

    def _refusal(self, scope: Scope) -> Problem | None:
        """Return why a request is not let in; ``None``: it is."""
        path = scope["path"]
        if path in FREE:
            return None
        if self._keys:
            key = presented_key(scope["headers"])
            if key is None or not is_key(key, self._keys):
                what = "this service asks for an API key" if key is None else "the API key is not known"
                return Problem(
                    401,
                    f"{what}; give it in the header X-API-Key, or as Authorization: Bearer KEY",
                    {"WWW-Authenticate": "Bearer"},
                )
        if self._work.closing and path.startswith(WORK):
            return unavailable("the service is closing and accepts no more work", RETRY_CLOSING)
        return None

    def _too_large(self, scope: Scope) -> Problem | None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._most:
                return too_large(self._most)
        return None


def too_large(most: int) -> Problem:
    """Return the problem of a body of more bytes than there may be."""
    return Problem(413, f"the body has more than {most} bytes, the most that a request may have")


class _Body:
    """Counts a body as it comes: one sent in chunks does not tell its size before."""

    def __init__(self, receive: Receive, work: Work, most: int) -> None:
        self._receive, self._work, self._most = receive, work, most
        self._deadline: float | None = None
        self.size = 0

    async def receive(self) -> Message:
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise ProblemError(408, f"the body did not arrive within {BODY_SECONDS:g} s") from error
        if message["type"] != "http.request":
            return message
        size = len(message.get("body", b""))
        self.size += size
        self._work.held += size
        if self.size > self._most:
            raise ProblemError.of(too_large(self._most))
        if self._work.held > HELD_BODIES * self._most:
            raise ProblemError.of(unavailable("too many large requests at a time", 1))
        return message
