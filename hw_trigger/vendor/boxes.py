"""Tables drawn with ``+---+`` and ``|``, as HLS tools and Vivado write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hw_trigger.vendor.source import Source

_BORDER = re.compile(r"\+(-+\+)+")

Row = tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """One whole table.

    Attributes
    ----------
    header
        Its rows of headings; cells are stripped of blanks at the end only, as those before tell a row's depth.
    rows
        The rows below, without the lines that divide them.
    """

    header: tuple[Row, ...]
    rows: tuple[Row, ...]

    @property
    def columns(self) -> dict[str, int]:
        """Numbers of the columns by their headings, the rows of the header read from top to bottom."""
        width = len(self.header[-1])
        lines = [row for row in self.header if len(row) == width]
        return {" ".join(" ".join(row[k].strip() for row in lines).split()): k for k in range(width)}

    def row(self, name: str) -> Row | None:
        """Return the first row that begins with a cell `name`, or ``None``."""
        return next((row for row in self.rows if row[0].strip() == name), None)


def box_below(source: Source, what: str, *headings: str) -> Box | None:
    """Return the table below lines that begin with `headings`, in this order; ``None`` where ``N/A`` stands in its place.

    Raises
    ------
    VendorReportError
        There is none, or not the whole of it.
    """
    place = -1
    for heading in headings:
        place = next(
            (k for k in range(place + 1, len(source.lines)) if source.lines[k].strip().startswith(heading)), -1
        )
        if place < 0:
            raise source.incomplete(what)
    rest = next((k for k in range(place + 1, len(source.lines)) if source.lines[k].strip()), None)
    if rest is not None and source.lines[rest].strip() == "N/A":
        return None
    box = None if rest is None else _box(source.lines, rest)[0]
    if box is None:
        raise source.incomplete(what)
    return box


def boxes(source: Source) -> Iterator[Box]:
    """Yield every whole table."""
    place = 0
    while place < len(source.lines):
        box, place = _box(source.lines, place)
        if box is not None:
            yield box


def _box(lines: list[str], start: int) -> tuple[Box | None, int]:
    """Return the table that begins in a line, ``None`` where no whole one does, and the number of the line behind it.

    It is whole when it ends in the very line it began with, and has rows.
    """
    border = lines[start].strip()
    if not _BORDER.fullmatch(border):
        return None, start + 1
    end = start
    while end < len(lines) and lines[end].strip()[:1] in {"+", "|"}:
        end += 1
    groups: list[list[Row]] = [[]]
    for line in lines[start + 1 : end]:
        if line.strip() == border:
            groups.append([])
        elif line.strip().startswith("|"):
            groups[-1].append(tuple(cell.rstrip() for cell in line.strip().strip("|").split("|")))
    header, *body = groups
    rows = [row for group in body for row in group]
    width = len(header[-1]) if header else 0
    if not rows or body[-1] or any(len(row) != width for row in rows):
        return None, end
    return Box(tuple(header), tuple(rows)), end
