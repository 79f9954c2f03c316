"""What ``xilinx_dsp`` packs under guard: all that is right, and nothing of what it gets wrong. Netlists simulate elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from rtl.synthesis.bench import DESIGNS, HERE


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    result = tmp_path_factory.mktemp("packing") / "packed.json"
    command = [sys.executable, str(HERE / "packed.py"), str(DESIGNS / "packing.v"), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(result.read_text())
    return found


@pytest.mark.parametrize(
    ("module", "dsp"),
    [
        ("modular_product", "MREG PREG adder"),
        ("chosen_product", "MREG PREG adder"),
        ("energy_product", "AREG BREG MREG PREG adder"),
        ("unsigned_product", "MREG PREG adder"),
    ],
)
def test_a_sum_that_the_dsp_computes_is_packed_whole(packed: dict[str, Any], module: str, dsp: str) -> None:
    assert packed[module] == {"dsps": [dsp], "left": []}


@pytest.mark.parametrize(
    ("module", "dsp", "left"),
    [
        # Sums and differences before a multiplication.
        ("square_product", "AREG BREG MREG PREG", ["$sub"]),
        ("shared_product", "AREG MREG", ["$add", "$dff"]),
        ("wrapped_product", "AREG BREG MREG", ["$add"]),
        # Products that are extended otherwise than the DSP does.
        ("zeros_product", "MREG", ["$add", "$dff"]),
        ("cut_product", "MREG", ["$add", "$dff"]),
        # Registers that are set to another number than 0.
        ("start_product", "MREG adder", ["$sdff"]),
        ("set_product", "", ["$sdff"]),
        # A comparison.
        ("limit_product", "MREG PREG adder", ["$ge"]),
    ],
)
def test_what_the_dsp_computes_otherwise_is_left(
    packed: dict[str, Any], module: str, dsp: str, left: list[str]
) -> None:
    assert packed[module] == {"dsps": [dsp], "left": left}


def test_there_are_no_cascades(packed: dict[str, Any]) -> None:
    assert packed["chain_product"]["dsps"] == ["MREG", "MREG", "MREG PREG adder"]
