"""The service as a process of its own, ready to be asked: for tests, benchmarks and the load generator."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

PROGRAM = (sys.executable, "-c", "from hw_trigger.cli.main import main; main()", "serve")
"""``hw-trigger serve`` of this environment, wherever its scripts are."""

_ADDRESS = re.compile(r"http://[\w.:\[\]-]+:[1-9]\d*")
_PAUSE = 0.05
_POLITE = 30.0


class NotStartedError(RuntimeError):
    """The service ended, or was not ready in time; the message has its output."""


@dataclass(frozen=True)
class ServiceProcess:
    """A service that is ready.

    Attributes
    ----------
    url
        As ``http://127.0.0.1:40123``.
    process
        It can be killed; it may have ended.
    log
        File that its output goes to.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def service_process(log: Path, *overrides: str, timeout: float = 120.0) -> Iterator[ServiceProcess]:
    """Start ``hw-trigger serve`` on a free port of this machine, yield when it is ready, and end it by SIGTERM.

    Parameters
    ----------
    log
        File that its output is appended to.
    overrides
        Of the configuration, as ``"paths.models=models"``.
    timeout
        Seconds until it must be ready.

    Raises
    ------
    NotStartedError
        It ended or did not become ready.
    """
    with log.open("ab") as output:
        start = output.tell()
        process = subprocess.Popen([*PROGRAM, "serve.port=0", *overrides], stdout=output, stderr=subprocess.STDOUT)
    try:
        yield ServiceProcess(_ready(process, log, start, time.monotonic() + timeout), process, log)
    finally:
        process.terminate()
        try:
            process.wait(_POLITE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path, start: int, deadline: float) -> str:
    """Return the address once ``/ready`` says yes."""
    while time.monotonic() < deadline:
        text = log.read_bytes()[start:].decode("utf-8", "replace")
        if process.poll() is not None:
            raise NotStartedError(f"the service ended with {process.returncode}:\n{text}")
        if address := _ADDRESS.search(text):
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{address.group()}/ready", timeout=2.0).ok:
                    return address.group()
        time.sleep(_PAUSE)
    raise NotStartedError(f"the service was not ready in time:\n{log.read_bytes()[start:].decode('utf-8', 'replace')}")
