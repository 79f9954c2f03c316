"""``<design>_cosim.rpt``: co-simulation of the generated Verilog and VHDL with the C++ testbench."""

from __future__ import annotations

from hw_trigger.vendor.boxes import boxes
from hw_trigger.vendor.records import CosimReport, CosimRun, Performance, Span
from hw_trigger.vendor.source import Source


def read_cosim(source: Source) -> CosimReport:
    """Return the report in a ``<design>_cosim.rpt``.

    Its rows are: language, status, latency min, avg, max, interval min, avg, max, and from 2020 on the cycles in total.

    Raises
    ------
    VendorReportError
        The table is not there as a whole, or has no number where one is expected.
    """
    box = next((box for box in boxes(source) if len(box.rows[0]) in {8, 9}), None)
    if box is None:
        raise source.incomplete("the table of languages and cycles")
    runs = []
    for row in box.rows:
        rtl, status, *cells = (cell.strip() for cell in row)
        if status == "NA":
            continue
        cycles = [source.integer(cell, f"a figure of {rtl}") for cell in cells]
        runs.append(
            CosimRun(
                rtl,
                status,
                Performance(Span(*cycles[:3]), Span(*cycles[3:6])),
                cycles[6] if len(cycles) > 6 else None,
            )
        )
    return CosimReport(tuple(runs))
