"""Which multiplications become DSPs: those of the matrix products, and no small ones elsewhere.

Yosys makes a DSP of nearly every product, and a chip has few of them. Here the products inside modules that are named
so are DSPs whatever their widths, and others of two operands of at most `SMALL` bits are LUTs (an 8 x 8 bit product is about 95).
This runs in the child process of :mod:`hw_trigger.rtl.synthesis.worker`, on Yosys' design.
"""

from __future__ import annotations

from typing import Any

from pyosys import libyosys as yosys

SMALL = 9
"""Operands of at most so many bits make a small multiplication."""

PRODUCT = "product"
"""A module (or a path of instances) whose name contains this is one of matrix products."""

_MARK = "\\hw_trigger_product"
_OPERANDS = ("\\A", "\\B")


def mark(design: Any, top: str) -> None:
    """Mark the multiplications in modules of matrix products, before the design is flattened.

    A module counts where its own name, that of one of its instances, or that of a module around it contains `PRODUCT`.
    """
    inside = _modules_inside(design, design.module(yosys.IdString(f"\\{top}")))
    for module in list(design.modules_.values()):
        if module.name.str() in inside:
            for cell in _multiplications(module):
                cell.set_bool_attribute(yosys.IdString(_MARK), True)


def _modules_inside(design: Any, top: Any) -> set[str]:
    """Return the names of the modules that hold matrix products."""
    inside: set[str] = set()
    seen: set[tuple[str, bool]] = set()
    waiting = [(top, PRODUCT in top.name.str())]
    while waiting:
        module, found = waiting.pop()
        if (module.name.str(), found) in seen:
            continue
        seen.add((module.name.str(), found))
        if found:
            inside.add(module.name.str())
        for cell in module.cells_.values():
            part = design.module(cell.type)
            if part is not None:
                waiting.append((part, found or PRODUCT in cell.name.str() or PRODUCT in part.name.str()))
    return inside


def choose(design: Any, constant: str) -> None:
    """Take the multiplications that shall be LUTs out of the way of the mapping to DSPs.

    Parameters
    ----------
    constant
        Type of cell that those by a constant become; the others become ``$__soft_mul``, as in Yosys' own flow.
    """
    for module in list(design.modules_.values()):
        for cell in _multiplications(module):
            fixed = _has_constant(cell)
            widest = max(cell.getPort(yosys.IdString(port)).size() for port in _OPERANDS)
            if widest <= SMALL and (fixed or not cell.has_attribute(yosys.IdString(_MARK))):
                cell.type = yosys.IdString(constant if fixed else "$__soft_mul")


def _multiplications(module: Any) -> list[Any]:
    """Return those of a module of the design; models of the library's cells have some too."""
    if module.get_blackbox_attribute():
        return []
    return [cell for cell in module.cells_.values() if cell.type.str() == "$mul"]


def _has_constant(cell: Any) -> bool:
    return any(cell.getPort(yosys.IdString(port)).is_fully_const() for port in _OPERANDS)
