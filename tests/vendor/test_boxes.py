"""Tables drawn with lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.vendor import INCOMPLETE

from hw_trigger.vendor.boxes import box_below, boxes
from hw_trigger.vendor.source import Source, VendorReportError

TABLE = """
+ Timing:
    * Summary:
    +------+-------+
    |      |  Long |
    | Name |  name |
    +------+-------+
    |a     |      1|
    | b    |       |
    +------+-------+
    |Total |      1|
    +------+-------+
"""


def _source(text: str) -> Source:
    return Source(Path("x.rpt"), text)


def test_rows_columns_and_depth() -> None:
    box = box_below(_source(TABLE), "the table", "+ Timing", "* Summary:")
    assert box is not None
    assert box.columns == {"Name": 0, "Long name": 1}
    assert box.rows == (("a", "      1"), (" b", ""), ("Total", "      1"))
    assert box.row("b") == (" b", "")
    assert box.row("c") is None


def test_not_applicable() -> None:
    assert box_below(_source("* Loop:\n\n   N/A\n"), "the loops", "* Loop:") is None


@pytest.mark.parametrize(
    "text", [TABLE[: TABLE.rindex("+--")], TABLE[: TABLE.rindex("-+")], TABLE[:60], "+ Timing:\n", ""]
)
def test_a_table_that_is_cut_is_none(text: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        box_below(_source(text), "the table 'T'", "+ Timing", "* Summary:")
    assert str(raised.value) == (f"x.rpt: the table 'T' {INCOMPLETE}")


def test_a_row_with_a_cell_too_few_spoils_the_table() -> None:
    assert list(boxes(_source(TABLE.replace("|a     |      1|", "|a           1|")))) == []


def test_all_tables_in_their_order() -> None:
    found = list(boxes(_source(TABLE + TABLE.replace("Name", "Item"))))
    assert [box.header[-1][0].strip() for box in found] == ["Name", "Item"]
