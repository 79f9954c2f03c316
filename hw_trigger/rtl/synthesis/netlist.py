"""The files that simulate a netlist: itself, and the behaviour of the cells that it is made of."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

from hw_trigger.files import write_whole
from hw_trigger.rtl.synthesis.errors import require
from hw_trigger.rtl.synthesis.flows import CELLS
from hw_trigger.rtl.synthesis.synthesis import Synthesis
from hw_trigger.rtl.synthesis.targets import Target

LIBRARY = "cells.v"
"""File beside the netlist with the models of its cells."""

# Yosys has ports only for these, or nothing.
_BLOCK_RAM = ("block_ram.v", "block_ram_cells.v")
_OWN = {"DSP48E2": ("dsp48e2.v",), **dict.fromkeys(("RAMB18E1", "RAMB36E1", "RAMB18E2", "RAMB36E2"), _BLOCK_RAM)}
_OWN |= dict.fromkeys(("MULT18X18D", "DP16KD"), ("ecp5.v",))
# Cells that a cell's model is made of.
_PARTS = {"CCU2C": ("LUT2", "LUT4")}
_XILINX, _ECP5 = ("xilinx/cells_sim.v",), ("lattice/common_sim.vh", "lattice/ccu2c_sim.vh")
_MODULE = re.compile(r"^module (\w+)\b.*?^endmodule$", re.DOTALL | re.MULTILINE)
# Delays, in forms that Verilator does not know.
_SPECIFY = re.compile(r"^\s*specify\b.*?\bendspecify\b", re.DOTALL | re.MULTILINE)


def netlist_for_simulation(synthesis: Synthesis) -> list[Path]:
    """Return Verilog files of a netlist and its cells, for Verilator (or any other simulator).

    The cells' models are Yosys' own, and for block RAM, DSP48E2 and ECP5's multipliers ours, which end the simulation in a mode
    that they do not cover. They are written to `LIBRARY` in the synthesis' directory. The files may be put into one text.

    Raises
    ------
    SynthesisError
        Yosys is not installed.
    RuntimeError
        The netlist has a cell without a model.
    OutputError
        The file cannot be written.
    """
    module = json.loads(synthesis.json.read_text("utf-8"))["modules"][synthesis.top]
    found = {cell["type"] for cell in module["cells"].values()}
    types = sorted(found.union(*(_PARTS.get(name, ()) for name in found)))
    library = "\n".join(path.read_text("utf-8") for path in _yosys_library(synthesis.target))
    yosys = {match[1]: match[0] for match in _MODULE.finditer(library)}
    lacking = [name for name in types if name not in _OWN and name not in yosys]
    if lacking:
        raise RuntimeError(f"the cells {', '.join(lacking)} of {synthesis.verilog} have no model")
    texts = [_SPECIFY.sub("", yosys[name]) for name in types if name not in _OWN]
    own = sorted({file for name in types for file in _OWN.get(name, ())})
    texts += [(CELLS / file).read_text("utf-8") for file in own]
    written = synthesis.directory / LIBRARY
    write_whole(written, "\n\n".join(texts) + "\n")
    return [synthesis.verilog, written]


def _yosys_library(target: Target) -> list[Path]:
    require("pyosys")
    found = importlib.util.find_spec("pyosys")
    if found is None or found.origin is None:
        raise RuntimeError("the package pyosys has no file")
    return [Path(found.origin).parent / "share" / name for name in (_XILINX if target.is_xilinx else _ECP5)]
