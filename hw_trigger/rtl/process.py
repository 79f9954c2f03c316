"""Child processes of the tools: their output in a file, a time limit, and errors that tell where to look."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_LAST_LINES = 12


def run_module(module: str, arguments: Sequence[str], directory: Path, log: Path, *, seconds: float, what: str) -> None:
    """Run ``python -m module`` in a directory, and keep what it prints in the file `log`.

    Parameters
    ----------
    seconds
        Time limit.
    what
        What it does, for messages.

    Raises
    ------
    RuntimeError
        It fails or takes longer; the message has the log's last lines and its path.
    """
    command = [sys.executable, "-m", module, *arguments]
    # A path of the caller's own (a checkout that is not installed) is the child's too, whatever its working directory.
    paths = os.pathsep.join(str(Path(path or ".").resolve()) for path in sys.path)
    with log.open("wb") as stream:
        # A session of its own, so that what it has started (Yosys calls ABC) ends with it.
        child = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,
        )
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{what} took more than {seconds:g} s; its log is {log}") from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if code:
        last = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:])
        raise RuntimeError(f"{what} failed (exit code {code}); its log {log} ends with:\n{last}")
