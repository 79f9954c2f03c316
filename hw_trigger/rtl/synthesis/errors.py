"""Mistakes of users of the synthesis."""

from __future__ import annotations

import importlib.util

from hw_trigger.errors import UserError


class SynthesisError(UserError):
    """A tool is not installed, or what is asked of a synthesis is nothing that it can do."""


def require(module: str) -> None:
    """Check that a package of the extra ``rtl`` is installed, without importing it.

    Raises
    ------
    SynthesisError
        It is not.
    """
    if importlib.util.find_spec(module) is None:
        raise SynthesisError(f'the Python package {module} is not installed; pip install "hw_trigger[rtl]"')
