"""``csynth.rpt`` of Vitis HLS: all modules of a design in one table, each indented below the one that uses it."""

from __future__ import annotations

import re

from hw_trigger.vendor.boxes import Row, box_below
from hw_trigger.vendor.records import Instance, ModuleReport, Performance, Span, SynthesisReport
from hw_trigger.vendor.source import Source, named_resources

_RESOURCES = ("BRAM", "DSP", "FF", "LUT", "URAM")
_COLUMNS = ("Modules & Loops", "Latency (cycles)", "Interval", "Pipelined", *_RESOURCES)
_NAME = re.compile(r"( *)([+o]) (\S.*?)\*?")


def read_csynth_summary(source: Source) -> SynthesisReport:
    """Return the report in a ``csynth.rpt``.

    It tells one latency a module, which is the worst case, no clock, and no names of instances. The interval is the table's:
    of a module that is one pipelined loop it was seen to be the latency where the module's own report told the (shorter)
    interval. So other reports are to be preferred where there are any.

    Raises
    ------
    VendorReportError
        The table is not there as a whole, or has no number where one is expected.
    """
    name = source.capture(r"^== Synthesis Summary Report of '(.+)'\n", "the name of the design")
    what = "the table 'Performance & Resource Estimates'"
    box = box_below(source, what, "+ Performance & Resource Estimates", "PS:")
    if box is None:
        raise source.incomplete(what)
    columns = box.columns
    unknown = [column for column in _COLUMNS if column not in columns]
    if unknown:
        raise source.error(f"{what} has no column {unknown[0]!r}; it has {', '.join(columns)}")
    modules = _modules(source, columns, box.rows)
    if not modules or modules[0].name != name:
        raise source.error(f"{what} does not begin with the design {name!r}")
    return SynthesisReport(
        tool="Vitis HLS",
        version=source.capture(r"^ *\* Version: +(\S+).*\n", "the version of the tool"),
        part=source.capture(r"^ *\* Target device: +(\S+) *\n", "the part"),
        design=modules[0],
        modules=modules[1:],
        project=source.capture(r"^ *\* Project: +(\S.*)\n", "the name of the project"),
    )


def _modules(source: Source, columns: dict[str, int], rows: tuple[Row, ...]) -> tuple[ModuleReport, ...]:
    """Return every module once, in the order of its first row; loops are no modules."""
    above: list[tuple[int, str, bool]] = []  # modules around the row: depth, name, whether it is the module's first row
    first: dict[str, Row] = {}
    used: dict[str, list[Instance]] = {}
    for row in rows:
        found = _NAME.fullmatch(row[0])
        if found is None:
            raise source.error(f"{row[0].strip()!r} is no module ('+') and no loop ('o')")
        if found[2] == "o":
            continue
        depth, name = len(found[1]), found[3]
        while above and above[-1][0] >= depth:
            above.pop()
        if above and above[-1][2]:
            used[above[-1][1]].append(Instance(None, name))
        above.append((depth, name, name not in first))
        first.setdefault(name, row)
        used.setdefault(name, [])
    return tuple(_module(source, columns, name, row, tuple(used[name])) for name, row in first.items())


def _module(
    source: Source, columns: dict[str, int], name: str, row: Row, instances: tuple[Instance, ...]
) -> ModuleReport:
    def cycles(column: str) -> int | None:
        return source.integer(row[columns[column]], f"{column!r} of {name}")

    # A dash among the resources is none; the share of the part stands behind the number: "2 (~0%)".
    resources = {
        column: source.integer(re.sub(r"\(.*\)", "", row[columns[column]]), f"{column!r} of {name}") or 0
        for column in _RESOURCES
    }
    return ModuleReport(
        name,
        Performance(Span(maximum=cycles("Latency (cycles)")), Span(maximum=cycles("Interval"))),
        named_resources(resources),
        row[columns["Pipelined"]].strip(),
        instances=instances,
    )
