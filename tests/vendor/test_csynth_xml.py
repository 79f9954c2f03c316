"""csynth.xml: totals in old versions, and modules in new ones."""

from __future__ import annotations

import pytest
from support.vendor import DENSE, DENSE_LOOP, HLS_2018, HLS_2019, HLS_2024, RELU, edited

from hw_trigger.vendor.csynth_xml import read_csynth_xml
from hw_trigger.vendor.elements import root_element
from hw_trigger.vendor.records import Clock, Instance, Performance, Resources, Span, SynthesisReport
from hw_trigger.vendor.source import Source, VendorReportError, read_source


def _read(source: Source) -> SynthesisReport:
    return read_csynth_xml(source, root_element(source))


def test_2018_without_uram() -> None:
    report = _read(read_source(HLS_2018 / "csynth.xml"))
    assert (report.tool, report.version, report.part) == ("Vivado HLS", "2018.3", "xa7a12tcsg325-1q")
    assert report.clock == Clock(10.0, 8.144, 1.25)
    assert report.design.performance == Performance(Span(158, None, 2112), Span(158, None, 2112))
    assert report.design.resources == Resources(dsp=3, bram18=9, uram=None, lut=3203, ff=1138)
    assert report.available == Resources(dsp=40, bram18=40, uram=None, lut=8000, ff=16000)
    assert report.modules == ()


def test_2019_recorded() -> None:
    report = _read(read_source(HLS_2019 / "csynth.xml"))
    assert (report.tool, report.version, report.part) == ("Vivado HLS", "2019.2", "xcvu13p-flga2577-2-e")
    assert report.design.name == "myproject"
    assert report.design.performance == Performance(Span(226, 226, 226), Span(222, None, 222))
    assert report.design.resources == Resources(dsp=179, bram18=9, uram=0, lut=21224, ff=2950)


def test_2024_with_modules_and_who_uses_them() -> None:
    report = _read(read_source(HLS_2024 / "csynth.xml"))
    assert (report.tool, report.version, report.part) == ("Vitis HLS", "2024.2", "xc7z020-clg484-1")
    assert report.design.performance == Performance(Span(41, 42, 44), Span(37, None, 40))
    assert [module.name for module in report.modules] == [DENSE_LOOP, "scale", DENSE, RELU]
    loop, dense = report.module(DENSE_LOOP), report.module(DENSE)
    assert loop is not None
    assert dense is not None
    assert loop.performance == Performance(Span(10, 10, 10), Span(9, None, 9))
    assert dense.performance == Performance(Span(37, None, 40), Span(37, None, 40))
    assert dense.resources == Resources(dsp=4, bram18=3, uram=0, lut=1305, ff=610)
    assert [instance.module for instance in report.design.instances] == [DENSE, RELU]
    assert dense.instances == (
        Instance(f"grp_{DENSE_LOOP}_fu_215", DENSE_LOOP),
        Instance("call_ret_scale_fu_230", "scale"),
    )
    assert report.parents("scale") == (DENSE,)


def test_an_interval_of_zero_is_none() -> None:
    """Vitis HLS 2024.2 writes it where it does not know the latency."""
    interval = "<PipelineInitiationInterval>{}</PipelineInitiationInterval>"
    source = edited(HLS_2024 / "csynth.xml", interval.format(9), interval.format(0))
    module = _read(source).module(DENSE_LOOP)
    assert module is not None
    assert module.performance.interval == Span()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<LUT>3203</LUT>\n", "", "the element <Resources> has no <LUT>; it is not the report that it looks like"),
        ("<LUT>3203</LUT>", "<LUT>-3</LUT>", "<LUT> is '-3'; a whole number is expected"),
        (
            "<TargetClockPeriod>10.00</TargetClockPeriod>",
            "<TargetClockPeriod>ten</TargetClockPeriod>",
            "<TargetClockPeriod> is 'ten'; a number is expected",
        ),
        (
            "</profile>",
            "",
            "it is no whole XML file (no element found: line 48, column 19); write the report again, or copy the whole file",
        ),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        _read(edited(HLS_2018 / "csynth.xml", old, new))
    assert str(raised.value) == f"changed.rpt: {message}"
