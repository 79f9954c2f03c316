"""The child process that runs Yosys: ``python -m hw_trigger.rtl.synthesis.worker REQUEST``.

Yosys ends its process on an error and prints to standard output, so it has one of its own. The request is a JSON file
(:func:`hw_trigger.rtl.synthesis.synthesis.synthesize` writes it); the answers are files beside it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pyosys import libyosys as yosys

from hw_trigger.rtl.synthesis import delays, flows, multipliers, packing
from hw_trigger.rtl.synthesis.targets import Target


def main(request: Path) -> None:
    """Synthesize what a request file asks for, and write ``cells.json``, ``netlist.v``, ``netlist.json`` and ``delays.json``."""
    wanted = json.loads(request.read_text())
    directory, top, target = request.parent, wanted["top"], Target(wanted["target"])
    design = yosys.Design()

    def run(passes: list[str]) -> None:
        for one in passes:
            yosys.run_pass(one, design)

    run([f'read_verilog -sv -defer "{directory / "design.v"}"'])
    run(flows.elaborate(target, top))
    multipliers.mark(design, top)
    run(flows.separate())
    blocks = _keep_blocks(design, top) if target.is_xilinx and wanted["by_block"] else {}
    run(flows.optimize(target))
    multipliers.choose(design, flows.CONSTANT)
    if target.is_xilinx:
        run(flows.map_products(target))
        with packing.guarded(design):
            run(flows.PACK)
    run(flows.map_rest(target, top))
    cells = {"": _count(design, f"\\{top}")} | {name: _count(design, module) for name, module in blocks.items()}
    run(flows.flattened())
    # What else is in the design is the library.
    run([f"select {top}", f'write_verilog -selected -noattr "{directory / "netlist.v"}"'])
    run([f'write_json -selected "{directory / "netlist.json"}"', "select -clear"])
    if target.is_xilinx:
        (directory / "delays.json").write_text(json.dumps(delays.of_design(design, top)))
    (directory / "cells.json").write_text(json.dumps({"yosys": yosys.yosys_maybe_version(), "cells": cells}))


def _keep_blocks(design: Any, top: str) -> dict[str, str]:
    """Keep the top's instances from being flattened into it; return their names and those of their modules."""
    blocks = {}
    for cell in design.module(yosys.IdString(f"\\{top}")).cells_.values():
        module = design.module(cell.type)
        if module is not None and not module.get_blackbox_attribute():
            module.set_bool_attribute(yosys.IdString("\\keep_hierarchy"), True)
            blocks[cell.name.str().removeprefix("\\")] = module.name.str()
    return blocks


def _count(design: Any, module: str) -> dict[str, int]:
    """Return how many cells of each library type a module holds; its blocks are not among them."""
    held = design.module(yosys.IdString(module))
    if held is None:  # what has no effect is optimized away
        return {}
    library = [cell.type.str().removeprefix("\\") for cell in held.cells_.values() if _is_library(design, cell)]
    return dict(sorted(Counter(library).items()))


def _is_library(design: Any, cell: Any) -> bool:
    """Tell a cell of the library from a block, and from Yosys' notes of what was flattened (``$scopeinfo``)."""
    module = design.module(cell.type)
    return cell.type.str().startswith("\\") and (module is None or bool(module.get_blackbox_attribute()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
