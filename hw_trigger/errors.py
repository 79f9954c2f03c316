"""Errors that users cause and can mend.

Every one is a :class:`UserError`: its message names the thing, the value it had and what is allowed, and the command
line prints it without a stack trace and exits with code 2. Anything else that is raised is a bug in hw_trigger.
Each room defines the classes of its own mistakes beside the code that raises them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the user's, told in a message that says what to do."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, or ``""`` where none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
