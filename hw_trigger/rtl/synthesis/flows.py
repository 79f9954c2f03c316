"""Passes of Yosys that map a design to a target.

The flows are Yosys' own (``synth_xilinx``, ``synth_lattice``), interrupted in three places:

* **Which multipliers are DSPs** is decided by :func:`hw_trigger.rtl.synthesis.multipliers.choose`, after the
  optimizations and before the mapping.
* **UltraScale+ DSPs.** ``xilinx_dsp -family xcup`` packs no registers and no accumulator. So multipliers become DSP48E1 cells
  whose A port takes 27 bits (DSP48E2's multiplier is 27 x 18, DSP48E1's 25 x 18), are packed with the patterns of the 7-series,
  which look at nets and not at the multiplier's width, and then become DSP48E2, which has all modes of the DSP48E1.
* **Hierarchy.** The instances of the top are kept apart, and each is flattened by itself. A flattened design's LUTs are
  renamed by ABC, so that nobody can tell whose they are; kept apart, every cell belongs to one block and the blocks' counts add
  up exactly to the whole. What it costs is optimization across the blocks' borders; ``opt_hier`` does the larger part of
  it beforehand (constants, unused and equal ports); an autoencoder of 16 units took 2% more LUTs than flattened, and as many
  registers, DSPs and memories. At the end everything is flattened into one netlist.

What ``xilinx_dsp`` would pack wrongly, :mod:`hw_trigger.rtl.synthesis.packing` keeps from it.
"""

from __future__ import annotations

from pathlib import Path

from hw_trigger.rtl.synthesis.targets import Target

CELLS = Path(__file__).parent / "cells"
"""Verilog of cells: maps for Yosys, and models for simulation."""

CONSTANT = "$__constant_mul"
"""Type of a multiplication by a constant that shall be LUTs, while others are mapped."""

# Yosys' own limits of the multiplier's operands: see synth_xilinx. Minimal widths are not given: that is what `choose` is for.
_MULTIPLIERS = {
    Target.SERIES7: (25, "+/xilinx/xc7_dsp_map.v", "$__MUL25X18"),
    Target.ULTRASCALE_PLUS: (27, str(CELLS / "dsp48e1_27x18_map.v"), "$__MUL27X18"),
}


def elaborate(target: Target, top: str) -> list[str]:
    """Return the passes before the marks: read the library, find the modules with their parameters."""
    if target.is_xilinx:
        return [f"synth_xilinx -family {target} -top {top} -run begin:prepare"]
    return [f"synth_lattice -family ecp5 -top {top} -run begin:coarse"]


def separate() -> list[str]:
    """Return the passes that give each instance a module of its own (whose name is then made of the instances')."""
    return ["uniquify"]


def optimize(target: Target) -> list[str]:
    """Return the passes between the marks and the choice."""
    if target.is_xilinx:
        return [
            f"synth_xilinx -family {target} -flatten -run prepare:map_dsp",
            "opt_hier",
            "opt -full",
            "wreduce",
            "opt_clean",
        ]
    return ["proc", "flatten", "opt -nodffe -nosdff", "wreduce", "peepopt", "opt_clean"]


def map_products(target: Target) -> list[str]:
    """Return the passes that make DSPs of the chosen multiplications of a Xilinx target, without registers and sums."""
    width, cells, name = _MULTIPLIERS[target]
    limits = f"-D DSP_A_MAXWIDTH={width} -D DSP_B_MAXWIDTH=18 -D DSP_A_MAXWIDTH_PARTIAL=18 -D DSP_SIGNEDONLY=1 -D DSP_NAME={name}"
    return [
        "memory_dff",
        "alumacc -macc-only",
        "maccmap -unmap",
        "opt_clean",
        f"techmap -map +/mul2dsp.v -map {cells} {limits}",
        "select a:mul2dsp",
        "setattr -unset mul2dsp",
        "opt_expr -fine",
        "wreduce",
        "select -clear",
        "opt_clean",
    ]


PACK = ["xilinx_dsp -family xc7"]
"""The pass that packs registers and sums into DSPs: to be run inside :func:`hw_trigger.rtl.synthesis.packing.guarded`."""


def map_rest(target: Target, top: str) -> list[str]:
    """Return the passes to the mapped design, whose blocks are not yet flattened."""
    if not target.is_xilinx:
        lattice = f"synth_lattice -family ecp5 -top {top} -run"
        return [
            f"{lattice} coarse:map_ram",
            f"chtype -set $mul t:$__soft_mul t:{CONSTANT}",
            "alumacc",
            "opt",
            f"{lattice} map_ram:edif",
        ]
    # Booth's recoding takes about 30% fewer LUTs for an 8 x 8 bit product; a constant's multiples are best left as they are.
    soft = ["opt_clean", "chtype -set $mul t:$__soft_mul", "booth", f"chtype -set $mul t:{CONSTANT}"]
    if target is Target.ULTRASCALE_PLUS:
        soft += ["opt_clean", f"techmap -map {CELLS / 'dsp48e1_to_dsp48e2_map.v'}", "opt_clean"]
    return [*soft, f"synth_xilinx -family {target} -top {top} -flatten -noiopad -noclkbuf -run coarse:check"]


def flattened() -> list[str]:
    """Return the passes that put the mapped blocks into one module, and name cells and wires after what they drive."""
    return ["setattr -mod -unset keep_hierarchy *", "flatten", "delete t:$scopeinfo", "clean", "autoname"]
