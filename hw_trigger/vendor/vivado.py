"""Reports of Vivado itself: ``report_utilization`` (hls4ml's ``vivado_synth.rpt``) and ``report_timing_summary``."""

from __future__ import annotations

import re

from hw_trigger.vendor.boxes import Box, boxes
from hw_trigger.vendor.records import LogicSynthesisReport, Resources, TimingReport
from hw_trigger.vendor.source import Source

# Rows of the tables of sites: 7 series; UltraScale(+); and as the HLS tools' own scripts look for them, Versal.
_LUTS = ("Slice LUTs", "CLB LUTs")
_REGISTERS = ("Slice Registers", "CLB Registers", "Registers")
_TILES = ("Block RAM Tile",)
_DSPS = ("DSPs", "DSP Slices")

_NUMBERS = r"(?:-?\d+(?:\.\d+)?|NA)"


def read_utilization(source: Source) -> LogicSynthesisReport:
    """Return the report of ``report_utilization``; tables behind those of LUTs, block RAM and DSPs need not be there.

    A block RAM tile is two blocks of 18 Kbit, half a tile is one.

    Raises
    ------
    VendorReportError
        A table is not there as a whole, or has no number where one is expected.
    """
    tables = [box for box in boxes(source) if {"Site Type", "Used", "Available"} <= set(box.columns)]
    figures: dict[str, dict[str, int | None]] = {"Used": {}, "Available": {}}
    for column, found in figures.items():
        for name, rows in (("lut", _LUTS), ("ff", _REGISTERS), ("dsp", _DSPS)):
            found[name] = source.integer(_cell(source, tables, rows, column), f"{column!r} of {rows[0]}")
        tiles = source.number(_cell(source, tables, _TILES, column), f"{column!r} of {_TILES[0]}")
        found["bram18"] = None if tiles is None else round(2 * tiles)
        found["uram"] = _optional(source, tables, ("URAM",), column)  # the 7 series has none, and tells none
    return LogicSynthesisReport(
        *_heading(source),
        state=source.capture(r"^\| Design State *: +(\S.*)\n", "the line 'Design State'"),
        resources=Resources(**figures["Used"]),
        available=Resources(**figures["Available"]),
        carry=_optional(source, tables, ("CARRY8", "CARRY4"), "Used"),
    )


def read_timing(source: Source) -> TimingReport:
    """Return the report of ``report_timing_summary``: the slacks of its "Design Timing Summary".

    Raises
    ------
    VendorReportError
        The line of figures is not there as a whole, or the design has no path with a constraint.
    """
    # Setup, hold and pulse width: worst slack, total slack, failing endpoints, endpoints.
    line = source.capture(
        rf"\| Design Timing Summary\n(?:.*\n)*?\s*WNS\(ns\).*\n[ -]+\n\s*((?:{_NUMBERS}\s+){{11}}{_NUMBERS})\s*?(?:\n|\Z)",
        "the line of figures of the 'Design Timing Summary'",
    )
    slacks = [source.number(line.split()[k], "a slack") for k in (0, 1, 4, 5)]
    wns, tns, whs, ths = slacks
    if wns is None or tns is None or whs is None or ths is None:
        raise source.error("the design has no timed path; set a clock before report_timing_summary")
    return TimingReport(*_heading(source), wns_ns=wns, tns_ns=tns, whs_ns=whs, ths_ns=ths)


def _heading(source: Source) -> tuple[str, str, str]:
    """Return the version of Vivado, the design and the device."""
    return (
        source.capture(r"^\| Tool Version *: +Vivado v\.(\S+).*\n", "the line 'Tool Version'"),
        source.capture(r"^\| Design *: +(\S+) *\n", "the line 'Design'"),
        source.capture(r"^\| Device *: +(\S+) *\n", "the line 'Device'"),
    )


def _optional(source: Source, tables: list[Box], rows: tuple[str, ...], column: str) -> int | None:
    cell = _find(tables, rows, column)
    return None if cell is None else source.integer(cell, f"{column!r} of {rows[0]}")


def _cell(source: Source, tables: list[Box], rows: tuple[str, ...], column: str) -> str:
    cell = _find(tables, rows, column)
    if cell is None:
        raise source.incomplete(f"the table with the row {' or '.join(map(repr, rows))}")
    return cell


def _find(tables: list[Box], rows: tuple[str, ...], column: str) -> str | None:
    """Return a cell of the first table with such a row; an asterisk at the row's name is a footnote."""
    for box in tables:
        for row in box.rows:
            if re.sub(r"\*+$", "", row[0].strip()) in rows:
                return row[box.columns[column]]
    return None
