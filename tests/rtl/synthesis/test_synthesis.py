"""Synthesis: which cells become of what, block by block, and what goes wrong."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from rtl.synthesis.bench import DESIGNS

from hw_trigger.rtl.synthesis.errors import SynthesisError
from hw_trigger.rtl.synthesis.resources import Resources, count
from hw_trigger.rtl.synthesis.synthesis import LOG, Synthesis, read_synthesis, synthesize
from hw_trigger.rtl.synthesis.targets import Target, find_target

MULTIPLIERS = (DESIGNS / "multipliers.v").read_text()
MEMORIES = (DESIGNS / "memories.v").read_text()


@pytest.fixture(scope="module")
def multipliers(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesize(MULTIPLIERS, "multipliers", "xcup", tmp_path_factory.mktemp("synthesis") / "multipliers")


@pytest.fixture(scope="module")
def memories(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesize(MEMORIES, "memories", "xcup", tmp_path_factory.mktemp("synthesis") / "memories")


@pytest.mark.parametrize("block", ["plain", "pairs", "deep"])
def test_a_multiply_accumulate_is_one_dsp(multipliers: Synthesis, block: str) -> None:
    # Of the lane's registers, only the two that delay `first` are outside.
    assert multipliers.blocks[block] == Resources(ff=2, dsp=1)


@pytest.mark.parametrize("block", ["plain", "pairs", "deep"])
def test_the_dsp_has_the_operands_the_product_and_the_sum_in_its_registers(multipliers: Synthesis, block: str) -> None:
    cells = json.loads(multipliers.json.read_text())["modules"]["multipliers"]["cells"]
    (dsp,) = [cell for name, cell in cells.items() if name.startswith(f"{block}.") and cell["type"] == "DSP48E2"]
    registers = {name: int(dsp["parameters"][name], 2) for name in ("AREG", "BREG", "MREG", "PREG", "CREG", "DREG")}
    assert registers == {"AREG": 1, "BREG": 1, "MREG": 1, "PREG": 1, "CREG": 0, "DREG": 0}


def test_a_sum_of_four_packed_products_is_four_dsps(multipliers: Synthesis) -> None:
    assert multipliers.blocks["tree"].dsp == 4


def test_small_multiplications_elsewhere_and_those_by_constants_are_luts(multipliers: Synthesis) -> None:
    assert multipliers.blocks["little"].dsp == multipliers.blocks["fixed"].dsp == 0
    assert multipliers.blocks["little"].lut > 0
    assert multipliers.blocks["fixed"].lut > 0


def test_a_wide_multiplication_elsewhere_is_one_dsp(multipliers: Synthesis) -> None:
    assert multipliers.blocks["wide"] == Resources(dsp=1)


@pytest.mark.long
def test_memories_lie_where_they_fit(memories: Synthesis) -> None:
    blocks = memories.blocks
    assert blocks["wide_words"] == Resources(bram36=2)
    assert blocks["long_words"] == Resources(bram36=1)
    assert (blocks["short_words"].bram18, blocks["short_words"].bram36, blocks["short_words"].lutram) == (0, 0, 0)
    assert blocks["short_words"].lut > 0
    assert blocks["table_words"] == Resources(lut=32, ff=8, muxf=24)
    assert (blocks["states"].lutram, blocks["states"].ff) == (16, 16)
    assert blocks["line_stages"] == Resources(srl=4)
    assert blocks["narrow_start"] == blocks["middle_start"] == Resources(bram18=1)
    assert blocks["widest_start"] == Resources(bram36=1)


def check_sum(synthesis: Synthesis) -> None:
    cells = json.loads(synthesis.json.read_text())["modules"][synthesis.top]["cells"].values()
    types = [cell["type"] for cell in cells]
    assert count({name: types.count(name) for name in set(types)}, synthesis.target) == synthesis.total
    total = Resources()
    for resources in synthesis.blocks.values():
        total += resources
    assert total == synthesis.total


def test_blocks_add_up_to_the_whole(multipliers: Synthesis) -> None:
    check_sum(multipliers)


@pytest.mark.long
def test_blocks_of_memories_add_up_to_the_whole(memories: Synthesis) -> None:
    check_sum(memories)


def test_the_record_is_read_again(multipliers: Synthesis) -> None:
    assert read_synthesis(multipliers.directory) == multipliers
    assert multipliers.yosys.startswith("Yosys 0.")
    assert (multipliers.directory / LOG).stat().st_size > 0
    assert not multipliers.directory.with_name("multipliers.log").exists()


@pytest.mark.long
def test_a_flattened_design_shares_across_blocks(tmp_path: Path) -> None:
    flat = synthesize(MULTIPLIERS, "multipliers", "xcup", tmp_path / "flat", by_block=False)
    assert list(flat.blocks) == [""]
    assert flat.total.dsp == 7  # `pairs` and the first lane of `tree` multiply the same


@pytest.mark.long
def test_the_7_series_multiplies_25_bits_only(tmp_path: Path) -> None:
    synthesis = synthesize(MULTIPLIERS, "multipliers", "xc7", tmp_path / "xc7")
    assert synthesis.blocks["plain"] == Resources(ff=2, dsp=1)
    assert synthesis.blocks["pairs"].dsp == 2
    assert synthesis.blocks["little"].dsp == 0


@pytest.mark.long
def test_ecp5_keeps_to_the_same_choice(tmp_path: Path) -> None:
    synthesis = synthesize(MULTIPLIERS, "multipliers", "ecp5", tmp_path / "ecp5")
    # 27 x 9 bits take two multipliers of 18 x 18; `pairs` and the first lane of `tree` multiply the same. Then two lanes, `wide`.
    assert synthesis.total.dsp == 4 * 2 + 2 + 1
    assert list(synthesis.blocks) == [""]


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(SynthesisError) as caught:
        find_target("xcu")
    assert str(caught.value) == "the target must be one of xc7, xcup, ecp5, not 'xcu'; did you mean 'xcup'?"


def test_a_missing_top_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as caught:
        synthesize("module some(); endmodule", "other", "xcup", tmp_path / "out")
    assert str(caught.value) == "the Verilog has no module 'other'"


def test_a_directory_without_a_synthesis_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as caught:
        read_synthesis(tmp_path)
    assert str(caught.value) == f"the directory {tmp_path} holds no synthesis: it has no file synthesis.json"


def test_a_missing_tool_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SynthesisError) as caught:
        synthesize("module some(); endmodule", "some", "xcup", tmp_path / "out")
    assert str(caught.value) == 'the Python package pyosys is not installed; pip install "hw_trigger[rtl]"'


def test_an_error_of_yosys_shows_the_logs_end_and_leaves_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        synthesize("module some(input a);\n  wire b = a +;\nendmodule", "some", "xcup", tmp_path / "out")
    log = tmp_path / "out.log"
    first, *rest = str(caught.value).splitlines()
    assert first == f"the synthesis of some for xcup with Yosys failed (exit code 1); its log {log} ends with:"
    assert "syntax error" in rest[-1]
    assert list(tmp_path.iterdir()) == [log]


def test_a_synthesis_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        synthesize(MEMORIES, "memories", "xcup", tmp_path / "out", seconds=0.3)
    log = tmp_path / "out.log"
    assert str(caught.value) == f"the synthesis of memories for xcup with Yosys took more than 0.3 s; its log is {log}"
    assert list(tmp_path.iterdir()) == [log]


def test_a_cell_of_unknown_type_is_no_silent_zero() -> None:
    with pytest.raises(RuntimeError) as caught:
        count({"LUT6": 2, "PLL": 1}, Target.SERIES7)
    assert str(caught.value) == "Yosys made 1 cells of the type PLL, whose resources are not known"
