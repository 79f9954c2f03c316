"""Rows to print."""

from __future__ import annotations

from hw_trigger.parts.database import known_parts
from hw_trigger.parts.table import PART_HEADINGS, SOURCE_HEADINGS, part_rows, source_rows


def test_a_row_for_each_part() -> None:
    rows = part_rows(known_parts())
    assert all(len(row) == len(PART_HEADINGS) for row in rows)
    assert [row[0] for row in rows] == [part.name for part in known_parts()]
    kv260 = ["KV260, KR260, Kria K26", "Zynq UltraScale+", "1,248", "288", "64", "117,120", "234,240", "5 ns"]
    assert ["xck26", *kv260] in rows


def test_sources_of_a_part() -> None:
    rows = source_rows(known_parts().resolve("kv260").part)
    assert all(len(row) == len(SOURCE_HEADINGS) for row in rows)
    report = "published Vivado utilization reports for the device (column Available)"
    assert rows[0] == ["dsp", "1,248", "AMD DS987, Kria K26 SOM Data Sheet", report]
    assert rows[5][:3] == ["speed grades", "2LV, 2LVI", "AMD DS987, Kria K26 SOM Data Sheet"]
    assert len(rows) == 6


def test_what_is_from_memory_agrees_with_nothing() -> None:
    rows = source_rows(known_parts().resolve("xc7z020").part)
    assert rows[5][3] == ""
