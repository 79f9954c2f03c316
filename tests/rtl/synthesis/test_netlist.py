"""A netlist, with the models of its cells, does what the design does; its longest path is the one that was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rtl.synthesis.bench import DESIGNS, build, outputs, run

from hw_trigger.rtl.synthesis.flows import CELLS
from hw_trigger.rtl.synthesis.netlist import netlist_for_simulation
from hw_trigger.rtl.synthesis.resources import Resources
from hw_trigger.rtl.synthesis.synthesis import Synthesis, synthesize
from hw_trigger.rtl.synthesis.targets import Target

CYCLES = 3000


def compare(name: str, target: str, directory: Path) -> None:
    """Check that a design and its netlist put out the same, cycle by cycle."""
    design, bench = DESIGNS / f"{name}.v", DESIGNS / f"bench_{name}.v"
    synthesis = synthesize(design.read_text(), name, target, directory / "synthesis")
    wanted = outputs([design, bench], directory / "design", CYCLES)
    found = outputs([*netlist_for_simulation(synthesis), bench], directory / "netlist", CYCLES)
    assert len(set(wanted)) > 0.99 * CYCLES  # the bench does drive it
    assert found == wanted


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name in ("multipliers", "memories", "packing") for target in ("xcup", "xc7", "ecp5")],
)
def test_netlists_equal_their_designs(name: str, target: str, tmp_path: Path) -> None:
    compare(name, target, tmp_path)


BROKEN = """
module bench (input clk, input [127:0] random, output [127:0] result);
    assign result[127:48] = 0;
    DSP48E2 #(
        .ADREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .INMODEREG(0), .OPMODEREG(0), .USE_SIMD("%s")
    ) dsp (
        .CLK(clk), .A(random[29:0]), .B(random[47:30]), .P(result[47:0]), .OPMODE(9'b%s), .ALUMODE(0), .INMODE(0), .CARRYINSEL(0),
        .CEA2(1), .CEB2(1), .CEM(1), .CEP(1), .RSTA(0), .RSTB(0), .RSTM(0), .RSTP(0), .CARRYIN(0)
    );
endmodule
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("simd", "mode", "message"),
    [
        ("TWO24", "000000101", "bench.dsp: SIMD or pattern detection"),
        ("ONE48", "010000101", "bench.dsp: OPMODE 010000101"),
    ],
)
def test_a_mode_that_the_model_lacks_ends_the_simulation(tmp_path: Path, simd: str, mode: str, message: str) -> None:
    bench = tmp_path / "bench.v"
    bench.write_text(BROKEN % (simd, mode))
    done = run(build([bench, CELLS / "dsp48e2.v"], tmp_path / "build"), 10)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr


def test_a_cell_without_a_model_is_named(tmp_path: Path) -> None:
    synthesis = Synthesis("some", Target.ECP5, Resources(), {}, "", 0.0, tmp_path)
    cells = {"one": {"type": "DP16KD"}, "two": {"type": "EHXPLLL"}}
    (tmp_path / "netlist.json").write_text(json.dumps({"modules": {"some": {"cells": cells}}}))
    with pytest.raises(RuntimeError) as caught:
        netlist_for_simulation(synthesis)
    assert str(caught.value) == f"the cells EHXPLLL of {tmp_path / 'netlist.v'} have no model"
