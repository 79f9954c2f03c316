"""The package's text templates."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jinja2


def render(template: str, **values: Any) -> str:
    """Fill in a template of the package; a name that it lacks is a bug, and raises."""
    return _environment().get_template(template).render(**values)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701 - what is written is C++ and shell, not HTML
        loader=jinja2.PackageLoader("hw_trigger.hls", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
