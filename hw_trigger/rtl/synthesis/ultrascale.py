"""Delays of UltraScale+ slices in place of their 7-series ancestors'.

Yosys has no delays of UltraScale+. Those here are the greatest that ``report_timing`` of Vivado 2021.2 shows for each arc at the
slow corner of the slowest speed grade (xczu3eg, -1), read from timing reports of routed designs that public repositories keep.
Arcs that no report showed, and DSPs, block RAMs and LUTRAMs, keep the delays of the 7-series, which are longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LUT_PINS = (202, 179, 148, 118, 63, 40)
"""Picoseconds from a LUT's pins to its output, slowest first; a LUT with fewer inputs has the fastest, as Yosys counts too."""

CLOCK_TO_Q = 97
RESET_SETUP = 72

CARRY = {("S", "O"): 250, ("S", "CO"): 238, ("DI", "O"): 177, ("DI", "CO"): 174, ("CI", "O"): 146, ("CI", "CO"): 30}
"""Picoseconds through a CARRY4, by ports: those of a whole CARRY8, of which it is half."""

F7_INPUTS = 82
"""Picoseconds from an F7 multiplexer's data inputs to its output."""


def with_own_delays(kinds: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return kinds of cells as :mod:`hw_trigger.rtl.synthesis.delays` describes them, with the delays of UltraScale+."""
    return [{**kind, **_own(kind)} for kind in kinds]


def _own(kind: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from the 7-series."""
    name, arcs = kind["type"], kind["arcs"]
    if name.startswith("LUT") or name == "INV":
        pins = LUT_PINS[len(LUT_PINS) - len(arcs) :]
        return {"arcs": [[a, b, ps] for (a, b, _), ps in zip(arcs, pins, strict=True)]}
    if name in {"FDRE", "FDSE"}:
        setups = {pin: RESET_SETUP if _port(pin) in {"R", "S"} else ps for pin, ps in kind["setups"].items()}
        return {"setups": setups, "arrivals": dict.fromkeys(kind["arrivals"], CLOCK_TO_Q)}
    if name == "CARRY4":
        return {"arcs": [[a, b, CARRY.get((_port(a), _port(b)), ps)] for a, b, ps in arcs]}
    if name == "MUXF7":
        return {"arcs": [[a, b, F7_INPUTS if _port(a) in {"I0", "I1"} else ps] for a, b, ps in arcs]}
    return {}


def _port(pin: str) -> str:
    return pin.partition("[")[0]
