"""The server: Uvicorn on a port, and an end in which every accepted request is answered."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from hw_trigger.errors import UserError
from hw_trigger.service.app import create_app
from hw_trigger.service.context import Context
from hw_trigger.service.settings import ServeSettings
from hw_trigger.stages.reporter import Reporter

GRACE = 30.0
"""Seconds that accepted requests have to be answered, once the service closes."""

PAUSE = 0.01
"""Seconds between two looks whether all are answered."""


SWITCH_SECONDS = 5e-5
"""Time after which Python's lock changes hands, where two threads want it.

A run gives the lock away in each of its kernels and asks for it again behind; by default it then waits 5 ms for a busy event
loop, several times a run of 2 ms.
"""


class ListenError(UserError):
    """An address or a port that the service cannot listen on."""


def run_server(settings: ServeSettings, models_directory: Path, reporter: Reporter) -> None:
    """Serve until SIGINT or SIGTERM. A second signal ends at once.

    Raises
    ------
    ListenError
        The address cannot be listened on.
    UserError
        See :func:`hw_trigger.service.app.create_app`.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    listener = listen(settings.host, settings.port)  # first, as it is quick
    with listener:
        app = create_app(settings, models_directory)
        context: Context = app.state.context
        gc.freeze()  # what is loaded stays: no request waits until the collector has looked at all of it
        for name, why in context.models.refused.items():
            reporter.warn(f"the bundle {name} is not served: {why}")
        config = uvicorn.Config(
            app,
            http="httptools",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=settings.limits.body_bytes,
            ws_per_message_deflate=False,  # a small message may else become a great one
            timeout_graceful_shutdown=int(GRACE),
        )
        _Server(config, context, lambda: _tell(context, listener, reporter), reporter).run([listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address; port 0: any free one.

    Raises
    ------
    ListenError
        The address is not one of this machine's, the port is in use, or needs a permission.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"serve.host={host} is no address: {getattr(error, 'strerror', None) or error}") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        why = os.strerror(error.errno or 0)
        raise ListenError(
            f"cannot listen on serve.host={host} serve.port={port}: {why}; serve.port=0 takes any free port"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address of a bound socket as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _tell(context: Context, listener: socket.socket, reporter: Reporter) -> None:
    address = address_of(listener)
    settings = context.settings
    for model in context.models.models.values():
        reporter.say(
            f"model {model.id}: {model.steps} samples x {model.n_features}, {', '.join(model.variants)}, {model.sha256[:12]}"
        )
    reporter.say(f"serving {address} (its API: {address}/docs); Ctrl-C ends it")
    if not settings.keys and not address.startswith(("http://127.", "http://[::1]")):
        reporter.warn(
            "other machines can reach the service, and it asks for no API key; serve.api_keys=FILE has it ask"
        )


class _Server(uvicorn.Server):
    """Uvicorn, which at a signal goes on listening until all that was accepted is answered, and then ends in peace."""

    def __init__(
        self, config: uvicorn.Config, context: Context, started: Callable[[], None], reporter: Reporter
    ) -> None:
        super().__init__(config)
        self._context, self._started, self._reporter = context, started, reporter
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Task[None] | None = None
        self._signals = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Close at the first signal. (Uvicorn's own raises the signal again at the end, and so the process would fail.)"""
        del sig, frame
        self._signals += 1
        if self._loop is None or self._signals > 1:
            self.should_exit = self.force_exit = True
        else:
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        context, clock = self._context, asyncio.get_running_loop().time
        self._reporter.say("closing: what was accepted is answered")
        context.close()
        deadline = clock() + context.settings.drain + GRACE
        await asyncio.sleep(context.settings.drain)
        while context.work.active and clock() < deadline:
            await asyncio.sleep(PAUSE)
        self.should_exit = True
