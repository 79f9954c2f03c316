"""The package's text templates."""

from __future__ import annotations

from typing import Any

from hw_trigger.templates import environment


def render(template: str, **values: Any) -> str:
    """Fill in a template of the package; a name that it lacks is a bug, and raises."""
    return environment("hw_trigger.hls").get_template(template).render(**values)
