"""The files that simulate a netlist: itself, and the behaviour of the cells that it is made of."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

from hw_trigger.files import write_whole
from hw_trigger.rtl.synthesis.errors import SynthesisError, require
from hw_trigger.rtl.synthesis.flows import CELLS
from hw_trigger.rtl.synthesis.synthesis import Synthesis

LIBRARY = "cells.v"
"""File beside the netlist with the models of its cells."""

# Yosys has ports only for these, or nothing.
_BLOCK_RAM = ("block_ram.v", "block_ram_cells.v")
_OWN = {"DSP48E2": ("dsp48e2.v",), **dict.fromkeys(("RAMB18E1", "RAMB36E1", "RAMB18E2", "RAMB36E2"), _BLOCK_RAM)}
_MODULE = re.compile(r"^module (\w+)\b.*?^endmodule$", re.DOTALL | re.MULTILINE)
# Delays, in forms that Verilator does not know.
_SPECIFY = re.compile(r"^\s*specify\b.*?\bendspecify\b", re.DOTALL | re.MULTILINE)


def netlist_for_simulation(synthesis: Synthesis) -> list[Path]:
    """Return Verilog files of a netlist and its cells, for Verilator (or any other simulator).

    The cells' models are Yosys' own, and for block RAM and DSP48E2 ours, which end the simulation in a mode that they do not
    cover. They are written to `LIBRARY` in the synthesis' directory. The files may be put together into one text.

    Raises
    ------
    SynthesisError
        The target is ECP5.
    RuntimeError
        The netlist has a cell without a model.
    OutputError
        The file cannot be written.
    """
    if not synthesis.target.is_xilinx:
        raise SynthesisError(f"netlists are simulated for xc7 and xcup, not for {synthesis.target.value!r}")
    module = json.loads(synthesis.json.read_text("utf-8"))["modules"][synthesis.top]
    types = sorted({cell["type"] for cell in module["cells"].values()})
    yosys = {match[1]: match[0] for match in _MODULE.finditer(_yosys_library().read_text("utf-8"))}
    lacking = [name for name in types if name not in _OWN and name not in yosys]
    if lacking:
        raise RuntimeError(f"the cells {', '.join(lacking)} of {synthesis.verilog} have no model")
    texts = [_SPECIFY.sub("", yosys[name]) for name in types if name not in _OWN]
    own = sorted({file for name in types for file in _OWN.get(name, ())})
    texts += [(CELLS / file).read_text("utf-8") for file in own]
    library = synthesis.directory / LIBRARY
    write_whole(library, "\n\n".join(texts) + "\n")
    return [synthesis.verilog, library]


def _yosys_library() -> Path:
    require("pyosys")
    found = importlib.util.find_spec("pyosys")
    if found is None or found.origin is None:
        raise RuntimeError("the package pyosys has no file")
    return Path(found.origin).parent / "share" / "xilinx" / "cells_sim.v"
