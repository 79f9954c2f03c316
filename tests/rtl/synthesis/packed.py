"""Prints what is packed into DSPs of a Verilog file: ``python packed.py FILE RESULT``, a child process as Yosys may end it.

The result is JSON: for each module with a multiplication the registers and the use of the DSPs' adders, and what is left of
adders and registers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyosys import libyosys as yosys

from hw_trigger.rtl.synthesis import flows, packing
from hw_trigger.rtl.synthesis.targets import Target


def main(verilog: str, result: str) -> None:
    """Map the multiplications of all modules to DSP48E1 cells, and pack."""
    design = yosys.Design()
    for one in (
        "read_verilog -lib +/xilinx/cells_xtra.v",
        f'read_verilog -sv "{verilog}"',
        "proc",
        "opt -full",
        "wreduce",
        *flows.map_products(Target.SERIES7),
    ):
        yosys.run_pass(one, design)
    with packing.guarded(design):
        for one in flows.PACK:
            yosys.run_pass(one, design)
    yosys.run_pass("opt_clean", design)
    found = {}
    for module in list(design.modules_.values()):
        cells = list(module.cells_.values())
        dsps = [cell for cell in cells if cell.type.str() == "\\DSP48E1"]
        if dsps:
            found[module.name.str().removeprefix("\\")] = {
                "dsps": sorted(_used(dsp) for dsp in dsps),
                "left": sorted(cell.type.str() for cell in cells if cell not in dsps),
            }
    Path(result).write_text(json.dumps(found))


def _used(dsp: Any) -> str:
    registers = [name for name in ("AREG", "BREG", "MREG", "PREG", "ADREG") if _integer(dsp, name)]
    uses = [name for name in ("USE_DPORT", "USE_PATTERN_DETECT") if _text(dsp, name) not in {"FALSE", "NO_PATDET"}]
    opmode = dsp.getPort(yosys.IdString("\\OPMODE"))
    adder = not opmode.extract(4, 3).is_fully_zero()
    cascade = not dsp.getPort(yosys.IdString("\\PCIN")).is_fully_zero()
    return " ".join([*registers, *uses, *(["adder"] if adder else []), *(["cascade"] if cascade else [])])


def _integer(dsp: Any, name: str) -> int:
    return int(dsp.getParam(yosys.IdString(f"\\{name}")).as_int())


def _text(dsp: Any, name: str) -> str:
    return str(dsp.getParam(yosys.IdString(f"\\{name}")).decode_string())


if __name__ == "__main__":
    main(*sys.argv[1:])
