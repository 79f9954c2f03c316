"""Keeps Yosys' ``xilinx_dsp`` from packing into a DSP what the DSP does not compute.

The pass (Yosys 0.70, ``xilinx_dsp.pmg`` and ``xilinx_dsp_cascade.pmg``) makes wrong netlists in five cases:

* A **pre-adder** before the register of a factor is removed though something else reads that register, be it the DSP's own
  other port (a square of a difference), and though the sum wraps around.
* A product is added in the DSP (its **post-adder**) with any extension, of zeros or of a sign, also where only the product's last
  bits are meant: the DSP extends the whole product by its sign.
* A **register** after the product or the sum that is set to another number than 0 goes into the DSP, which sets it to 0.
* **Cascades** from DSP to DSP are made where the last bits of the operand and of the other DSP's output are one.
* The **pattern detector**'s overflow takes the place of a comparison; it tells only when the limit is crossed.

So no pre-adders, cascades and pattern detectors are made, and of adders and registers only those are packed that are right.
This runs in the child process of :mod:`hw_trigger.rtl.synthesis.worker`, when multiplications have become DSP48E1 cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from pyosys import libyosys as yosys

Bit = tuple[str, int] | str
"""A bit: a wire's name and the offset, or a constant's name."""

_ZERO = "S0"
_REGISTERS = {"$dff", "$dffe", "$sdff", "$sdffe"}
_HIDDEN = "$__hidden_"
# The pass packs a pre-adder or a pattern detector only where none is in use: parameter, in use, not in use.
_TAKEN = (("\\USE_DPORT", "TRUE", "FALSE"), ("\\USE_PATTERN_DETECT", "PATDET", "NO_PATDET"))


@contextmanager
def guarded(design: Any) -> Iterator[None]:
    """Keep from ``xilinx_dsp``, which runs inside, what it must not pack. Wires must have one name: run ``opt_clean`` before.

    Parameters
    ----------
    design
        Yosys' design.
    """
    modules = [module for module in list(design.modules_.values()) if not module.get_blackbox_attribute()]
    for module in modules:
        cells = list(module.cells_.values())
        dsps = [cell for cell in cells if cell.type.str() == "\\DSP48E1"]
        if not dsps:
            continue
        for cell in [*_wrong_sums(cells, dsps), *_wrong_registers(cells)]:
            cell.type = yosys.IdString(_HIDDEN + cell.type.str().removeprefix("$"))
        # A cascade begins at a PCIN that nothing drives.
        driven = yosys.SigSpec(module.addWire(yosys.IdString("\\hw_trigger_no_cascade"), 48))
        _set(dsps, driven, in_use=True)
    yield
    for module in modules:
        cells = list(module.cells_.values())
        for cell in cells:
            if cell.type.str().startswith(_HIDDEN):
                cell.type = yosys.IdString("$" + cell.type.str().removeprefix(_HIDDEN))
        _set([cell for cell in cells if cell.type.str() == "\\DSP48E1"], yosys.SigSpec(0, 48), in_use=False)


def _set(dsps: list[Any], cascade: Any, *, in_use: bool) -> None:
    for dsp in dsps:
        dsp.setPort(yosys.IdString("\\PCIN"), cascade)
        for name, used, unused in _TAKEN:
            dsp.setParam(yosys.IdString(name), yosys.Const(used if in_use else unused))


def _wrong_registers(cells: list[Any]) -> Iterator[Any]:
    """Return the registers that a reset sets to another number than 0."""
    for cell in cells:
        if cell.type.str() in {"$sdff", "$sdffe"} and not cell.getParam(yosys.IdString("\\SRST_VALUE")).is_fully_zero():
            yield cell


def _wrong_sums(cells: list[Any], dsps: list[Any]) -> Iterator[Any]:
    """Return the adders that a DSP's own would not equal."""
    # The bit of a product that a wire is, directly or behind one register.
    products: dict[Bit, tuple[int, int]] = {}
    for number, dsp in enumerate(dsps):
        products |= {bit: (number, index) for index, bit in enumerate(_bits(dsp, "P"))}
    behind: dict[Bit, tuple[int, int]] = {}
    for cell in cells:
        if cell.type.str() in _REGISTERS:
            pairs = zip(_bits(cell, "D"), _bits(cell, "Q"), strict=True)
            behind |= {after: products[before] for before, after in pairs if before in products}
    products |= behind
    ranges = [_product(dsp) for dsp in dsps]
    for cell in cells:
        if cell.type.str() == "$add" and not all(_packs_right(cell, port, products, ranges) for port in "AB"):
            yield cell


def _packs_right(adder: Any, port: str, products: dict[Bit, tuple[int, int]], ranges: list[tuple[int, int]]) -> bool:
    """Tell whether an adder's operand is no product, or equals the product in all bits that the sum has."""
    bits, width = _bits(adder, port), adder.getPort(yosys.IdString("\\Y")).size()
    number, index = products.get(bits[0], (0, -1))
    if index != 0:
        return True
    signs = [adder.getParam(yosys.IdString(f"\\{one}_SIGNED")).as_bool() for one in "AB"]
    if signs[0] != signs[1]:
        return False
    bits = (bits + [bits[-1] if signs[0] else _ZERO] * width)[:width]
    known = sum(1 for _ in takewhile(lambda k: products.get(bits[k]) == (number, k), range(width)))
    added, (low, high) = bits[known:], ranges[number]
    if all(bit == bits[known - 1] for bit in added):  # none, or the sign
        return not added or -(1 << (known - 1)) <= low <= high < 1 << (known - 1)
    return all(bit == _ZERO for bit in added) and 0 <= low <= high < 1 << known


def _product(dsp: Any) -> tuple[int, int]:
    """Return the least and the greatest value of a DSP's product, which is signed."""
    one, other = _significant(_bits(dsp, "A")), _significant(_bits(dsp, "B"))
    ends = [a * b for a in _range(one) for b in _range(other)]
    return (0, max(ends)) if one == other else (min(ends), max(ends))


def _significant(bits: list[Bit]) -> list[Bit]:
    """Return a number's bits with its sign once."""
    while len(bits) > 1 and bits[-1] == bits[-2]:
        bits = bits[:-1]
    return bits


def _range(bits: list[Bit]) -> tuple[int, int]:
    """Return the least and the greatest value of a signed number, whose sign may be known to be 0."""
    return (0 if bits[-1] == _ZERO else -(1 << (len(bits) - 1))), (1 << (len(bits) - 1)) - 1


def _bits(cell: Any, port: str) -> list[Bit]:
    signal = cell.getPort(yosys.IdString(f"\\{port}"))
    bits = (signal.at(index, yosys.SigBit()) for index in range(signal.size()))
    return [bit.data.name if bit.wire is None else (bit.wire.name.str(), bit.offset) for bit in bits]
