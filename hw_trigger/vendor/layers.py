"""Which module of a vendor report is which layer of a network.

Seen: every layer of a generated project has a configuration struct with the layer's number, ``config3``, and the names of the
modules made for it hold that: ``dense_resource_ap_fixed_..._config2_1_s`` and ``sigmoid_..._sigmoid_config2_recr_s`` are of
the layer of ``config2``, ``relu_..._relu_config4_s`` is of that of ``config4``. A name that HLS shortens keeps it.
**Inferred**: a module with no such name that only modules of one layer use is that layer's; and that Vitis HLS names modules
of this project's own kernels after their last template argument, the configuration, as it does with hls4ml's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from hw_trigger.vendor.records import Instance, ModuleReport, Resources, RtlModule, SynthesisReport

_CONFIG = re.compile(r"(?<![A-Za-z0-9])config(\d+)(?![A-Za-z0-9])")
_CALL = re.compile(r"\s+\w+::\w+<.*[<, ](?P<config>\w*config\d+\w*)>\(.*\);(?:\s*//\s*(?P<layer>\w+))?\s*")
_COMMENT = re.compile(r"\s+//\s*(?P<layer>\w+)\s*")


@dataclass(frozen=True)
class Assignment:
    """Which modules are of which layer.

    Attributes
    ----------
    layers
        Names of the modules of each layer; empty for a layer that has none (it was inlined).
    inferred
        Those of them that only their place in the design tells.
    other
        Modules of no layer, or of several.
    """

    layers: Mapping[str, tuple[str, ...]]
    inferred: tuple[str, ...]
    other: tuple[str, ...]

    def layer(self, module: str) -> str | None:
        """Return the layer of a module, or ``None``."""
        return next((layer for layer, modules in self.layers.items() if module in modules), None)


def layer_configurations(source: str) -> dict[str, str]:
    """Return the configuration of each layer, ``{"encoder": "config3"}``, from the text of ``firmware/<project>.cpp``.

    hls4ml writes a layer's name behind its call, or before the calls of a layer that has several.
    """
    found: dict[str, str] = {}
    named: str | None = None
    for line in source.splitlines():
        comment, call = _COMMENT.fullmatch(line), _CALL.fullmatch(line)
        if comment is not None:
            named = comment["layer"]
        elif call is not None:
            layer = call["layer"] or named
            if layer is not None:
                found.setdefault(layer, call["config"])
        elif not line.strip():
            named = None
    return found


def assign_modules(report: SynthesisReport, configurations: Mapping[str, str]) -> Assignment:
    """Return which modules of a C synthesis are of which layer.

    Parameters
    ----------
    configurations
        Name of each layer's configuration struct by the layer's name, in the layers' order, for example
        ``{"gru": "config2", "relu": "relu_config4"}``. What counts is its number.
    """
    layers = {_number(configuration): layer for layer, configuration in configurations.items()}
    found: dict[str, str | None] = {module.name: layers.get(_number(module.name)) for module in report.modules}
    inferred: list[str] = []
    nameless = [module.name for module in report.modules if _number(module.name) is None]
    while True:  # until no module follows from those around it any more
        around = {name: {found.get(parent) for parent in report.parents(name)} for name in nameless}
        known = {name: of.pop() for name, of in around.items() if len(of) == 1 and found[name] is None}
        known = {name: layer for name, layer in known.items() if layer is not None}
        if not known:
            break
        found |= known
        inferred += known
    return Assignment(
        {layer: tuple(name for name, of in found.items() if of == layer) for layer in configurations},
        tuple(inferred),
        tuple(name for name, of in found.items() if of is None),
    )


def layer_modules(report: SynthesisReport, assignment: Assignment) -> dict[str, list[ModuleReport]]:
    """Return the outermost modules of each layer, one for each use: what they hold is counted in them.

    Resources are those of the use where the module around it tells them.
    """
    found: dict[str, list[ModuleReport]] = {layer: [] for layer in assignment.layers}

    def visit(module: ModuleReport) -> None:
        for instance in module.instances:
            used = report.module(instance.module)
            layer = assignment.layer(instance.module)
            if used is not None and layer is not None:
                found[layer].append(_use(used, instance))
            elif used is not None:
                visit(used)

    visit(report.design)
    return found


def _use(module: ModuleReport, instance: Instance) -> ModuleReport:
    return module if instance.resources is None else replace(module, resources=instance.resources)


def layer_cells(cells: tuple[RtlModule, ...], configurations: Mapping[str, str]) -> dict[str, list[RtlModule]]:
    """Return the outermost cells of each layer in a netlist after logic synthesis."""
    layers = {_number(configuration): layer for layer, configuration in configurations.items()}
    found: dict[str, list[RtlModule]] = {layer: [] for layer in configurations}
    taken: list[str] = []
    for cell in sorted(cells, key=lambda cell: cell.cell.count("/")):
        layer = layers.get(_number(cell.module))
        if layer is not None and not any(cell.cell.startswith(f"{above}/") for above in taken):
            found[layer].append(cell)
            taken.append(cell.cell)
    return found


def total(resources: list[Resources]) -> Resources:
    """Return the sum; of what one of them does not tell, there is none."""
    sums: dict[str, int | None] = {}
    for field in fields(Resources):
        told = [getattr(each, field.name) for each in resources]
        sums[field.name] = None if not told or None in told else sum(told)
    return Resources(**sums)


def _number(name: str) -> int | None:
    """Return the number of the layer in the name of a module or a configuration; ``None`` for none, or for several."""
    numbers = set(_CONFIG.findall(name))
    return int(numbers.pop()) if len(numbers) == 1 else None
