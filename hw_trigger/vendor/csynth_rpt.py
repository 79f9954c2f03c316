"""``<module>_csynth.rpt``: C synthesis of one module, from Vivado HLS 2018 to Vitis HLS 2025."""

from __future__ import annotations

from dataclasses import fields

from hw_trigger.vendor.boxes import Box, Row, box_below
from hw_trigger.vendor.records import Clock, Instance, ModuleReport, Performance, Resources, Span, SynthesisReport
from hw_trigger.vendor.source import Source, named_resources

KINDS = ("DSP", "Expression", "FIFO", "Instance", "Memory", "Multiplexer", "Register")
"""What the resources of a module are told by."""

_UTILIZATION = "== Utilization Estimates"


def read_csynth_rpt(source: Source) -> SynthesisReport:
    """Return the report in a ``<module>_csynth.rpt``: its module is the `design`, and there are no `modules`.

    What stands behind the resources of the instances (expressions, registers, ports) is not read, and need not be there.

    Raises
    ------
    VendorReportError
        A table that is read is not there as a whole, or has no number where one is expected.
    """
    summary = _box(source, "Utilization", _UTILIZATION, "* Summary:")
    latency = _box(source, "Latency", "+ Latency", "* Summary:").rows[0]
    design = ModuleReport(
        source.capture(r"^== V\w+ HLS Report for '(.+)'\n", "the name of the module"),
        _performance(source, latency),
        _resources(source, summary, _row(source, summary, "Total")),
        latency[-1].strip(),
        {kind: _kind(source, summary, kind) for kind in KINDS},
        _instances(source),
    )
    available = _resources(source, summary, _row(source, summary, "Available"))
    _row(source, summary, "Utilization (%)")  # the last: the table ends with it
    return SynthesisReport(
        tool=source.capture(r"^== (V\w+ HLS) Report for '.+'\n", "the name of the tool"),
        version=source.capture(r"^\* Version: +(\S+).*\n", "the version of the tool"),
        part=source.capture(r"^\* Target device: +(\S+) *\n", "the part"),
        design=design,
        clock=_clock(source),
        available=available,
        project=source.capture(r"^\* Project: +(\S.*)\n", "the name of the project"),
    )


def _box(source: Source, name: str, *headings: str) -> Box:
    box = box_below(source, f"the table {name!r}", *headings)
    if box is None:
        raise source.incomplete(f"the table {name!r}")
    return box


def _row(source: Source, box: Box, name: str) -> Row:
    row = box.row(name)
    if row is None:
        raise source.incomplete(f"the row {name!r} of the table 'Utilization'")
    return row


def _clock(source: Source) -> Clock:
    box = _box(source, "Timing", "+ Timing", "* Summary:")
    columns, names = box.columns, ("Target", "Estimated", "Uncertainty")
    if not set(names) <= set(columns):
        raise source.incomplete("the table 'Timing'")
    return Clock(*(source.number(box.rows[0][columns[name]], f"the clock's {name!r}") for name in names))


def _performance(source: Source, row: Row) -> Performance:
    """Return what a row tells: latency min, max, from 2019 on the same as times, interval min, max, and the pipeline."""
    if len(row) not in {5, 7}:
        raise source.error(f"the table 'Latency' has {len(row)} columns; 5 or 7 are expected")
    cycles = [source.integer(cell, "a figure of the table 'Latency'") for cell in (*row[:2], *row[-3:-1])]
    return Performance(
        Span(minimum=cycles[0], maximum=cycles[1]), Span(minimum=cycles[2] or None, maximum=cycles[3] or None)
    )


def _resources(source: Source, box: Box, row: Row) -> Resources:
    figures = {
        name: source.integer(row[k], f"{name} of {row[0].strip()!r}")
        for name, k in box.columns.items()
        if name in {"BRAM_18K", "DSP48E", "DSP", "FF", "LUT", "URAM"}
    }
    if not {"BRAM_18K", "FF", "LUT"} <= set(figures) or not {"DSP", "DSP48E"} & set(figures):
        raise source.error(
            f"the table 'Utilization' has the columns {', '.join(box.columns)}; "
            "BRAM_18K, DSP or DSP48E, FF and LUT are expected"
        )
    return named_resources(figures)


def _kind(source: Source, box: Box, kind: str) -> Resources:
    """Return the resources of a kind, where a dash is none."""
    told = _resources(source, box, _row(source, box, kind))
    total = _resources(source, box, _row(source, box, "Total"))
    names = [field.name for field in fields(Resources)]
    return Resources(**{name: None if getattr(total, name) is None else getattr(told, name) or 0 for name in names})


def _instances(source: Source) -> tuple[Instance, ...]:
    """Return the instances: the functions first, in the order of the table 'Latency', then what only takes resources."""
    timed = box_below(source, "the table 'Instance' of the latency", "+ Latency", "* Instance:")
    costly = box_below(source, "the table 'Instance' of the utilization", _UTILIZATION, "+ Detail:", "* Instance:")
    if costly is not None and costly.rows[-1][0].strip() != "Total":
        raise source.incomplete("the table 'Instance' of the utilization")
    modules: dict[str, str] = {}
    resources: dict[str, Resources] = {}
    for row in () if timed is None else timed.rows:
        modules[row[0].strip()] = row[1].strip()
    if costly is not None:
        for row in costly.rows[:-1]:
            modules[row[0].strip()] = row[1].strip()
            resources[row[0].strip()] = _resources(source, costly, row)
    return tuple(Instance(name, module, resources.get(name)) for name, module in modules.items())
