"""The package's text templates: one way to fill them in, whatever they write."""

from __future__ import annotations

from functools import lru_cache

import jinja2

MARKUP = ("html.jinja", "svg.jinja")
"""Ends of the names of templates whose values are escaped; all others write C++, shell, style sheets or Markdown."""


@lru_cache
def environment(package: str) -> jinja2.Environment:
    """Return the environment of the templates in a package's folder ``templates``; a name that one lacks is a bug, and raises."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        autoescape=jinja2.select_autoescape(MARKUP, default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
