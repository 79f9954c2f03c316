"""Co-simulation, of 2018 and of 2024."""

from __future__ import annotations

import pytest
from support.vendor import HLS_2018, HLS_2024, edited

from hw_trigger.vendor.cosim import read_cosim
from hw_trigger.vendor.records import CosimRun, Performance, Span
from hw_trigger.vendor.source import VendorReportError, read_source


def test_2018_pass_and_fail() -> None:
    assert read_cosim(read_source(HLS_2018 / "mixer_cosim.rpt")).runs == (
        CosimRun("VHDL", "Fail", Performance()),
        CosimRun("Verilog", "Pass", Performance(Span(1175, 1312, 1440), Span(1176, 1313, 1441))),
    )


def test_2024_leaves_out_what_was_not_simulated() -> None:
    assert read_cosim(read_source(HLS_2024 / "tiny_cosim.rpt")).runs == (
        CosimRun("Verilog", "Pass", Performance(Span(43, 44, 46), Span(38, 39, 41)), 4012),
    )


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(VendorReportError) as raised:
        read_cosim(edited(HLS_2024 / "tiny_cosim.rpt", "           4012|", "           4o12|"))
    assert str(raised.value) == "changed.rpt: a figure of Verilog is '4o12'; a whole number is expected"
