"""How a stage tells what it does: progress, results, warnings. The command line draws them; tests leave them out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

Advance = Callable[..., None]
"""Called as ``advance(n)`` when n more of the total are done, or ``advance(n, note="loss 0.01")`` with a word on how it goes."""


class Reporter(Protocol):
    """What a stage reports to."""

    def say(self, text: str) -> None:
        """Tell a result."""

    def show(self, text: str, drawing: object) -> None:
        """Show a table: as text, or as the Rich renderable that goes with it."""

    def warn(self, text: str) -> None:
        """Tell what the user must not overlook."""

    def task(self, description: str, total: int) -> contextlib.AbstractContextManager[Advance]:
        """Show the progress of something with `total` parts."""


class Silent:
    """A reporter that keeps what it is told, and shows nothing."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str) -> None:
        """Keep a result."""
        self.said.append(text)

    def show(self, text: str, drawing: object) -> None:
        """Keep the text of a table."""
        del drawing
        self.said.append(text)

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warned.append(text)

    @contextlib.contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Show nothing."""
        yield lambda _done, note="": None
