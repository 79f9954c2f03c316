"""Estimates beside the vendor's figures.

Figures are a mapping of names (``"design"``, layers, ``"other"``) to quantities, for example ``{"design": {"dsp": 179}}``: the
estimator hands over its own in this form, and so need not be known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from hw_trigger.vendor.find import VendorReports
from hw_trigger.vendor.layers import assign_modules, layer_cells, layer_modules, total
from hw_trigger.vendor.records import ExportReport, Performance, Resources, Stage, SynthesisReport

Figures = Mapping[str, Mapping[str, float]]

QUANTITIES = {
    "dsp": "DSP",
    "bram18": "BRAM18",
    "uram": "URAM",
    "lut": "LUT",
    "ff": "FF",
    "latency_cycles": "latency (cycles)",
    "interval_cycles": "II (cycles)",
}
"""What is compared, and how it is called in tables. Latency and interval are the greatest of a report."""

DESIGN, OTHER = "design", "other"
"""Name of the whole design, and of what is left of it without its layers: FIFOs, control, glue."""

C_SYNTHESIS, LOGIC_SYNTHESIS, IMPLEMENTATION, CO_SIMULATION = (
    "C synthesis",
    "logic synthesis",
    "implementation",
    "co-simulation",
)

_STAGES: dict[str, Stage] = {LOGIC_SYNTHESIS: "post-synthesis", IMPLEMENTATION: "post-implementation"}


@dataclass(frozen=True)
class Row:
    """One quantity of one module.

    Attributes
    ----------
    module
        ``"design"``, a layer, or ``"other"``.
    quantity
        A key of :data:`QUANTITIES`.
    estimated
        ``None`` where nothing was estimated.
    deviation_percent
        Of the estimate from the vendor's figure; ``None`` where there is no estimate, or the vendor's figure is 0 and the
        estimate is not.
    origin
        Of the vendor's figure.
    """

    module: str
    quantity: str
    estimated: float | None
    vendor: float
    deviation_percent: float | None
    origin: str


def vendor_figures(reports: VendorReports, configurations: Mapping[str, str] | None = None) -> dict[str, Figures]:
    """Return the vendor's figures by their origin: "C synthesis", "logic synthesis", "implementation", "co-simulation".

    Parameters
    ----------
    configurations
        Name of each layer's configuration struct (:func:`hw_trigger.vendor.layers.layer_configurations`), for the figures of
        layers. A layer's resources are the sum over its outermost modules; it has a latency and an interval where there is one
        such module, as several may run at the same time.
    """
    configurations = configurations or {}
    found: dict[str, Figures] = {}
    if reports.synthesis is not None:
        found[C_SYNTHESIS] = _c_synthesis(reports.synthesis, configurations)
    for origin, stage in _STAGES.items():
        export = reports.export(stage)
        if export is not None:
            found[origin] = _export(export, configurations)
    # The export's own synthesis comes first where it tells of layers.
    if reports.logic is not None and len(found.get(LOGIC_SYNTHESIS, ())) <= 1:
        found[LOGIC_SYNTHESIS] = {DESIGN: _resources(reports.logic.resources)}
    runs = [] if reports.cosim is None else [run for run in reports.cosim.runs if run.status == "Pass"]
    if runs:
        found[CO_SIMULATION] = {DESIGN: _cycles(runs[0].performance)}
    return found


def compare(estimated: Figures, vendor: Figures, origin: str) -> tuple[Row, ...]:
    """Return a row for every figure that the vendor tells.

    Raises
    ------
    ValueError
        An estimate is of a quantity that is not known.
    """
    for name, figures in estimated.items():
        unknown = [quantity for quantity in figures if quantity not in QUANTITIES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} of {name!r} is none of the quantities {', '.join(QUANTITIES)}")
    return tuple(
        _row(name, quantity, estimated.get(name, {}).get(quantity), figures[quantity], origin)
        for name, figures in vendor.items()
        for quantity in QUANTITIES
        if quantity in figures
    )


def _c_synthesis(synthesis: SynthesisReport, configurations: Mapping[str, str]) -> Figures:
    design = synthesis.design
    figures: dict[str, dict[str, float]] = {DESIGN: _resources(design.resources) | _cycles(design.performance)}
    sums: list[Resources] = []
    for layer, modules in layer_modules(synthesis, assign_modules(synthesis, configurations)).items():
        if modules:
            sums.append(total([module.resources for module in modules]))
            figures[layer] = _resources(sums[-1]) | (_cycles(modules[0].performance) if len(modules) == 1 else {})
    return figures | _rest(design.resources, sums)


def _export(export: ExportReport, configurations: Mapping[str, str]) -> Figures:
    cells = layer_cells(export.modules, configurations)
    sums = {layer: total([cell.resources for cell in of]) for layer, of in cells.items() if of}
    layers = {layer: _resources(resources) for layer, resources in sums.items()}
    return {DESIGN: _resources(export.resources)} | layers | _rest(export.resources, sums.values())


def _rest(design: Resources, layers: Iterable[Resources]) -> dict[str, dict[str, float]]:
    """Return what is left of the design without its layers, where it has any."""
    sums = total(list(layers))
    left = {
        field.name: getattr(design, field.name) - getattr(sums, field.name)
        for field in fields(Resources)
        if getattr(design, field.name) is not None and getattr(sums, field.name) is not None
    }
    return {OTHER: left} if left else {}


def _resources(resources: Resources) -> dict[str, float]:
    return {name: figure for name, figure in asdict(resources).items() if figure is not None}


def _cycles(performance: Performance) -> dict[str, float]:
    cycles = {"latency_cycles": performance.latency.maximum, "interval_cycles": performance.interval.maximum}
    return {name: figure for name, figure in cycles.items() if figure is not None}


def _row(module: str, quantity: str, estimated: float | None, vendor: float, origin: str) -> Row:
    deviation = None
    if estimated is not None and (vendor or not estimated):
        deviation = 100 * (estimated - vendor) / vendor if vendor else 0.0
    return Row(module, quantity, estimated, vendor, deviation, origin)
