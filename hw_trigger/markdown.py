"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return a table of text cells; the columns numbered in `right` are set flush right. No newline at the end."""
    rule = ["---:" if column in right else "---" for column in range(len(headers))]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in [headers, rule, *rows])


def _cell(text: str) -> str:
    """Keep a cell in its column and on its line."""
    return text.replace("|", r"\|").replace("\n", " ")
