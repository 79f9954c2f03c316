"""``hw-trigger estimate --rtl``: the tables, and the same figures as JSON."""

from __future__ import annotations

import json

import pytest
from support.programs import Sizes, random_program

from hw_trigger.cli import main
from hw_trigger.cli.rtl_tables import rtl_blocks_table, rtl_estimates_table
from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.parts.database import find_part
from hw_trigger.rtl.design import design
from hw_trigger.rtl.plan import plan

PROGRAM = random_program(1, Sizes(encoder=(4,), decoder=(4,)))
MADE = design((PROGRAM,), plan(PROGRAM, 24))


def test_a_row_for_each_block() -> None:
    found = estimate_rtl(MADE)
    table = rtl_blocks_table(found)
    names = list(table.columns[0].cells)
    assert names == [block.name or "top" for block in found.blocks]
    encoder = names.index("encoder_0")
    assert list(table.columns[1].cells)[encoder] == found.layers[0].shape
    assert list(table.columns[-1].cells)[encoder] == f"{found.layers[0].interval_cycles:,}"
    assert list(table.columns[-1].cells)[names.index("registers")] == ""


def test_a_row_for_each_part() -> None:
    big = find_part("xcu250-figd2104-2L-e")
    table = rtl_estimates_table([estimate_rtl(MADE, big), estimate_rtl(MADE)])
    assert list(table.columns[0].cells) == ["xcu250", ""]
    assert list(table.columns[-1].cells) == ["yes", "part unknown"]
    found = estimate_rtl(MADE)
    assert list(table.columns[6].cells) == [f"{found.latency_cycles:,} cycles"] * 2


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["hw-trigger", "estimate", "--rtl", "model=lstm8", "rtl=small", "--part", "zcu104"]
    for option in ((), ("--json",)):
        monkeypatch.setattr("sys.argv", [*arguments, *option])
        with pytest.raises(SystemExit) as caught:
            main.main()
        assert caught.value.code == 0
        text = capsys.readouterr().out
        if option:
            (document,) = json.loads(text)
            assert document["part"] == "xczu7ev"
            assert document["resources"]["dsp"]["value"] > 0
            assert document["interval_cycles"] <= document["latency_cycles"]
        else:
            assert "RTL, by block: resources estimated, cycles exact" in text
