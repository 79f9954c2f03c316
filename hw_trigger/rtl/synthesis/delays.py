"""Delays of the cells of a mapped design: what Yosys ships for the 7-series, read from its ``specify`` blocks.

They are prjxray's figures of the Artix-7, in picoseconds, the slower edge. Yosys has none for UltraScale+; its cells get those
of their 7-series ancestors (`ANCESTORS`). This runs in the child process of :mod:`hw_trigger.rtl.synthesis.worker`, and
:mod:`hw_trigger.rtl.synthesis.timing` reads what it writes::

    {"cells": {cell's name: index of its kind, ...}, "kinds": [kind, ...]}

A kind is a type of cell, with the parameters that matter. A pin is a port and the bit's number, ``"S[2]"``::

    {"type": ...,
     "arcs": [[input pin, output pin, ps], ...],   through the cell, without a clock
     "setups": {input pin: ps, ...},               before the clock's edge; 0 for an input of a clocked cell without a figure
     "arrivals": {output pin: ps, ...}}            after the clock's edge
"""

from __future__ import annotations

from typing import Any

from pyosys import libyosys as yosys

# A chip's cell without delays: the 7-series cell whose delays stand for it, and its ports' names there where they differ.
# The eight LUTs A to H of a RAM32M16 are two times the four of a RAM32M; the last of them is the one that is written.
_RAM = {"DOUTADOUT": "DOADO", "DOUTBDOUT": "DOBDO", "DOUTPADOUTP": "DOPADOP", "DOUTPBDOUTP": "DOPBDOP"}
_RAM |= {"DINADIN": "DIADI", "DINBDIN": "DIBDI", "DINPADINP": "DIPADIP", "DINPBDINP": "DIPBDIP"}
_TWICE = {kind + new: kind + old for kind in ("ADDR", "DI", "DO") for new, old in zip("EFGH", "ABCD", strict=True)}
_SINGLE = {"O": "SPO"}
ANCESTORS: dict[str, tuple[str, dict[str, str]]] = {
    "DSP48E2": ("DSP48E1", {}),
    "RAMB18E2": ("RAMB18E1", _RAM),
    "RAMB36E2": ("RAMB36E1", _RAM),
    "RAM32M16": ("RAM32M", _TWICE),
    "RAM64M8": ("RAM64M", _TWICE),
    "RAM32X1S": ("RAM32X1D", _SINGLE),
    "RAM64X1S": ("RAM64X1D", _SINGLE),
    "RAM256X1D": ("RAM128X1D", {}),
}
"""Cells that have no delays, and those whose delays stand for theirs."""

_BLOCK_RAM_REGISTERS = {"DOA_REG": ("DOADO", "DOPADOP"), "DOB_REG": ("DOBDO", "DOPBDOP")}

_UNTIMED = {"VCC", "GND", "BUFG"}


def of_design(design: Any, top: str) -> dict[str, Any]:
    """Return the delays of the cells of a flattened design, as the module's text says.

    Raises
    ------
    RuntimeError
        A cell has neither delays nor an ancestor.
    """
    library = yosys.Design()  # flattening has removed what the cells were derived from
    yosys.run_pass("read_verilog -lib -specify +/xilinx/cells_sim.v", library)
    yosys.run_pass("read_verilog -lib +/xilinx/cells_xtra.v", library)
    kinds: list[dict[str, Any]] = []
    known: dict[tuple[Any, ...], int] = {}
    cells: dict[str, int] = {}
    for cell in design.module(yosys.IdString(f"\\{top}")).cells_.values():
        name = cell.type.str().removeprefix("\\")
        parameters = {key.str(): value for key, value in cell.parameters.items() if _matters(name, key.str())}
        key = (name, *sorted((one, value.as_string()) for one, value in parameters.items()))
        if key not in known:
            known[key] = len(kinds)
            kinds.append(_kind(library, cell, name, parameters))
        cells[_name(cell)] = known[key]
    return {"cells": cells, "kinds": kinds}


def _matters(name: str, parameter: str) -> bool:
    """Tell whether a parameter changes delays: registers and modes of DSPs and block RAMs do, and contents do not."""
    return name.startswith(("DSP", "RAMB")) and (
        parameter.endswith("REG") or parameter.startswith(("\\USE_", "\\AMULTSEL"))
    )


def _kind(library: Any, cell: Any, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the delays of a kind of cell, its pins named as its own type names them."""
    ancestor, renamed = ANCESTORS.get(name, (name, {}))
    raw = _Specified(_derived(library, ancestor, parameters))
    if not raw.arcs and not raw.arrivals and name not in _UNTIMED:
        raise RuntimeError(f"no delays are known for the cell {name} ({cell.name.str()})")
    if ancestor.startswith("RAMB"):
        _choose_block_ram(raw, parameters)
    module = library.module(cell.type)
    ports = [module.wire(port) for port in module.ports]
    # The last bit stands for those that the ancestor lacks.
    widths = {_name(wire): wire.width for wire in library.module(_id(ancestor)).wires_.values()}
    inputs: list[tuple[str, str]] = []
    outputs: list[tuple[str, str]] = []
    for wire in ports:
        port = _name(wire)
        old = renamed.get(port, port)
        pins = [(f"{port}[{bit}]", f"{old}[{min(bit, widths.get(old, 1) - 1)}]") for bit in range(wire.width)]
        (outputs if wire.port_output else inputs).extend(pins)
    return {
        "type": name,
        "arcs": [[i, o, raw.arcs[a, b]] for i, a in inputs for o, b in outputs if (a, b) in raw.arcs],
        "setups": {i: raw.setups.get(a, 0) for i, a in inputs if raw.clocks and a not in raw.clocks | raw.through},
        "arrivals": {o: max(raw.arrivals[b]) for o, b in outputs if b in raw.arrivals},
    }


def _derived(library: Any, ancestor: str, parameters: dict[str, Any]) -> Any:
    """Return the module of a cell of Yosys' library with these parameters, its constants evaluated."""
    module = library.module(_id(ancestor))
    own = {name.str() for name in module.avail_parameters}
    chosen = yosys.IdstringToConstDict()
    for name, value in parameters.items():
        if name in own:
            chosen[yosys.IdString(name)] = value
        elif name == "\\AMULTSEL":  # what the DSP48E2 calls AMULTSEL is the DSP48E1's USE_DPORT
            chosen[yosys.IdString("\\USE_DPORT")] = yosys.Const("TRUE" if value.decode_string() == "AD" else "FALSE")
    if len(chosen) == 0:
        return module
    return library.module(module.derive(library, chosen))


class _Specified:
    """What the ``specify`` blocks of a module say; Yosys keeps them as cells."""

    def __init__(self, module: Any) -> None:
        self.arcs: dict[tuple[str, str], int] = {}
        self.setups: dict[str, int] = {}
        self.arrivals: dict[str, list[int]] = {}
        self.clocks: set[str] = set()
        for cell in module.cells_.values():
            kind = cell.type.str()
            if kind == "$specify2":
                self._arcs(cell)
            elif kind == "$specify3":
                for pin in _pins(cell, "DST"):
                    self.arrivals.setdefault(pin, []).append(_worst(cell, "T"))
                self.clocks |= set(_pins(cell, "SRC"))
            elif kind == "$specrule" and _text(cell, "TYPE") in {"$setup", "$setuphold"}:
                for pin in _pins(cell, "SRC"):
                    self.setups[pin] = max(self.setups.get(pin, 0), _integer(cell, "T_LIMIT_MAX"))
                self.clocks |= set(_pins(cell, "DST"))
        self.through = {source for source, _ in self.arcs} - set(self.setups)

    def _arcs(self, cell: Any) -> None:
        sources, sinks = _pins(cell, "SRC"), _pins(cell, "DST")
        full = _integer(cell, "FULL") or len(sources) != len(sinks)
        pairs = [(a, b) for a in sources for b in sinks] if full else list(zip(sources, sinks, strict=True))
        for pair in pairs:
            self.arcs[pair] = max(self.arcs.get(pair, 0), _worst(cell, "T"))


def _choose_block_ram(raw: _Specified, parameters: dict[str, Any]) -> None:
    """Keep the delay with or without the output register.

    The specify block has both, under conditions (``&DOA_REG`` and ``|DOA_REG`` of a 32-bit parameter) that are wrong for 0.
    """
    for register, ports in _BLOCK_RAM_REGISTERS.items():
        registered = f"\\{register}" in parameters and parameters[f"\\{register}"].as_bool()
        for pin in raw.arrivals:
            if pin.partition("[")[0] in ports:
                raw.arrivals[pin] = [(min if registered else max)(raw.arrivals[pin])]


def _pins(cell: Any, port: str) -> list[str]:
    signal = cell.getPort(_id(port))
    bits = [signal.at(i, yosys.SigBit()) for i in range(signal.size())]
    return [_name(bit.wire) + f"[{bit.offset}]" for bit in bits]


def _name(named: Any) -> str:
    """Return a name without the backslash that Yosys puts before public ones."""
    return str(named.name.str().removeprefix("\\"))


def _worst(cell: Any, prefix: str) -> int:
    return max(_integer(cell, f"{prefix}_RISE_MAX"), _integer(cell, f"{prefix}_FALL_MAX"))


def _integer(cell: Any, parameter: str) -> int:
    return int(cell.getParam(_id(parameter)).as_int())


def _text(cell: Any, parameter: str) -> str:
    return str(cell.getParam(_id(parameter)).decode_string())


def _id(name: str) -> Any:
    return yosys.IdString(f"\\{name}")
