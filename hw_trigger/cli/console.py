"""The terminal: progress bars and warnings on standard error, results on standard output."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hw_trigger.stages.reporter import Advance

PIPED_WIDTH = 160
"""Columns of what goes into a file or another program, where there is no terminal to ask."""


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=None if terminal else PIPED_WIDTH)


out = _console(stderr=False)
err = _console(stderr=True)


class Terminal:
    """A reporter that draws with Rich. What several stages warn of is told once."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def say(self, text: str) -> None:
        """Print a result."""
        out.print(text, markup=False, soft_wrap=True)

    def show(self, text: str, drawing: object) -> None:
        """Draw a table."""
        del text
        out.print(drawing)

    def warn(self, text: str) -> None:
        """Print a warning in colour."""
        if text in self._warned:
            return
        self._warned.add(text)
        err.print(text, style="bold yellow", markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Draw a progress bar until the block ends."""
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        ]
        with Progress(*columns, console=err) as progress:
            task = progress.add_task(description, total=total, note="")

            def advance(done: int, note: str | None = None) -> None:
                progress.advance(task, done)
                if note is not None:
                    progress.update(task, note=note)

            yield advance
