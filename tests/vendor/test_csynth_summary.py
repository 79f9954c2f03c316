"""csynth.rpt of Vitis HLS."""

from __future__ import annotations

import pytest
from support.vendor import DENSE, DENSE_LOOP, HLS_2024, RELU, edited

from hw_trigger.vendor.csynth_summary import read_csynth_summary
from hw_trigger.vendor.records import Instance, Performance, Resources, Span
from hw_trigger.vendor.source import VendorReportError, read_source

SUMMARY = HLS_2024 / "csynth.rpt"


def test_modules_loops_and_who_uses_whom() -> None:
    report = read_csynth_summary(read_source(SUMMARY))
    assert (report.tool, report.version, report.part) == ("Vitis HLS", "2024.2", "xc7z020-clg484-1")
    assert report.project == "tiny"
    assert report.design.name == "tiny"
    assert report.design.pipeline == "dataflow"
    assert report.design.performance == Performance(Span(maximum=44), Span(maximum=40))
    assert report.design.resources == Resources(dsp=4, bram18=3, uram=0, lut=2105, ff=1214)
    assert [module.name for module in report.modules] == [DENSE, DENSE_LOOP, "scale", RELU]
    assert report.design.instances == (Instance(None, DENSE), Instance(None, RELU))
    assert report.parents("scale") == (DENSE,)
    assert report.parents(DENSE_LOOP) == (DENSE,)


def test_a_module_used_twice_is_one_module_with_two_uses() -> None:
    relu = next(line for line in SUMMARY.read_text().splitlines() if RELU in line)
    again = relu.replace(RELU + " " * (len(DENSE_LOOP) + 2 - len(RELU)), "scale" + " " * (len(DENSE_LOOP) - 3))
    report = read_csynth_summary(edited(SUMMARY, relu, f"{relu}\n{again}\n{again}"))
    assert [instance.module for instance in report.design.instances] == [DENSE, RELU, "scale", "scale"]
    assert [module.name for module in report.modules] == [DENSE, DENSE_LOOP, "scale", RELU]


def test_latency_that_is_not_told_or_rounded() -> None:
    report = read_csynth_summary(edited(SUMMARY, "|       44| 660.000|", "| 1.2e+09 |       -|"))
    assert report.design.performance.latency == Span()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Pipelined",
            "Pipedream",
            (
                "the table 'Performance & Resource Estimates' has no column 'Pipelined'; it has Modules & Loops, Issue Type, "
                "Slack, Latency (cycles), Latency (ns), Iteration Latency, Interval, Trip Count, "
                "Pipedream, BRAM, DSP, FF, LUT, URAM"
            ),
        ),
        ("|  o RowLoop", "|  x RowLoop", "'x RowLoop' is no module ('+') and no loop ('o')"),
        ("|+ tiny*", "|+ huge*", "the table 'Performance & Resource Estimates' does not begin with the design 'tiny'"),
        ("| 2105 (3%)|", "| many (3%)|", "'LUT' of tiny is 'many'; a whole number is expected"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(VendorReportError) as raised:
        read_csynth_summary(edited(SUMMARY, old, new))
    assert str(raised.value) == f"changed.rpt: {message}"
