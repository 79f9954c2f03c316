"""One report a stage from the files that an export leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hw_trigger.vendor.records import ExportReport, Resources
from hw_trigger.vendor.source import VendorReportError


def merge_exports(found: Mapping[Path, ExportReport]) -> tuple[ExportReport, ...]:
    """Return one report of each stage: the ``.xml`` and ``.rpt`` of one name tell of one run, each some things more.

    Raises
    ------
    VendorReportError
        The two tell different resources.
    """
    pairs: dict[Path, list[tuple[Path, ExportReport]]] = {}
    for path, report in found.items():
        pairs.setdefault(path.with_suffix(""), []).append((path, report))
    stages: dict[str | None, ExportReport] = {}
    for reports in pairs.values():
        merged = _merge(reports)
        stages.setdefault(merged.stage, merged)  # those of most detail come first
    return tuple(stages.values())


def _merge(reports: list[tuple[Path, ExportReport]]) -> ExportReport:
    path, merged = reports[0]
    for other_path, other in reports[1:]:
        if merged.resources != other.resources:
            raise VendorReportError(
                f"{path} and {other_path} tell different resources of one export, {_show(merged.resources)} and "
                f"{_show(other.resources)}; write both again"
            )
        told, more = (merged, other) if merged.part is not None else (other, merged)
        merged = replace(told, available=more.available, modules=more.modules)
    return merged


def _show(resources: Resources) -> str:
    return f"LUT {resources.lut}, FF {resources.ff}, DSP {resources.dsp}, BRAM18 {resources.bram18}"
