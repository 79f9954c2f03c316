"""Parts as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable

from hw_trigger.parts.database import FIGURES, Part

PART_HEADINGS = ("part", "boards", "family", "DSP", "BRAM18", "URAM", "LUT", "FF", "clock")
SOURCE_HEADINGS = ("figure", "value", "published in", "agrees with")


def part_rows(parts: Iterable[Part]) -> list[list[str]]:
    """Return a row for each part, a cell for each of :data:`PART_HEADINGS`."""
    return [
        [
            part.name,
            ", ".join(part.boards),
            part.family,
            *(f"{getattr(part, figure):,}" for figure in FIGURES),
            f"{part.typical_clock_ns:g} ns",
        ]
        for part in parts
    ]


def source_rows(part: Part) -> list[list[str]]:
    """Return a row for each figure of a part, a cell for each of :data:`SOURCE_HEADINGS`; nothing to agree with: from memory."""
    values = {figure: f"{getattr(part, figure):,}" for figure in FIGURES} | {
        "speed_grades": ", ".join(part.speed_grades)
    }
    return [
        [figure.replace("_", " "), values[figure], source.document, "; ".join(source.checks)]
        for figure, source in part.sources.items()
    ]
