"""Read one vendor report, whatever it is: its content tells, not its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hw_trigger.vendor.cosim import read_cosim
from hw_trigger.vendor.csynth_rpt import read_csynth_rpt
from hw_trigger.vendor.csynth_summary import read_csynth_summary
from hw_trigger.vendor.csynth_xml import read_csynth_xml
from hw_trigger.vendor.elements import root_element
from hw_trigger.vendor.export import read_export_results, read_export_rpt, read_export_xml
from hw_trigger.vendor.records import Report
from hw_trigger.vendor.source import Source, read_source
from hw_trigger.vendor.vivado import read_timing, read_utilization

# What only this kind of report says, near its beginning.
_READERS: tuple[tuple[str, Callable[[Source], Report]], ...] = (
    (r"^== V\w+ HLS Report for '", read_csynth_rpt),
    (r"^== Synthesis Summary Report of '", read_csynth_summary),
    (r"^== Vivado (RTL Synthesis|Place & Route) Results", read_export_results),
    (r"^Implementation tool: +Xilinx Vivado", read_export_rpt),
    (r"^\+ +RTL +\+ +Status +\+", read_cosim),
    (r"^\| Command +: +report_utilization\b", read_utilization),
    (r"^\| Command +: +report_timing_summary\b", read_timing),
)

_KNOWN = (
    "known are the reports of C synthesis (csynth.xml, csynth.rpt, *_csynth.rpt), of co-simulation (*_cosim.rpt), of the export "
    "(*_export.rpt, export_syn and export_impl, .rpt and .xml), and Vivado's report_utilization and report_timing_summary"
)


def read_report(path: Path) -> Report:
    """Read a report of Vivado HLS, Vitis HLS or Vivado.

    Raises
    ------
    VendorReportError
        The file cannot be read, is none of the known reports, or is cut short. What is returned is what the whole file says:
        only parts that are not read may be missing.
    """
    source = read_source(path)
    if source.text.lstrip().startswith("<"):
        root = root_element(source)
        if root.find("PerformanceEstimates") is not None:
            return read_csynth_xml(source, root)
        if root.find("AreaReport") is not None:
            return read_export_xml(source, root)
        raise source.error(f"an XML file with the root <{root.tag}> is no known vendor report; {_KNOWN}")
    for pattern, reader in _READERS:
        if re.search(pattern, source.text, re.MULTILINE):
            return reader(source)
    first = next(line.strip() for line in source.lines if line.strip())
    raise source.error(f"it is no known vendor report, or was cut short; it begins with {first[:60]!r}; {_KNOWN}")
