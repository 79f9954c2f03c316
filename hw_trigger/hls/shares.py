"""Windows shared out among processes that each simulate some of them, and the files that they are given."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from hw_trigger.errors import UserError
from hw_trigger.files import OutputError
from hw_trigger.fixedpoint.decision import initial_state
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program

Result = TypeVar("Result")


class SimulationError(UserError):
    """A simulation that crashed, or could not read or write its files."""


def share_out(
    program: Program,
    windows: Codes,
    work: Callable[[int, Codes], Result],
    *,
    jobs: int | None,
    largest: int,
    progress: Callable[[int], None] | None,
) -> list[Result]:
    """Call ``work(first, share)`` with consecutive shares of the windows, `jobs` at a time, and return what it gave, in order.

    Where the program's trigger remembers, all windows are one share: only the process that computed those before a window has the
    state that it needs.

    Parameters
    ----------
    work
        Waits for a process: threads are enough to keep several of them running. `first` is the index of the share's first window.
    jobs
        Shares at a time; by default one a core.
    largest
        Windows in a share at most, so that progress shows.
    progress
        Called with the number of windows done, as they are done.
    """
    jobs = jobs or os.cpu_count() or 1
    if initial_state(program.trigger) is not None:
        jobs, largest = 1, len(windows)
    size = max(1, min(largest, -(-len(windows) // jobs)))

    def one(first: int) -> Result:
        share = windows[first : first + size]
        result = work(first, share)
        if progress is not None:
            progress(len(share))
        return result

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, first) for first in range(0, len(windows), size)]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """Yield a directory for files of simulations, and remove it.

    Raises
    ------
    OutputError
        There is no place for it.
    """
    try:
        directory = tempfile.TemporaryDirectory(prefix="hw_trigger_", ignore_cleanup_errors=True)
    except OSError as error:
        raise OutputError(f"cannot make a directory for temporary files: {error.strerror}") from error
    with directory as name:
        yield Path(name)


def simulate(what: str, command: Sequence[str | Path], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a simulation in a directory, and return what it printed.

    Raises
    ------
    SimulationError
        It cannot be started.
    """
    try:
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise SimulationError(f"{what} cannot be started: {error.strerror}: {error.filename}") from error


def crash(what: str, done: subprocess.CompletedProcess[str]) -> SimulationError:
    """Return the error of a simulation that ended otherwise than it should, with its last lines."""
    ending = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"ended with code {done.returncode}"
    lines = (done.stdout + done.stderr).strip().splitlines()[-5:]
    return SimulationError("\n".join([f"{what} {ending}", *lines]))
