"""Vivado's own reports: UltraScale+ of 2019 (recorded), 7 series of 2024."""

from __future__ import annotations

import pytest
from support.vendor import HLS_2024, INCOMPLETE, VIVADO_2019, edited

from hw_trigger.vendor.records import LogicSynthesisReport, Resources, TimingReport
from hw_trigger.vendor.source import VendorReportError, read_source
from hw_trigger.vendor.vivado import read_timing, read_utilization

TIMING = HLS_2024 / "tiny_timing_synth.rpt"


def test_ultrascale_recorded() -> None:
    assert read_utilization(read_source(VIVADO_2019 / "vivado_synth.rpt")) == LogicSynthesisReport(
        "2019.2",
        "myproject",
        "xcu250figd2104-2L",
        "Synthesized",
        Resources(dsp=2438, bram18=31, uram=0, lut=55184, ff=24700),  # 15.5 tiles
        Resources(dsp=12288, bram18=5376, uram=1280, lut=1728000, ff=3456000),
        carry=6167,
    )


def test_7_series_has_no_uram_and_a_column_more() -> None:
    assert read_utilization(read_source(HLS_2024 / "vivado_synth.rpt")) == LogicSynthesisReport(
        "2024.2",
        "tiny",
        "xc7z020clg484-1",
        "Synthesized",
        Resources(dsp=4, bram18=3, uram=None, lut=752, ff=1013),  # 1.5 tiles
        Resources(dsp=220, bram18=280, uram=None, lut=53200, ff=106400),
    )


def test_timing_summary() -> None:
    assert read_timing(read_source(TIMING)) == TimingReport(
        "2024.2", "tiny", "7z020-clg484", wns_ns=-0.452, tns_ns=-57.747, whs_ns=0.189, ths_ns=0.0
    )


def test_a_design_without_timed_paths() -> None:
    with pytest.raises(VendorReportError) as raised:
        read_timing(edited(TIMING, "     -0.452      -57.747 ", "         NA           NA "))
    assert str(raised.value) == "changed.rpt: the design has no timed path; set a clock before report_timing_summary"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "| Slice LUTs*   ",
            "| Sliced LUTs*  ",
            f"the table with the row 'Slice LUTs' or 'CLB LUTs' {INCOMPLETE}",
        ),
        ("|  1.5 |", "|  one |", "'Used' of Block RAM Tile is 'one'; a number is expected"),
        (
            "| Design State :",
            "| Status :",
            f"the line 'Design State' {INCOMPLETE}",
        ),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        read_utilization(edited(HLS_2024 / "vivado_synth.rpt", old, new))
    assert str(raised.value) == f"changed.rpt: {message}"
