"""Markdown tables keep their columns whatever is in the cells."""

from __future__ import annotations

from hw_trigger.markdown import markdown_table


def test_table() -> None:
    assert markdown_table(["a", "b"], [["x", "1"], ["y", "2"]], right=[1]) == (
        "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 2 |"
    )


def test_bars_and_line_ends_stay_in_their_cell() -> None:
    assert markdown_table(["a"], [["x|y\nz"]]).splitlines()[-1] == r"| x\|y z |"


def test_no_rows() -> None:
    assert markdown_table(["a", "b"], []) == "| a | b |\n| --- | --- |"
