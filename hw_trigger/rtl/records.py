"""What simulation and synthesis leave in an RTL project, to be read again: ``cycles.json``, ``synthesis-<target>.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from hw_trigger.rtl.manifest import RtlProjectError
from hw_trigger.rtl.simulation.cycles import Cycles, Interval
from hw_trigger.rtl.synthesis.resources import Resources
from hw_trigger.rtl.synthesis.targets import Target

CYCLES = "cycles.json"
VERSION: Final = 1

Record = TypeVar("Record")

Stamps = tuple[tuple[int, int], ...]
"""First and last cycle of something, of each window shown."""


@dataclass(frozen=True)
class CyclesRecord:
    """Cycles of a simulation without stalls.

    Attributes
    ----------
    windows, channels, cycles
        Windows of each channel, channels, and cycles simulated.
    found
        Cycles counted.
    samples, outputs, results
        Of the first windows of the first channel: cycles from the first sample's to the last one's, from the first vector that
        the network puts out to the last one (none without that port), and of the result (none without a trigger).
    """

    windows: int
    channels: int
    cycles: int
    found: Cycles
    samples: Stamps
    outputs: Stamps
    results: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {"format": "hw_trigger RTL cycles", "version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> CyclesRecord:
        """Return what :meth:`to_dict` made `record` of."""
        found = record["found"]
        window, step = found["window"], found["step"]
        return cls(
            windows=record["windows"],
            channels=record["channels"],
            cycles=record["cycles"],
            found=Cycles(
                found["first_result"],
                found["after_last_sample"],
                found["first_output"],
                Interval(**window),
                None if step is None else Interval(**step),
            ),
            samples=tuple((first, last) for first, last in record["samples"]),
            outputs=tuple((first, last) for first, last in record["outputs"]),
            results=tuple(record["results"]),
        )


@dataclass(frozen=True)
class Clock:
    """A clock that a netlist allows.

    Attributes
    ----------
    mhz
        In MHz.
    origin
        ``"estimated"``, or ``"routed"``: placed and routed.
    detail
        How it came to be, and the path, in words.
    """

    mhz: float
    origin: str
    detail: str


@dataclass(frozen=True)
class NetlistCheck:
    """A netlist that was simulated: windows, codes compared with the golden model's, and those that differ."""

    windows: int
    codes: int
    mismatches: int


@dataclass(frozen=True)
class SynthesisRecord:
    """A synthesis of the project.

    Attributes
    ----------
    target, device
        Family of chips; the device that it was placed on, or ``None``.
    tools
        Versions, by tool.
    seconds
        Wall-clock time.
    total
        Resources of the whole design.
    blocks
        Resources by block of the top, ``""`` the top itself; they add up to the total.
    clock
        ``None`` where the netlist has no path between registers.
    netlist
        ``None`` where the netlist was not simulated.
    """

    target: Target
    device: str | None
    tools: Mapping[str, str]
    seconds: float
    total: Resources
    blocks: Mapping[str, Resources]
    clock: Clock | None
    netlist: NetlistCheck | None

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {"format": "hw_trigger RTL synthesis", "version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> SynthesisRecord:
        """Return what :meth:`to_dict` made `record` of."""
        clock, netlist = record["clock"], record["netlist"]
        return cls(
            target=Target(record["target"]),
            device=record["device"],
            tools=dict(record["tools"]),
            seconds=record["seconds"],
            total=Resources(**record["total"]),
            blocks={name: Resources(**each) for name, each in record["blocks"].items()},
            clock=None if clock is None else Clock(**clock),
            netlist=None if netlist is None else NetlistCheck(**netlist),
        )


def synthesis_name(target: str) -> str:
    """Return the name of the record of a synthesis for a target, without its ending."""
    return f"synthesis-{target}"


def read_cycles(directory: Path) -> CyclesRecord | None:
    """Return the cycles that a simulation left in a project; ``None`` where there was none.

    Raises
    ------
    RtlProjectError
        The file is damaged.
    """
    return _read(directory / CYCLES, "rtlsim", CyclesRecord.from_dict)


def read_syntheses(directory: Path) -> tuple[SynthesisRecord, ...]:
    """Return the syntheses that there are in a project, in the order of :class:`Target`.

    Raises
    ------
    RtlProjectError
        A file is damaged.
    """
    paths = [directory / f"{synthesis_name(target)}.json" for target in Target]
    found = (_read(path, "synth", SynthesisRecord.from_dict) for path in paths)
    return tuple(record for record in found if record is not None)


def _read(path: Path, command: str, read: Callable[[Mapping[str, Any]], Record]) -> Record | None:
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["version"] != VERSION:
            raise ValueError(f"version {record['version']!r}")
        return read(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RtlProjectError(f"{path} is damaged; run hw-trigger {command} again") from error
