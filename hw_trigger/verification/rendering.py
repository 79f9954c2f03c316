"""The verification table for people: in Markdown, and for the terminal."""

from __future__ import annotations

from rich.table import Table

from hw_trigger.markdown import markdown_table
from hw_trigger.verification.table import Comparison, VerificationTable

HEADERS = ("tensor", "executors", "windows", "codes", "mismatches", "distinct values", "result")

_NUMBERS = range(2, 6)


def to_markdown(table: VerificationTable) -> str:
    """Return a row for each comparison, and the verdict below. No newline at the end."""
    return (
        markdown_table(HEADERS, [_cells(item) for item in table.comparisons], right=_NUMBERS) + f"\n\n{verdict(table)}"
    )


def to_rich(table: VerificationTable) -> Table:
    """Return the table for a Rich console, rows that are no proof in red, with the verdict as its caption."""
    result = Table(title="Verification", caption=verdict(table))
    for column, header in enumerate(HEADERS):
        result.add_column(header, justify="right" if column in _NUMBERS else "left")
    for comparison in table.comparisons:
        result.add_row(*_cells(comparison), style=None if comparison.ok else "red")
    return result


def verdict(table: VerificationTable) -> str:
    """Return one sentence on the whole table."""
    if not table.comparisons:
        return "Nothing was compared."
    if table.mismatches:
        return f"FAILED: {table.mismatches:,} of {table.codes:,} codes differ."
    if not table.ok:
        return f"All {table.codes:,} codes are equal, but not every comparison is a proof."
    return f"All {table.codes:,} codes are equal."


def _cells(item: Comparison) -> list[str]:
    numbers = (item.windows, item.codes, item.mismatches, item.distinct)
    return [
        item.tensor,
        f"{item.first} and {item.second}",
        *(f"{number:,}" for number in numbers),
        item.note or "equal",
    ]
