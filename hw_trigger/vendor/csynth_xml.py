"""``csynth.xml``: C synthesis of a design. From Vitis HLS on it holds its modules too."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from hw_trigger.vendor.elements import element, integer, number, text
from hw_trigger.vendor.records import (
    Clock,
    Instance,
    ModuleReport,
    Performance,
    Resources,
    Span,
    SynthesisReport,
)
from hw_trigger.vendor.source import Source, named_resources


def read_csynth_xml(source: Source, root: Element) -> SynthesisReport:
    """Return the report in a ``csynth.xml``, or in a ``<module>_csynth.xml``.

    Raises
    ------
    VendorReportError
        An element is missing, or no number where one is expected.
    """
    user = element(source, root, "UserAssignments")
    estimates = element(source, root, "PerformanceEstimates")
    area = element(source, root, "AreaEstimates")
    name = text(source, user, "TopModelName")
    instances = _instances(source, root)
    overall = element(source, estimates, "SummaryOfOverallLatency")
    design = ModuleReport(
        name,
        Performance(_latency(source, overall), _interval(source, overall)),
        _resources(source, area, "Resources"),
        text(source, estimates, "PipelineType"),
        instances=instances.get(name, ()),
    )
    return SynthesisReport(
        # hls4ml's report reader gives the sign: DSPs are DSP48E in Vivado HLS and DSP in Vitis HLS.
        tool="Vivado HLS" if area.find("Resources/DSP48E") is not None else "Vitis HLS",
        version=text(source, root, "ReportVersion/Version"),
        part=text(source, user, "Part"),
        design=design,
        clock=Clock(
            number(source, user, "TargetClockPeriod"),
            number(source, estimates, "SummaryOfTimingAnalysis/EstimatedClockPeriod"),
            number(source, user, "ClockUncertainty"),
        ),
        available=_resources(source, area, "AvailableResources"),
        modules=tuple(
            _module(source, module, instances)
            for module in root.findall("ModuleInformation/Module")
            if text(source, module, "Name") != name
        ),
    )


def _module(source: Source, module: Element, instances: dict[str, tuple[Instance, ...]]) -> ModuleReport:
    name = text(source, module, "Name")
    overall = element(source, module, "PerformanceEstimates/SummaryOfOverallLatency")
    return ModuleReport(
        name,
        Performance(
            _latency(source, overall), _span(source, text(source, overall, "PipelineInitiationInterval"), "interval")
        ),
        _resources(source, element(source, module, "AreaEstimates"), "Resources"),
        text(source, overall, "PipelineType"),
        instances=instances.get(name, ()),
    )


def _latency(source: Source, overall: Element) -> Span:
    return Span(*(integer(source, overall, f"{case}-caseLatency") for case in ("Best", "Average", "Worst")))


def _interval(source: Source, overall: Element) -> Span:
    return Span(minimum=integer(source, overall, "Interval-min"), maximum=integer(source, overall, "Interval-max"))


def _span(source: Source, cycles: str, what: str) -> Span:
    """Return the span of ``"9"`` or ``"1 ~ 17"``. Where the latency is unknown an interval of 0 was seen, which is none."""
    least, _, greatest = cycles.partition("~")
    found = [source.integer(bound, what) or None for bound in (least, greatest or least)]
    return Span(minimum=found[0], maximum=found[1])


def _resources(source: Source, area: Element, path: str) -> Resources:
    """Return the resources in an element, of which all but URAM are always there (2018 tells URAM of some parts only)."""
    node = element(source, area, path)
    dsp = "DSP48E" if node.find("DSP48E") is not None else "DSP"
    uram = [] if node.find("URAM") is None else ["URAM"]
    return named_resources({name: integer(source, node, name) for name in ("BRAM_18K", dsp, "FF", "LUT", *uram)})


def _instances(source: Source, root: Element) -> dict[str, tuple[Instance, ...]]:
    """Return which modules each module uses, from the tree of instances that new versions hold."""
    found: dict[str, tuple[Instance, ...]] = {}
    pending = root.findall("RTLDesignHierarchy/TopModule")
    while pending:
        node = pending.pop()
        children = node.findall("InstancesList/Instance")
        found[text(source, node, "ModuleName")] = tuple(
            Instance(text(source, child, "InstName"), text(source, child, "ModuleName")) for child in children
        )
        pending.extend(children)
    return found
