"""Parts are found under the names that the tools use."""

from __future__ import annotations

import pytest

from hw_trigger.report.parts import find_part, known_parts


@pytest.mark.parametrize(
    ("part", "name", "dsp", "bram18", "multiplier"),
    [
        # The first two: "Available" in recorded csynth reports for these parts.
        ("xcvu13p-flga2577-2-e", "xcvu13p", 12288, 5376, (27, 18)),
        ("xcu250-figd2104-2L-e", "xcu250", 12288, 5376, (27, 18)),
        ("xczu7ev-ffvc1156-2-e", "xczu7ev", 1728, 624, (27, 18)),
        ("xczu9eg-ffvb1156-2-e", "xczu9eg", 2520, 1824, (27, 18)),
        ("xcku115-flvb2104-2-i", "xcku115", 5520, 4320, (27, 18)),
        ("xc7z020clg400-1", "xc7z020", 220, 280, (25, 18)),
        ("XC7S15-FTGB196-1", "xc7s15", 20, 20, (25, 18)),
    ],
)
def test_finds(part: str, name: str, dsp: int, bram18: int, multiplier: tuple[int, int]) -> None:
    found = find_part(part)
    assert found is not None
    assert (found.name, found.dsp, found.bram18, found.multiplier) == (name, dsp, bram18, multiplier)


@pytest.mark.parametrize("part", ["xcvu19p-fsva3824-2-e", "xc7s150-1", "xcvu13", ""])
def test_unknown(part: str) -> None:
    assert find_part(part) is None


def test_every_part_has_a_source() -> None:
    assert len(known_parts()) == 8
    for name in known_parts():
        found = find_part(name)
        assert found is not None
        assert found.source.startswith("AMD DS")
