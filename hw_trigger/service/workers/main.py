"""What a worker's process does: it opens one variant of bundles, and measures windows with it, until the service is gone.

``python -m hw_trigger.service.workers.main VARIANT THREADS``, with its end of the pair of sockets as the standard input.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hw_trigger.bundle.manifest import BundleError
from hw_trigger.config.compose import load_config
from hw_trigger.errors import UserError
from hw_trigger.service.admission import admit
from hw_trigger.service.variants.base import Variant
from hw_trigger.service.variants.opening import opener
from hw_trigger.service.workers.messages import Kind, LostError, Message, receive, send


def main(arguments: Sequence[str]) -> None:
    """Answer messages until the other end closes. Signals are for the service, which ends its workers behind their last run."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=sys.stdin.fileno()) as link:
        serve(link, Worker(arguments[0], int(arguments[1])))


def serve(link: socket.socket, worker: Worker) -> None:
    """Answer messages until the other end closes."""
    while True:
        try:
            send(link, worker.answer(receive(link)))
        except LostError:
            return


class Worker:
    """One variant of any number of bundles, by the numbers that the service gives them."""

    def __init__(self, variant: str, threads: int) -> None:
        self._variant, self._opener, self._configuration = variant, opener(threads), load_config()
        self._opened: dict[int, tuple[Variant, tuple[int, int]]] = {}

    def answer(self, message: Message) -> Message:
        """Return the answer to a request; errors are answers too."""
        try:
            return self._open(message) if message.kind == Kind.OPEN else self._measure(message)
        except UserError as error:
            return Message(Kind.REFUSED, content=str(error).encode(errors="backslashreplace"))
        except Exception:  # noqa: BLE001 - whatever it is, it is for the one who asked
            return Message(Kind.FAILED, content=traceback.format_exc().encode(errors="backslashreplace"))

    def _open(self, message: Message) -> Message:
        wanted = json.loads(message.content)
        bundle, config = admit(Path(wanted["path"]), self._configuration)
        if bundle.manifest.program_sha256 != wanted["sha256"]:
            raise BundleError(f"the bundle {bundle.path} was altered while it was opened")
        variant = self._opener(self._variant, bundle, config)
        self._opened[message.number] = variant, (bundle.program.steps, bundle.program.n_features)
        return Message(Kind.DONE, content=json.dumps({"weight_bytes": variant.weight_bytes}).encode())

    def _measure(self, message: Message) -> Message:
        variant, shape = self._opened[message.number]
        measures = variant.measure(np.frombuffer(message.content, np.int64).reshape(-1, *shape))
        return Message(Kind.DONE, measures.shape[1], measures.tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
