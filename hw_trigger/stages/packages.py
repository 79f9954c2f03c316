"""Packages of the extras, which only some commands need."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from hw_trigger.errors import UserError


class MissingPackageError(UserError):
    """A package of an extra is not installed."""


def require_packages(command: str, packages: Sequence[str], extra: str = "explore") -> None:
    """Check that the packages that a command needs are there; `command` names it in the error, and `extra`
    what installs them.

    Raises
    ------
    MissingPackageError
        They are not.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f'{command} needs {", ".join(missing)}: install them with `pip install "hw_trigger[{extra}]"`'
        )
