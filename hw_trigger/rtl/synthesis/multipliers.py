"""Which multiplications become DSPs: those of the matrix products, and no small ones elsewhere.

Yosys makes a DSP of nearly every product, and a chip has few of them. Here the products inside modules that are named
so are DSPs whatever their widths, and others of two operands of at most `SMALL` bits are LUTs (an 8 x 8 bit product is about 70).
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


def choose(design: Any) -> None:
    """Take the multiplications that shall be LUTs out of the way of the mapping to DSPs."""
    soft = yosys.IdString("$__soft_mul")
    for module in list(design.modules_.values()):
        for cell in _multiplications(module):
            if not _is_dsp(cell):
                cell.type = soft


def _multiplications(module: Any) -> list[Any]:
    return [cell for cell in module.cells_.values() if cell.type.str() == "$mul"]


def _is_dsp(cell: Any) -> bool:
    operands = [cell.getPort(yosys.IdString(port)) for port in ("\\A", "\\B")]
    constant = any(operand.is_fully_const() for operand in operands)
    if cell.has_attribute(yosys.IdString(_MARK)) and not constant:
        return True
    return bool(max(operand.size() for operand in operands) > SMALL)
