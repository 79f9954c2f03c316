"""An estimate of the clock: the longest path between two registers of a netlist, with typical wires.

Cells' delays are those that Yosys ships for the 7-series (:mod:`hw_trigger.rtl.synthesis.delays`), for UltraScale+ with those of
its own slices in their place (:mod:`hw_trigger.rtl.synthesis.ultrascale`); a wire's is `WIRE`, what ``synth_xilinx -abc9`` counts
for one (its option ``-W``). There is no placement: fan-out and distance do not count, and paths
inside a DSP or a block RAM are not looked at. A LUT's inputs may change places, as routers have them do: the one that comes
last takes the fastest pin. Yosys' own ``sta`` has no wires at all, gives no levels, and stops at cells of UltraScale+.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hw_trigger.rtl.synthesis.errors import SynthesisError
from hw_trigger.rtl.synthesis.synthesis import Synthesis
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.rtl.synthesis.ultrascale import with_own_delays

WIRE = 300
"""Delay of a wire in picoseconds."""

ORIGIN = {
    Target.SERIES7: "estimated with Yosys' 7-series delays and 0.3 ns a wire; not placed",
    Target.ULTRASCALE_PLUS: "estimated with delays of UltraScale+ slices of speed grade -1, 7-series ones for DSP and memories, "
    "and 0.3 ns a wire; not placed",
}
"""How the figures came to be, for whoever shows them."""

# Wires that leave no slice or column have a delay of 0: cascades of carries, of LUTs' multiplexers and of DSPs.
_DEDICATED = {("CO", "CI"), ("PCOUT", "PCIN"), ("ACOUT", "ACIN"), ("BCOUT", "BCIN")}
_INTO_MULTIPLEXER = {("MUXF7", "I0"), ("MUXF7", "I1"), ("MUXF8", "I0"), ("MUXF8", "I1")}


@dataclass(frozen=True)
class Step:
    """A cell on a path: its name, type, output pin, that net's name, and the time there in ns since the clock's edge."""

    cell: str
    type: str
    pin: str
    net: str
    ns: float


@dataclass(frozen=True)
class Timing:
    """The longest path between two registers.

    Attributes
    ----------
    ns
        Its delay in nanoseconds, from the clock's edge to the setup time before the next one; 0 where there is no such path.
    levels
        Cells between the two registers; a chain of carries counts once, F7 and F8 multiplexers not.
    start, end
        Name of the register (or DSP, memory) and its pin, ``cell.pin``.
    path
        Its cells, the first register among them and the last one not.
    origin
        How the figure came to be.
    """

    ns: float
    levels: int
    start: str
    end: str
    path: tuple[Step, ...]
    origin: str

    @property
    def mhz(self) -> float:
        """The clock that the path allows, in MHz; infinite where there is none."""
        return 1000 / self.ns if self.ns else float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return asdict(self) | {"path": [asdict(step) for step in self.path]}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Timing:
        """Return what :meth:`to_dict` made `record` of."""
        return cls(**{**record, "path": tuple(Step(**step) for step in record["path"])})


def estimate_timing(synthesis: Synthesis, cells: Target | None = None) -> Timing:
    """Return the longest path between two registers of a netlist. Paths from and to the top's ports are left out.

    Parameters
    ----------
    cells
        The family whose delays are taken, xc7 or xcup; by default that of the netlist. Those of the 7-series are a pessimistic
        stand-in for UltraScale+.

    Raises
    ------
    SynthesisError
        The target is ECP5, whose clock :func:`hw_trigger.rtl.synthesis.routing.place_and_route` tells.
    RuntimeError
        The netlist has a combinational loop.
    """
    cells = synthesis.target if cells is None else cells
    if synthesis.target not in ORIGIN or cells not in ORIGIN:
        other = next(target for target in (synthesis.target, cells) if target not in ORIGIN)
        raise SynthesisError(f"timing is estimated for xc7 and xcup, not for {other.value!r}")
    module = json.loads(synthesis.json.read_text("utf-8"))["modules"][synthesis.top]
    delays = json.loads((synthesis.directory / "delays.json").read_text("utf-8"))
    if cells is Target.ULTRASCALE_PLUS:
        delays["kinds"] = with_own_delays(delays["kinds"])
    graph = _Graph(module, delays)
    graph.propagate()
    return graph.longest(ORIGIN[cells])


class _Graph:
    """Arrival times of a netlist's nets; a net is one bit, with Yosys' number."""

    def __init__(self, module: Mapping[str, Any], delays: Mapping[str, Any]) -> None:
        self.cells: Mapping[str, Any] = module["cells"]
        self.kinds = {name: delays["kinds"][index] for name, index in delays["cells"].items()}
        self.names = _net_names(module["netnames"])
        self.drivers: dict[int, tuple[str, str]] = {}
        self.arrival: dict[int, int] = {}
        # Of a net that a cell drives: the nets before the cell, with the delay of the wire and of the cell.
        self.inputs: dict[int, list[tuple[int, int, int]]] = {}
        self.lut_pins: dict[int, list[int]] = {}
        self.before: dict[int, int] = {}
        self.ends: list[tuple[int, int, str, str]] = []
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "output":
                    for index, bit in enumerate(bits):
                        if isinstance(bit, int):
                            self.drivers[bit] = (name, f"{port}[{index}]")
        for name in self.cells:
            self._add(name)

    def _add(self, name: str) -> None:
        kind, pins = self.kinds[name], _pins(self.cells[name])
        for pin, ps in kind["arrivals"].items():
            if pin in pins:
                self.arrival[pins[pin]] = ps
        for pin, ps in kind["setups"].items():
            if pin in pins:
                self.ends.append((pins[pin], ps + self._wire(pins[pin], name, pin), name, pin))
        for source, sink, ps in kind["arcs"]:
            if source in pins and sink in pins:
                net = pins[source]
                self.inputs.setdefault(pins[sink], []).append((net, self._wire(net, name, source), ps))
        if kind["type"].startswith("LUT") and "O[0]" in pins:
            self.lut_pins[pins["O[0]"]] = sorted(ps for _, _, ps in kind["arcs"])

    def _wire(self, net: int, cell: str, pin: str) -> int:
        if net not in self.drivers:  # a port of the top: no path begins there
            return WIRE
        source, sink = self.drivers[net][1].partition("[")[0], pin.partition("[")[0]
        direct = (source, sink) in _DEDICATED or (self.cells[cell]["type"], sink) in _INTO_MULTIPLEXER
        return 0 if direct else WIRE

    def propagate(self) -> None:
        """Find the time at which every net that a register reaches is stable, in topological order."""
        sinks: dict[int, list[int]] = {}
        waiting: dict[int, int] = {}
        for net, inputs in self.inputs.items():
            waiting[net] = len(inputs)
            for source, _, _ in inputs:
                sinks.setdefault(source, []).append(net)
        ready = deque(net for net in sinks if net not in waiting)
        while ready:
            for sink in sinks.get(ready.popleft(), ()):
                waiting[sink] -= 1
                if not waiting[sink]:
                    self._arrive(sink)
                    ready.append(sink)
        loop = [net for net, inputs in waiting.items() if inputs]
        if loop:
            raise RuntimeError(f"the netlist has a combinational loop near the net {self.names.get(loop[0], loop[0])}")

    def _arrive(self, net: int) -> None:
        """Set the time at which a cell's output is stable; those of its inputs are known."""
        timed = [(self.arrival[one] + wire, ps, one) for one, wire, ps in self.inputs[net] if one in self.arrival]
        if net in self.lut_pins:
            timed.sort(reverse=True)
            timed = [(ns, ps, one) for (ns, _, one), ps in zip(timed, self.lut_pins[net], strict=False)]
        for ns, ps, one in timed:
            if ns + ps > self.arrival.get(net, -1):
                self.arrival[net], self.before[net] = ns + ps, one

    def longest(self, origin: str) -> Timing:
        """Return the path with the longest time to its end."""
        reached = [(self.arrival[net] + ps, net, cell, pin) for net, ps, cell, pin in self.ends if net in self.arrival]
        if not reached:
            return Timing(0.0, 0, "", "", (), origin)
        ps, net, cell, pin = max(reached)
        nets = [net]
        while nets[-1] in self.before:
            nets.append(self.before[nets[-1]])
        path = tuple(self._step(net) for net in reversed(nets))
        return Timing(ps / 1000, _levels(path), f"{path[0].cell}.{path[0].pin}", f"{cell}.{pin}", path, origin)

    def _step(self, net: int) -> Step:
        cell, pin = self.drivers[net]
        return Step(cell, self.cells[cell]["type"], pin, self.names.get(net, str(net)), self.arrival[net] / 1000)


def _pins(cell: Mapping[str, Any]) -> dict[str, int]:
    """Return the nets of a cell's pins; constants are none."""
    connected = cell["connections"].items()
    return {f"{port}[{i}]": bit for port, bits in connected for i, bit in enumerate(bits) if isinstance(bit, int)}


def _net_names(named: Mapping[str, Any]) -> dict[int, str]:
    """Return a name for each net: the shortest, but those that Yosys made up last."""
    names: dict[int, str] = {}
    for name, net in sorted(named.items(), key=lambda item: (item[1].get("hide_name", 0), len(item[0]), item[0])):
        bits = net["bits"]
        for index, bit in enumerate(bits):
            if isinstance(bit, int):
                names.setdefault(bit, f"{name}[{index}]" if len(bits) > 1 else name)
    return names


def _levels(path: Iterable[Step]) -> int:
    levels, previous = 0, ""
    for step in list(path)[1:]:
        if not step.type.startswith("MUXF") and not (step.type == "CARRY4" and previous == "CARRY4"):
            levels += 1
        previous = step.type
    return levels
