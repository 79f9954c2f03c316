"""Vendor reports beside the estimate: the same modules, the same quantities, each vendor's counting beside its own estimate."""

from __future__ import annotations

from collections.abc import Mapping

from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.result import Estimate, LayerEstimate
from hw_trigger.report.data import VendorFigures
from hw_trigger.vendor.compare import C_SYNTHESIS, DESIGN, OTHER, Figures, compare, vendor_figures
from hw_trigger.vendor.find import VendorReports


def side_by_side(found: Estimate, reports: VendorReports, configurations: Mapping[str, str]) -> VendorFigures:
    """Return the vendor's figures with the estimate's beside them.

    Parameters
    ----------
    configurations
        Name of each layer's configuration struct in the firmware, by the layer's name in the program; see
        :func:`hw_trigger.vendor.layers.layer_configurations`.
    """
    rows = tuple(
        row
        for origin, figures in vendor_figures(reports, configurations).items()
        for row in compare(estimated_figures(found, _counting(origin)), figures, origin)
    )
    return VendorFigures(rows, reports.files, reports.missing, reports.remarks)


def estimated_figures(found: Estimate, counting: str) -> Figures:
    """Return an estimate as :func:`hw_trigger.vendor.compare.compare` wants it, in one of the two countings.

    What is no layer of the program, the FIFO of x, is compared with what the vendor's design has beside its layers.
    """
    design = {name: float(getattr(getattr(found, counting), name)) for name in RESOURCES}
    cycles = {"latency_cycles": float(found.latency_cycles), "interval_cycles": float(found.interval_cycles)}
    figures = {DESIGN: design | cycles}
    for layer in found.layers:
        if layer.timed:
            figures[layer.name] = _figures(layer, counting)
        else:
            rest = figures.setdefault(OTHER, dict.fromkeys(RESOURCES, 0.0))
            figures[OTHER] = {name: rest[name] + value for name, value in _resources(layer, counting).items()}
    return figures


def _figures(layer: LayerEstimate, counting: str) -> dict[str, float]:
    """Return a layer's figures; a process that works on one window after the other takes as long as its interval is."""
    cycles = float(layer.interval_cycles)
    return _resources(layer, counting) | {"latency_cycles": cycles, "interval_cycles": cycles}


def _resources(layer: LayerEstimate, counting: str) -> dict[str, float]:
    return {name: float(getattr(getattr(layer, counting), name)) for name in RESOURCES}


def _counting(origin: str) -> str:
    """Return which counting is to be compared; cycles, all that co-simulation tells, are the same in both."""
    return "c_synthesis" if origin == C_SYNTHESIS else "logic"
