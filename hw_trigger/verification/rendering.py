"""The verification table for people: in Markdown, and for the terminal."""

from __future__ import annotations

from rich.table import Table

from hw_trigger.markdown import markdown_table
from hw_trigger.verification.table import Pair, VerificationTable

HEADERS = ("executors", "windows", "tensors", "codes", "mismatches", "distinct values", "result")

NUMBERS = (1, 3, 4, 5)
"""Columns of numbers."""


LAYER = "layer "
"""What the name of a tensor begins with that is a layer's output; such are counted, not named."""


def to_markdown(table: VerificationTable) -> str:
    """Return a row for each pair of executors, and the verdict below. No newline at the end."""
    return markdown_table(HEADERS, [cells(pair) for pair in table.pairs], right=NUMBERS) + f"\n\n{verdict(table)}"


def to_rich(table: VerificationTable) -> Table:
    """Return the table for a Rich console, rows that are no proof in red, with the verdict as its caption."""
    result = Table(title="Verification", caption=verdict(table))
    for column, header in enumerate(HEADERS):
        result.add_column(header, justify="right" if column in NUMBERS else "left")
    for pair in table.pairs:
        result.add_row(*cells(pair), style=None if pair.note is None else "red")
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


def cells(pair: Pair) -> list[str]:
    """Return the row of a pair of executors."""
    layers = sum(tensor.startswith(LAYER) for tensor in pair.tensors)
    tensors = [tensor for tensor in pair.tensors if not tensor.startswith(LAYER)]
    tensors += [f"{layers} layers"] if layers else []
    numbers = (pair.codes, pair.mismatches, pair.distinct)
    return [
        f"{pair.first} and {pair.second}",
        f"{pair.windows:,}",
        ", ".join(tensors),
        *(f"{number:,}" for number in numbers),
        pair.note or "equal",
    ]
