"""Reports of modules, of Vivado HLS 2018 and 2019 and of Vitis HLS 2024."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from support.vendor import DENSE, DENSE_LOOP, GRU_STACK, HLS_2018, HLS_2019, HLS_2024, INCOMPLETE, RELU, edited

from hw_trigger.vendor.csynth_rpt import KINDS, read_csynth_rpt
from hw_trigger.vendor.records import Clock, Instance, Performance, Resources, Span, SynthesisReport
from hw_trigger.vendor.source import VendorReportError, read_source


def _read(path: str) -> SynthesisReport:
    folder = {"2018": HLS_2018, "2019": HLS_2019, "2024": HLS_2024}[path[:4]]
    return read_csynth_rpt(read_source(folder / f"{path[5:]}_csynth.rpt"))


def test_2018_without_uram_and_times() -> None:
    report = _read("2018/mixer")
    assert (report.tool, report.version, report.part) == ("Vivado HLS", "2018.3", "xa7a12tcsg325-1q")
    assert report.project == "mixer_prj"
    assert report.clock == Clock(10.0, 8.144, 1.25)
    assert report.design.name == "mixer"
    assert report.design.performance == Performance(Span(158, None, 2112), Span(158, None, 2112))
    assert report.design.pipeline == "none"
    assert report.design.resources == Resources(dsp=3, bram18=9, uram=None, lut=3203, ff=1138)
    assert report.available == Resources(dsp=40, bram18=40, uram=None, lut=8000, ff=16000)
    assert report.design.by_kind["Multiplexer"] == Resources(dsp=0, bram18=0, uram=None, lut=96, ff=0)
    gain = Resources(dsp=3, bram18=9, uram=None, lut=3099, ff=1070)
    assert report.design.instances == (Instance("grp_gain_fu_46", "gain", gain),)


def test_2019_recorded() -> None:
    report = _read("2019/myproject")
    assert (report.tool, report.version, report.part) == ("Vivado HLS", "2019.2", "xcvu13p-flga2577-2-e")
    assert report.clock == Clock(5.0, 4.273, 0.62)
    assert report.design.performance == Performance(Span(226, None, 226), Span(222, None, 222))
    assert report.design.pipeline == "dataflow"
    assert report.design.resources == Resources(dsp=179, bram18=9, uram=0, lut=21224, ff=2950)
    assert report.available == Resources(dsp=12288, bram18=5376, uram=1280, lut=1728000, ff=3456000)
    assert report.design.by_kind["FIFO"] == Resources(dsp=0, bram18=0, uram=0, lut=475, ff=80)
    assert [instance.module for instance in report.design.instances][:2] == [
        GRU_STACK,
        "dense_resource_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_config3_s",
    ]
    assert report.design.instances[0].resources == Resources(dsp=150, bram18=8, uram=0, lut=19470, ff=2481)


def test_2024() -> None:
    report = _read("2024/tiny")
    assert (report.tool, report.version, report.part) == ("Vitis HLS", "2024.2", "xc7z020-clg484-1")
    assert report.clock == Clock(15.0, 9.281, 1.5)
    assert report.design.performance == Performance(Span(41, None, 44), Span(37, None, 40))
    assert report.design.resources == Resources(dsp=4, bram18=3, uram=0, lut=2105, ff=1214)
    assert [instance.module for instance in report.design.instances] == [DENSE, RELU]
    assert _read(f"2024/{DENSE_LOOP}").design.pipeline == "loop auto-rewind stp (delay=0 clock cycles(s))"
    assert _read(f"2024/{DENSE}").design.instances[1] == Instance(
        "call_ret_scale_fu_230", "scale", Resources(dsp=0, bram18=0, uram=0, lut=30, ff=5)
    )


@pytest.mark.parametrize("folder", [HLS_2018, HLS_2019, HLS_2024])
def test_kinds_add_up_to_the_total(folder: Path) -> None:
    paths = sorted(folder.glob("*_csynth.rpt"))
    assert paths
    for path in paths:
        module = read_csynth_rpt(read_source(path)).design
        assert tuple(module.by_kind) == KINDS
        for field in fields(Resources):
            told = [getattr(resources, field.name) for resources in module.by_kind.values()]
            if getattr(module.resources, field.name) is not None:
                assert sum(told) == getattr(module.resources, field.name)


def test_unknown_latency_is_not_told() -> None:
    row = "|      158|      2112|      158|      2112|      none|"
    source = edited(HLS_2018 / "mixer_csynth.rpt", row, "|        ?|         ?|        ?|         ?|      none|")
    assert read_csynth_rpt(source).design.performance == Performance()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "|Total           |        9|      3|  1138| 3203|",
            "|Total           |        9|      3|  1138| 3x03|",
            "LUT of 'Total' is '3x03'; a whole number is expected",
        ),
        (
            "| DSP48E|",
            "|DSP58+1|",
            (
                "the table 'Utilization' has the columns Name, BRAM_18K, DSP58+1, FF, LUT; "
                "BRAM_18K, DSP or DSP48E, FF and LUT are expected"
            ),
        ),
        ("+ Timing (ns): \n    * Summary: \n", "+ Timing (ns): \n", f"the table 'Timing' {INCOMPLETE}"),
        ("|     8.144|", "|     fast |", "the clock's 'Estimated' is 'fast'; a number is expected"),
        (
            "* Target device:  xa7a12tcsg325-1q",
            "* Target device:",
            f"the part {INCOMPLETE}",
        ),
        (
            "+ Latency (clock cycles)",
            "+ Duration",
            f"the table 'Latency' {INCOMPLETE}",
        ),
        (
            "|Register        |        -|      -|    68|    -|",
            "|Registers       |        -|      -|    68|    -|",
            f"the row 'Register' of the table 'Utilization' {INCOMPLETE}",
        ),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        read_csynth_rpt(edited(HLS_2018 / "mixer_csynth.rpt", old, new))
    assert str(raised.value) == f"changed.rpt: {message}"
