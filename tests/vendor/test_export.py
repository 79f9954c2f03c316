"""Reports of the export, old and new."""

from __future__ import annotations

import pytest
from support.vendor import DENSE, HLS_2018, HLS_2024, INCOMPLETE, edited

from hw_trigger.vendor.elements import root_element
from hw_trigger.vendor.export import read_export_results, read_export_rpt, read_export_xml
from hw_trigger.vendor.records import ExportReport, Resources
from hw_trigger.vendor.source import Source, VendorReportError, read_source

OLD = Resources(dsp=3, bram18=5, uram=None, lut=124, ff=111)
SYNTHESIS = Resources(dsp=4, bram18=3, uram=0, lut=752, ff=1013)
IMPLEMENTATION = Resources(dsp=4, bram18=3, uram=0, lut=703, ff=988)


def _xml(source: Source) -> ExportReport:
    return read_export_xml(source, root_element(source))


def test_2018_rpt_with_its_spelling_of_implementation() -> None:
    report = read_export_rpt(read_source(HLS_2018 / "mixer_export.rpt"))
    assert report == ExportReport(
        "post-implementation",
        "2018.3",
        "xa7a12tcsg325-1q",
        OLD,
        required_ns=10.0,
        synthesis_ns=6.281,
        implementation_ns=7.165,
        achieved_ns=7.165,
        timing_met=True,
    )


def test_2018_xml_does_not_tell_the_stage() -> None:
    report = _xml(read_source(HLS_2018 / "mixer_export.xml"))
    assert (report.stage, report.version, report.part) == (None, None, None)
    assert report.resources == OLD
    assert report.available == Resources(dsp=40, bram18=40, uram=None, lut=8000, ff=16000)
    assert (report.required_ns, report.achieved_ns, report.timing_met) == (10.0, 7.165, True)


def test_2024_rpt() -> None:
    report = read_export_rpt(read_source(HLS_2024 / "tiny_export.rpt"))
    assert (report.stage, report.version, report.resources) == ("post-implementation", "2024.2", IMPLEMENTATION)
    assert (report.synthesis_ns, report.implementation_ns) == (9.011, 10.402)


@pytest.mark.parametrize(
    ("name", "stage", "resources", "routed", "dense_lut"),
    [
        ("export_syn", "post-synthesis", SYNTHESIS, None, 520),
        ("export_impl", "post-implementation", IMPLEMENTATION, 10.402, 489),
    ],
)
def test_2024_rpt_and_xml_of_a_stage(
    name: str, stage: str, resources: Resources, routed: float | None, dense_lut: int
) -> None:
    text, xml = read_export_results(read_source(HLS_2024 / f"{name}.rpt")), _xml(read_source(HLS_2024 / f"{name}.xml"))
    for report in (text, xml):
        assert (report.stage, report.version, report.resources) == (stage, "2024.2", resources)
        assert (report.required_ns, report.synthesis_ns, report.implementation_ns) == (15.0, 9.011, routed)
        assert report.timing_met is True
    assert text.part == "xc7z020-clg484-1"
    assert xml.available == Resources(dsp=220, bram18=280, uram=0, lut=53200, ff=106400)
    assert [module.module for module in xml.modules][:2] == ["tiny", DENSE]
    assert xml.modules[1].resources.lut == dense_lut
    assert xml.modules[3].resources.dsp == 0  # the file leaves zeros out


def test_timing_not_met_and_no_path() -> None:
    path = HLS_2024 / "tiny_export.rpt"
    assert read_export_rpt(edited(path, "Timing met", "Timing not met")).timing_met is False
    text = edited(path, "Timing met", "No Sequential Path").text.replace("10.402", "NA").replace("9.011", "NA")
    report = read_export_rpt(Source(path, text))
    assert (report.timing_met, report.achieved_ns, report.synthesis_ns) == (None, None, None)
    late = edited(HLS_2024 / "export_impl.xml", "<AchievedClockPeriod>10.402<", "<AchievedClockPeriod>15.003<")
    assert _xml(late).timing_met is False


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Timing met\n",
            "Timing m",
            f"the last line, 'Timing met' or 'Timing not met', {INCOMPLETE}",
        ),
        (
            "DSP:              4\n",
            "",
            f"the line 'DSP' {INCOMPLETE}",
        ),
        ("LUT:            703", "LUT:            70.3", "LUT is '70.3'; a whole number is expected"),
        (
            "CP required:                     15.000",
            "CP required:  soon",
            "'CP required' is 'soon'; a number is expected",
        ),
        (
            "Post-Implementation Res",
            "Post-Mortem Res",
            f"the heading '#=== Post-Synthesis (or -Implementation) Resource usage ===' {INCOMPLETE}",
        ),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        read_export_rpt(edited(HLS_2024 / "tiny_export.rpt", old, new))
    assert str(raised.value) == f"changed.rpt: {message}"


def test_an_unknown_run_is_refused() -> None:
    with pytest.raises(VendorReportError) as raised:
        _xml(edited(HLS_2024 / "export_syn.xml", "<RUN_TYPE>synth<", "<RUN_TYPE>dream<"))
    assert str(raised.value) == "changed.rpt: <RUN_TYPE> is 'dream'; 'synth' or 'impl' is expected"


def test_results_without_the_last_period() -> None:
    with pytest.raises(VendorReportError) as raised:
        read_export_results(edited(HLS_2024 / "export_impl.rpt", "|Post-Route ", "|Post-Ruote "))
    assert str(raised.value) == (f"changed.rpt: the table of clock periods {INCOMPLETE}")
