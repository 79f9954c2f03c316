"""Find and read all reports of one design: in an HLS project, in Vitis' unified layout, or in a folder of reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hw_trigger.vendor.exports import merge_exports
from hw_trigger.vendor.matching import Expected, check_expected, check_together
from hw_trigger.vendor.read import read_report
from hw_trigger.vendor.records import (
    CosimReport,
    ExportReport,
    LogicSynthesisReport,
    Report,
    Stage,
    SynthesisReport,
    TimingReport,
)
from hw_trigger.vendor.source import NoReportsError, VendorReportError
from hw_trigger.vendor.synthesis import merge_synthesis

# Where C synthesis puts its reports, below a project, from the solution (or component) up to the workspace.
_SOLUTIONS = ("", "*/", "*/*/", "*/*/*/")

_SYNTHESIS = ("csynth.xml", "csynth.rpt", "*_csynth.rpt")
_COSIM = ("*_cosim.rpt",)
_EXPORT = ("export_impl.xml", "export_impl.rpt", "export_syn.xml", "export_syn.rpt", "*_export.xml", "*_export.rpt")
_VIVADO = ("vivado_synth.rpt", "*utilization*.rpt", "*timing*.rpt")


_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class VendorReports:
    """All reports of one design.

    Attributes
    ----------
    exports
        At most one of each stage.
    missing
        What was not found, and how to get it.
    remarks
        Where the reports do not quite agree, and which was followed.
    files
        What was read, below the directory.
    """

    directory: Path
    synthesis: SynthesisReport | None
    cosim: CosimReport | None
    exports: tuple[ExportReport, ...]
    logic: LogicSynthesisReport | None
    timing: TimingReport | None
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    files: tuple[str, ...]

    def export(self, stage: Stage) -> ExportReport | None:
        """Return the export's report of a stage, or ``None``."""
        return next((report for report in self.exports if report.stage == stage), None)


def find_reports(directory: Path, expected: Expected | None = None) -> VendorReports:
    """Read all reports of one design in a directory.

    It is an HLS project as hls4ml writes it (``<name>_prj/solution1/{syn,sim,impl}`` and ``vivado_synth.rpt``), a solution, a
    component or workspace of Vitis' unified layout (``<component>/hls/{syn,sim,impl}``), or a folder that holds the files
    themselves. Files are opened by name: ``csynth.xml``, ``csynth.rpt``, ``*_csynth.rpt``, ``*_cosim.rpt``, ``*_export.*``,
    ``export_syn.*``, ``export_impl.*``, ``vivado_synth.rpt``, ``*utilization*.rpt``, ``*timing*.rpt``.

    Parameters
    ----------
    expected
        What the reports must be of; by default one design, whichever.

    Raises
    ------
    NoReportsError
        The directory holds no report.
    VendorReportError
        It holds those of several solutions; a file is none of the known reports or is cut short;
        the reports are of different designs, parts or versions, or not of what is expected.
    """
    found = {path: read_report(path) for path in _paths(directory)}
    if not found:
        what = "there is no vendor report in" if directory.is_dir() else "there is no directory"
        raise NoReportsError(
            f"{what} {directory}; an HLS project (with syn/report below it) or a folder with csynth.xml, *_csynth.rpt, "
            "*_cosim.rpt, *_export.rpt or vivado_synth.rpt is expected"
        )
    synthesis, remarks = merge_synthesis(_of_kind(found, SynthesisReport))
    if expected is not None:
        remarks += check_expected(found, synthesis, expected)
    remarks += check_together(found, synthesis)
    reports = VendorReports(
        directory=directory,
        synthesis=synthesis,
        cosim=_only(_of_kind(found, CosimReport)),
        exports=merge_exports(_of_kind(found, ExportReport)),
        logic=_only(_of_kind(found, LogicSynthesisReport)),
        timing=_only(_of_kind(found, TimingReport)),
        missing=(),
        remarks=remarks,
        files=tuple(path.relative_to(directory).as_posix() for path in found),
    )
    return replace(reports, missing=tuple(_missing(reports)))


def _paths(directory: Path) -> Iterator[Path]:
    """Yield the files to read, those of C synthesis first, and of each kind in a fixed order."""
    solutions = sorted(
        {path.parent.parent for above in _SOLUTIONS for path in directory.glob(f"{above}syn/report") if path.is_dir()}
    )
    if len(solutions) > 1:
        names = ", ".join(path.relative_to(directory).as_posix() for path in solutions)
        raise VendorReportError(f"{directory} holds reports of {len(solutions)} solutions, {names}; name one of them")
    places: list[tuple[Path, tuple[str, ...]]] = [(directory, (*_SYNTHESIS, *_COSIM, *_EXPORT, *_VIVADO))]
    if solutions:
        solution = solutions[0]
        places = [
            (solution / "syn/report", _SYNTHESIS),
            (solution / "sim/report", _COSIM),
            *((solution / f"impl/report/{language}", _EXPORT) for language in ("verilog", "vhdl")),
            (directory, _VIVADO),
        ]
    seen: set[Path] = set()
    for folder, patterns in places:
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                if path not in seen and path.is_file():
                    seen.add(path)
                    yield path


def _of_kind(found: dict[Path, Report], kind: type[_Kind]) -> dict[Path, _Kind]:
    return {path: report for path, report in found.items() if isinstance(report, kind)}


def _only(found: dict[Path, _Kind]) -> _Kind | None:
    """Return the one report of a kind, or ``None``.

    Raises
    ------
    VendorReportError
        There are several.
    """
    if len(found) > 1:
        one, other, *_ = found
        raise VendorReportError(f"{one} and {other} are two reports of one kind; keep one of them in a folder")
    return next(iter(found.values()), None)


def _missing(reports: VendorReports) -> Iterator[str]:
    if reports.synthesis is None:
        yield "C synthesis (csynth.xml, *_csynth.rpt); run the step synth"
    elif not reports.synthesis.modules:
        yield "C synthesis of the modules (*_csynth.rpt beside csynth.xml)"
    if reports.cosim is None:
        yield "co-simulation (*_cosim.rpt); run the step cosim"
    elif not reports.cosim.runs:
        yield "co-simulation of any language (*_cosim.rpt tells NA of all); run the step cosim"
    if reports.logic is None and not reports.exports:
        yield "logic synthesis (vivado_synth.rpt, export_syn.*, *_export.*); run the step vsynth"
