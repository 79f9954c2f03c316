"""Do reports belong together, and to the HLS project? Same design, same part, same version of the tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hw_trigger.vendor.records import (
    CosimReport,
    ExportReport,
    LogicSynthesisReport,
    Report,
    SynthesisReport,
    TimingReport,
)
from hw_trigger.vendor.source import VendorReportError

_WRAPPER = "bd_0_wrapper"
"""What the HLS tools call the design that they put around their own for the export."""

_ROUNDING_NS = 0.01
"""Reports round clock periods to hundredths of a nanosecond."""


@dataclass(frozen=True)
class Expected:
    """What the reports of an HLS project must be of: its top function, its part, and its clock period in nanoseconds."""

    design: str
    part: str
    clock_ns: float


def check_synthesis(found: Mapping[Path, SynthesisReport]) -> None:
    """Check that reports of C synthesis are of one run.

    Raises
    ------
    VendorReportError
        Version, part or project differ.
    """
    first, reference = next(iter(found.items()))
    for path, report in found.items():
        if release(report.version) != release(reference.version):
            raise _different("versions", (first, reference.version), (path, report.version))
        if not same_part(report.part, reference.part):
            raise _different("parts", (first, reference.part), (path, report.part))
    projects = [(path, report.project) for path, report in found.items() if report.project is not None]
    for path, project in projects:
        if project != projects[0][1]:
            raise _different("projects", (projects[0][0], projects[0][1] or ""), (path, project or ""))


def check_together(found: Mapping[Path, Report], synthesis: SynthesisReport | None) -> tuple[str, ...]:
    """Check that the other reports are of the design of C synthesis, or of one design where there is no C synthesis.

    Returns
    -------
    tuple of str
        Remarks: a Vivado of another version than the HLS tool is allowed.

    Raises
    ------
    VendorReportError
        Design or part differ.
    """
    design: tuple[Path, str] | None = None
    part: tuple[Path, str] | None = None
    for path, named, placed in _named(found, synthesis):
        if named is not None:
            design = design or (path, named)
            if named != design[1]:
                raise _different("designs", design, (path, named))
        if placed is not None:
            part = part or (path, placed)
            if not same_part(placed, part[1]):
                raise _different("parts", part, (path, placed))
    remarks = []
    for path, report in found.items():
        version = None if isinstance(report, SynthesisReport | CosimReport) else report.version
        if version is not None and synthesis is not None and release(version) != release(synthesis.version):
            remarks.append(
                f"{path.name} is of Vivado {version}, and the C synthesis of {synthesis.tool} {synthesis.version}"
            )
    return tuple(remarks)


def check_expected(
    found: Mapping[Path, Report], synthesis: SynthesisReport | None, expected: Expected
) -> tuple[str, ...]:
    """Check that reports are of the design that is expected.

    Returns
    -------
    tuple of str
        Remarks: another clock period is allowed.

    Raises
    ------
    VendorReportError
        Design or part differ.
    """
    for path, named, placed in _named(found, synthesis):
        if named is not None and named != expected.design:
            raise _foreign(path, "design", named, expected.design)
        if placed is not None and not same_part(placed, expected.part):
            raise _foreign(path, "part", placed, expected.part)
    clocks = [] if synthesis is None else [("C synthesis", synthesis.clock.target_ns)]
    clocks += [(path.name, report.required_ns) for path, report in found.items() if isinstance(report, ExportReport)]
    return tuple(
        f"{name} was run for a clock period of {clock:g} ns, and the project is for {expected.clock_ns:g} ns"
        for name, clock in clocks
        if clock is not None and abs(clock - expected.clock_ns) > _ROUNDING_NS
    )


def release(version: str) -> str:
    """Return the release of a version, ``"2020.2"`` of ``"2020.2.2"``."""
    return ".".join(version.split(".")[:2])


def same_part(one: str, other: str) -> bool:
    """Tell whether two names are of one part: Vivado leaves out dashes, the temperature grade, and sometimes the "xc"."""
    shorter, longer = sorted((part.lower().replace("-", "").removeprefix("xc") for part in (one, other)), key=len)
    return longer.startswith(shorter)


def _named(
    found: Mapping[Path, Report], synthesis: SynthesisReport | None
) -> Iterator[tuple[Path, str | None, str | None]]:
    """Yield the files that tell design or part, with what they tell; C synthesis, whose files are one report, comes first."""
    if synthesis is not None:
        start = next(path for path, report in found.items() if isinstance(report, SynthesisReport))
        yield start, synthesis.design.name, synthesis.part
    for path, report in found.items():
        yield path, _design(path, report), _part(report)


def _design(path: Path, report: Report) -> str | None:
    """Return the design that a report is of; some tell it in the file's name only."""
    if isinstance(report, LogicSynthesisReport | TimingReport):
        return None if report.design == _WRAPPER else report.design
    if isinstance(report, CosimReport):
        return path.stem.removesuffix("_cosim")
    if isinstance(report, ExportReport) and path.stem.endswith("_export"):
        return path.stem.removesuffix("_export")
    return None


def _part(report: Report) -> str | None:
    if isinstance(report, LogicSynthesisReport | TimingReport):
        return report.device
    return report.part if isinstance(report, ExportReport) else None


def _foreign(path: Path, what: str, found: str, expected: str) -> VendorReportError:
    return VendorReportError(
        f"{path} is of the {what} {found!r}, and the HLS project is of {expected!r}; keep the reports of this project only in it"
    )


def _different(what: str, one: tuple[Path, str], other: tuple[Path, str]) -> VendorReportError:
    return VendorReportError(
        f"{one[0]} and {other[0]} are of different {what}, {one[1]!r} and {other[1]!r}; "
        "keep the reports of one run of one design in a folder"
    )
