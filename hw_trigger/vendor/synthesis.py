"""One report of C synthesis from the files that tell parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path

from hw_trigger.vendor.matching import check_synthesis
from hw_trigger.vendor.records import ModuleReport, Resources, SynthesisReport
from hw_trigger.vendor.source import VendorReportError

_Told = dict[str, list[tuple[str, ModuleReport]]]


def merge_synthesis(found: Mapping[Path, SynthesisReport]) -> tuple[SynthesisReport | None, tuple[str, ...]]:
    """Return what ``csynth.xml``, ``csynth.rpt`` and ``*_csynth.rpt`` say together, and remarks where they differ.

    Figures come from ``csynth.xml``, else from the module's own report, else from the summary ``csynth.rpt``; kinds and
    instances from the module's own report. The tools' own files were seen to differ by some LUTs.

    Raises
    ------
    VendorReportError
        The files are of different versions, parts, projects or designs, or none tells which module is the design.
    """
    if not found:
        return None, ()
    check_synthesis(found)
    ranked = sorted(found.items(), key=lambda item: _rank(item[0]))
    name = _design(ranked)
    told: _Told = {}
    for path, report in ranked:
        for module in (report.design, *report.modules):
            told.setdefault(module.name, []).append((path.name, module))
    if name not in told:
        raise VendorReportError(f"{ranked[0][0]}: there is no report of the design {name!r}")
    modules = {key: _merge([module for _, module in reports]) for key, reports in told.items()}
    inside = _inside(modules, name)
    whole = next((report for _, report in ranked if report.design.name == name), ranked[0][1])
    clocks = [report.clock for _, report in ranked if report.design.name == name and report.clock.target_ns is not None]
    available = [report.available for _, report in ranked if report.available.lut is not None]
    merged = replace(
        whole,
        design=modules[name],
        modules=tuple(modules[key] for key in inside if key != name),
        clock=clocks[0] if clocks else whole.clock,
        available=available[0] if available else whole.available,
        project=next((report.project for _, report in ranked if report.project is not None), None),
    )
    return merged, (*_disagreements(told, inside), *_stale(modules, inside), *_strangers(told, inside, name))


def _rank(path: Path) -> int:
    """Return 0 for ``csynth.xml``, 1 for a module's own report, 2 for the summary: in this order they are believed."""
    return 0 if path.suffix == ".xml" else 2 if path.name == "csynth.rpt" else 1


def _design(ranked: list[tuple[Path, SynthesisReport]]) -> str:
    """Return the name of the top function: told by ``csynth.xml`` and the summary, else it is what nothing else uses."""
    whole = [(path, report.design.name) for path, report in ranked if _rank(path) != 1]
    for path, name in whole[1:]:
        if name != whole[0][1]:
            raise VendorReportError(
                f"{whole[0][0]} and {path} are of different designs, {whole[0][1]!r} and {name!r}; "
                "keep the reports of one run of one design in a folder"
            )
    if whole:
        return whole[0][1]
    names = [report.design.name for _, report in ranked]
    used = {instance.module for _, report in ranked for instance in report.design.instances}
    tops = [name for name in names if name not in used]
    if len(tops) != 1:
        raise VendorReportError(
            f"{ranked[0][0].parent}: without csynth.xml the design is the one module that no other uses, and here are "
            f"{len(tops)}: {', '.join(tops) or 'none'}; add csynth.xml"
        )
    return tops[0]


def _merge(told: list[ModuleReport]) -> ModuleReport:
    detailed = next((module for module in told if module.by_kind), None)
    if detailed is None:
        instances = next((module.instances for module in told if module.instances), ())
        return replace(told[0], instances=instances)
    return replace(detailed, performance=told[0].performance, resources=told[0].resources)


def _inside(modules: Mapping[str, ModuleReport], name: str) -> list[str]:
    """Return the modules with a report that the design uses, itself first, in the order in which they are used.

    Where nothing tells who uses what, all are taken for the design's.
    """
    if not any(module.instances for module in modules.values()):
        return [name, *(key for key in modules if key != name)]
    found = [name]
    for key in found:
        used = (instance.module for instance in modules[key].instances)
        found += [module for module in dict.fromkeys(used) if module in modules and module not in found]
    return found


def _disagreements(told: _Told, inside: Iterable[str]) -> Iterable[str]:
    for key in inside:
        (followed, first), *others = told[key]
        for name, other in others:
            for what, ours, theirs in _figures(first, other):
                yield f"{key}: {what} is {ours} in {followed} and {theirs} in {name}; the former is followed"


def _figures(one: ModuleReport, other: ModuleReport) -> Iterable[tuple[str, int, int]]:
    """Yield the figures that both tell, and differently."""
    yield from _different(one.resources, other.resources)
    pairs = ("latency", one.performance.latency.maximum, other.performance.latency.maximum)
    if pairs[1] is not None and pairs[2] is not None and pairs[1] != pairs[2]:
        yield pairs[0], pairs[1], pairs[2]


def _different(one: Resources, other: Resources) -> Iterable[tuple[str, int, int]]:
    for field in fields(Resources):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if ours is not None and theirs is not None and ours != theirs:
            yield field.name.upper(), ours, theirs


def _stale(modules: Mapping[str, ModuleReport], inside: Iterable[str]) -> Iterable[str]:
    """Yield where a module's report says other than the one around it: perhaps one of them is of another run."""
    for key in inside:
        for instance in modules[key].instances:
            module = modules.get(instance.module)
            if module is None or instance.resources is None:
                continue
            for what, ours, theirs in _different(instance.resources, module.resources):
                yield (
                    f"{instance.module}: {what} is {theirs} in its own report and {ours} in that of {key}; "
                    "perhaps they are of different runs"
                )


def _strangers(told: _Told, inside: Iterable[str], name: str) -> Iterable[str]:
    known = set(inside)
    for key, reports in told.items():
        if key not in known:
            yield f"{reports[0][0]}: no report says that {name} uses the module {key}; it is left out"
