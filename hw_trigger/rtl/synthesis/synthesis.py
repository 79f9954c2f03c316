"""Synthesizes Verilog for a family of chips with Yosys: resources in all and by block, and a netlist."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from hw_trigger.files import to_json, whole_directory
from hw_trigger.rtl.process import run_module
from hw_trigger.rtl.synthesis.errors import SynthesisError, require
from hw_trigger.rtl.synthesis.resources import Resources, count
from hw_trigger.rtl.synthesis.targets import Target, find_target

RECORD = "synthesis.json"
"""File in a synthesis' directory that holds its record."""

LOG = "yosys.log"

SECONDS = 3600.0
"""Time limit of a synthesis, unless another is asked for."""


@dataclass(frozen=True)
class Synthesis:
    """A design that was mapped to a family of chips.

    Attributes
    ----------
    top, target
        Name of the top module; the family.
    total
        Resources of the whole design.
    blocks
        Resources of each instance of the top, with all below it, by the instance's name; what the top itself holds is ``""``.
        They add up to `total`. Only ``""`` where the blocks were not kept apart, and on ECP5.
    yosys
        Yosys' version.
    seconds
        Wall-clock time of the synthesis.
    directory
        Where ``netlist.v``, ``netlist.json`` (both flattened), ``delays.json`` (not on ECP5), ``yosys.log`` and the record are.
    """

    top: str
    target: Target
    total: Resources
    blocks: Mapping[str, Resources]
    yosys: str
    seconds: float
    directory: Path

    @property
    def verilog(self) -> Path:
        """The netlist in Verilog."""
        return self.directory / "netlist.v"

    @property
    def json(self) -> Path:
        """The netlist in Yosys' JSON."""
        return self.directory / "netlist.json"

    def to_dict(self) -> dict[str, Any]:
        """Return the record for JSON; the directory is no part of it."""
        return {
            "top": self.top,
            "target": self.target.value,
            "total": self.total.to_dict(),
            "blocks": {name: resources.to_dict() for name, resources in self.blocks.items()},
            "yosys": self.yosys,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], directory: Path) -> Synthesis:
        """Return what :meth:`to_dict` made `record` of; its files lie in `directory`."""
        return cls(
            top=record["top"],
            target=Target(record["target"]),
            total=Resources.from_dict(record["total"]),
            blocks={name: Resources.from_dict(one) for name, one in record["blocks"].items()},
            yosys=record["yosys"],
            seconds=record["seconds"],
            directory=directory,
        )


def read_synthesis(directory: Path) -> Synthesis:
    """Return the synthesis whose files lie in a directory.

    Raises
    ------
    SynthesisError
        There is none.
    """
    try:
        return Synthesis.from_dict(json.loads((directory / RECORD).read_text("utf-8")), directory)
    except FileNotFoundError:
        raise SynthesisError(f"the directory {directory} holds no synthesis: it has no file {RECORD}") from None


def synthesize(
    verilog: str, top: str, target: str, directory: Path, *, by_block: bool = True, seconds: float = SECONDS
) -> Synthesis:
    """Map a design to a family of chips.

    Parameters
    ----------
    verilog
        The text of the design.
    top
        Name of its top module.
    target
        ``xc7`` (7-series), ``xcup`` (UltraScale+) or ``ecp5``.
    directory
        Where the files go; it appears whole or not at all, and replaces what was there.
    by_block
        Keep the top's instances apart until they are mapped, so that each one's resources are known (not on ECP5).
    seconds
        Time limit.

    Raises
    ------
    SynthesisError
        Yosys is not installed, there is no such target, or the text has no module `top`.
    RuntimeError
        Yosys fails or takes longer; the log is then ``directory`` with ``.log`` behind its name.
    OutputError
        The directory cannot be written.
    """
    family = find_target(target)
    require("pyosys")
    if not re.search(rf"^\s*(\(\*.*\*\)\s*)?module\s+\\?{re.escape(top)}\b", verilog, re.MULTILINE):
        raise SynthesisError(f"the Verilog has no module {top!r}")
    # Next to the directory, so that the log of a failure stays.
    log = directory.with_name(f"{directory.name}.log").absolute()
    with whole_directory(directory) as scratch:
        (scratch / "design.v").write_text(verilog, "utf-8")
        (scratch / "request.json").write_text(
            to_json({"top": top, "target": family.value, "by_block": by_block}), "utf-8"
        )
        started = time.monotonic()
        run_module(
            "hw_trigger.rtl.synthesis.worker",
            [str((scratch / "request.json").absolute())],
            scratch,
            log,
            seconds=seconds,
            what=f"the synthesis of {top} for {family.value} with Yosys",
        )
        elapsed = time.monotonic() - started
        answer = json.loads((scratch / "cells.json").read_text("utf-8"))
        blocks = {name: count(cells, family) for name, cells in answer["cells"].items()}
        synthesis = Synthesis(
            top=top,
            target=family,
            total=reduce(Resources.__add__, blocks.values()),
            blocks=blocks,
            yosys=answer["yosys"],
            seconds=round(elapsed, 1),
            directory=directory,
        )
        for name in ("request.json", "cells.json"):
            (scratch / name).unlink()
        log.replace(scratch / LOG)
        (scratch / RECORD).write_text(to_json(synthesis.to_dict()), "utf-8")
    return synthesis
