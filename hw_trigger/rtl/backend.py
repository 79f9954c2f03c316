"""The child process that writes Verilog with Yosys: ``python -m hw_trigger.rtl.backend DESIGN.il DESIGN.v``.

Yosys prints to standard output, ends its process on an error, and numbers what has no name through the life of a process: in one
of its own, the same design gives the same text.
"""

from __future__ import annotations

import sys

from pyosys import libyosys

_UNWANTED = ("generator", "src", "amaranth.hierarchy", "amaranth.decoding")
"""Attributes that say where a design was made, or what only Amaranth reads."""


def main(source: str, result: str) -> None:
    """Read Yosys' intermediate language, and write Verilog."""
    design = libyosys.Design()
    removals = " ".join(f"-remove {name}" for name in _UNWANTED)
    for command in (
        f'read_rtlil "{source}"',
        "proc -nomux -norom",
        "memory_collect",
        f"attrmap {removals}",
        f"attrmap -modattr -remove top {removals}",
        f'write_verilog -norename "{result}"',
    ):
        libyosys.run_pass(command, design)


if __name__ == "__main__":
    main(*sys.argv[1:])
