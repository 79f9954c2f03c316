"""Reports of the export with logic synthesis or implementation: ``export_syn``, ``export_impl``, ``<design>_export``.

Formats seen: ``.rpt`` and ``.xml`` of Vitis HLS 2024, and the Tcl scripts that write those of older versions. They count
block RAMs in units of 18 Kbit: RAMB18 + 2 RAMB36.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from hw_trigger.vendor.boxes import box_below
from hw_trigger.vendor.elements import element, number, text
from hw_trigger.vendor.records import ExportReport, Resources, RtlModule, Stage
from hw_trigger.vendor.source import Source, named_resources

_FIGURES = ("LUT", "FF", "DSP", "BRAM")
_TIMING = {"Timing met": True, "Timing not met": False, "No Sequential Path": None}
_STAGES: dict[str, Stage] = {
    "Post-Synthesis": "post-synthesis",
    "Post-Implementation": "post-implementation",
    "RTL Synthesis": "post-synthesis",
    "Place & Route": "post-implementation",
    "synth": "post-synthesis",
    "impl": "post-implementation",
}


def read_export_rpt(source: Source) -> ExportReport:
    """Return the report in a ``<design>_export.rpt``; its last line tells whether the clock was reached.

    Raises
    ------
    VendorReportError
        A line is missing, or has no number where one is expected.
    """
    timing = source.capture(rf"^({'|'.join(_TIMING)})\s*\Z", "the last line, 'Timing met' or 'Timing not met',")
    heading = r"^#=== (Post-Synthesis|Post-Implementation) Resource usage ===\n"
    stage = _STAGES[
        source.capture(heading, "the heading '#=== Post-Synthesis (or -Implementation) Resource usage ==='")
    ]
    synthesis = _period(source, r"CP achieved post-synthesis")
    # Old versions spell it so.
    routed = _period(source, r"CP achieved post-implem\w+") if stage == "post-implementation" else None
    return ExportReport(
        stage,
        source.capture(r"^Implementation tool: +Xilinx Vivado v?\.?(\S+) *\n", "the version of Vivado"),
        source.capture(r"^Device target: +(\S+) *\n", "the part"),
        _figures(source),
        required_ns=_period(source, r"CP required"),
        synthesis_ns=synthesis,
        implementation_ns=routed,
        achieved_ns=routed if stage == "post-implementation" else synthesis,
        timing_met=_TIMING[timing],
    )


def read_export_results(source: Source) -> ExportReport:
    """Return the report in an ``export_syn.rpt`` or ``export_impl.rpt`` of new versions.

    Raises
    ------
    VendorReportError
        A line or the table of periods is missing, or has no number where one is expected.
    """
    what = "the table of clock periods"
    heading = source.capture(r"^== Vivado (RTL Synthesis|Place & Route) Results\n", "the heading")
    stage = _STAGES[heading]
    last = "Post-Route" if stage == "post-implementation" else "Post-Synthesis"
    box = box_below(source, what, f"== {heading} Timing Summary", "* ")
    if box is None or box.row(last) is None:
        raise source.incomplete(what)
    periods = {row[0].strip(): source.number(row[1], f"the period {row[0].strip()!r}") for row in box.rows}
    return ExportReport(
        stage,
        source.capture(r"^ *\* Version: +(\S+).*\n", "the version of Vivado"),
        source.capture(r"^ *\* Target device: +(\S+) *\n", "the part"),
        _figures(source),
        required_ns=periods.get("Target"),
        synthesis_ns=periods.get("Post-Synthesis"),
        implementation_ns=periods.get("Post-Route"),
        achieved_ns=periods[last],
        timing_met=_met(periods.get("Target"), periods[last]),
    )


def read_export_xml(source: Source, root: Element) -> ExportReport:
    """Return the report in an ``export_syn.xml``, ``export_impl.xml`` or ``<design>_export.xml``; it does not tell the part.

    Raises
    ------
    VendorReportError
        An element is missing, or has no number where one is expected.
    """
    timing = element(source, root, "TimingReport")
    run = root.findtext("RunData/RUN_TYPE")
    if run is not None and run.strip() not in {"synth", "impl"}:
        raise source.error(f"<RUN_TYPE> is {run.strip()!r}; 'synth' or 'impl' is expected")
    stage = None if run is None else _STAGES[run.strip()]
    version = root.findtext("RunData/VIVADO_VERSION")
    target, achieved = number(source, timing, "TargetClockPeriod"), number(source, timing, "AchievedClockPeriod")
    return ExportReport(
        stage,
        None if version is None else version.strip().removeprefix("v."),
        None,
        _elements(source, root, "AreaReport/Resources"),
        _elements(source, root, "AreaReport/AvailableResources"),
        required_ns=target,
        synthesis_ns=None if stage is None else number(source, timing, "CP_SYNTH"),
        implementation_ns=number(source, timing, "CP_ROUTE") if stage == "post-implementation" else None,
        achieved_ns=achieved,
        timing_met=_met(target, achieved),
        modules=tuple(_rtl_module(source, node) for node in root.findall("RtlModules/RtlModule")),
    )


def _met(target: float | None, achieved: float | None) -> bool | None:
    return None if target is None or achieved is None else achieved <= target


def _period(source: Source, label: str) -> float | None:
    return source.number(source.capture(rf"^{label}: +(\S+) *\n", f"the line '{label}'"), f"'{label}'")


def _figures(source: Source) -> Resources:
    """Return the resources that are told line by line, ``LUT:    7952``; URAM is told of parts that have it."""
    found: dict[str, int | None] = {}
    for name in (*_FIGURES, "URAM"):
        if name in _FIGURES or re.search(rf"^{name}:", source.text, re.MULTILINE):
            found[name] = source.integer(source.capture(rf"^{name}: +(\S+) *\n", f"the line {name!r}"), name)
    return named_resources(found)


def _elements(source: Source, root: Element, path: str) -> Resources:
    node = element(source, root, path)
    names = [name for name in (*_FIGURES, "URAM") if name in _FIGURES or node.find(name) is not None]
    return named_resources({name: source.integer(text(source, node, name), f"<{name}>") for name in names})


def _rtl_module(source: Source, node: Element) -> RtlModule:
    """Return a cell; its zeros are left out in the file. Its module is named in one of several attributes."""
    names = [node.get(key) for key in ("MODULENAME", "ORIG_REF_NAME", "REF_NAME")]
    told = node.find("Resources")
    figures = {} if told is None else told.attrib
    return RtlModule(
        node.get("CELL", ""),
        next((name for name in names if name), ""),
        named_resources({name: source.integer(figures.get(name, "0"), name) for name in (*_FIGURES, "URAM")}),
    )
