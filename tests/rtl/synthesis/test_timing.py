"""The longest path: against sums of delays by hand, in netlists of Yosys and in some that are written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rtl.synthesis.bench import DESIGNS

from hw_trigger.rtl.synthesis.errors import SynthesisError
from hw_trigger.rtl.synthesis.resources import Resources
from hw_trigger.rtl.synthesis.synthesis import Synthesis, synthesize
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.rtl.synthesis.timing import Timing, estimate_timing
from hw_trigger.rtl.synthesis.ultrascale import with_own_delays

# prjxray's delays of the Artix-7, in ns, as Yosys' cells_sim.v has them: a register's clock to output; a LUT's inputs; the chain.
CLOCK_TO_Q = 0.303
WIRE = 0.3
BLOCK_RAM = 2.454


@pytest.fixture(scope="module", params=[pytest.param(target, marks=pytest.mark.long) for target in ("xc7", "xcup")])
def paths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    directory = tmp_path_factory.mktemp("timing") / "paths"
    return synthesize((DESIGNS / "paths.v").read_text(), "paths", request.param, directory)


def delays_of(synthesis: Synthesis) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((synthesis.directory / "delays.json").read_text())
    return {kind["type"]: kind for kind in record["kinds"]}


def test_the_longest_path_is_from_the_block_ram_through_a_lut(paths: Synthesis) -> None:
    timing = estimate_timing(paths)
    memory, lut = timing.path
    kinds = list(delays_of(paths).values())
    kinds = with_own_delays(kinds) if paths.target is Target.ULTRASCALE_PLUS else kinds
    fastest = min(ps for kind in kinds if kind["type"] == "LUT2" for _, _, ps in kind["arcs"]) / 1000
    assert memory.type == {Target.SERIES7: "RAMB36E1", Target.ULTRASCALE_PLUS: "RAMB36E2"}[paths.target]
    assert (memory.ns, lut.type, timing.levels) == (BLOCK_RAM, "LUT2", 1)
    assert timing.ns == pytest.approx(BLOCK_RAM + WIRE + fastest + WIRE, abs=1e-12)
    assert timing.end.startswith("read")
    assert timing.mhz == 1000 / timing.ns
    assert Timing.from_dict(json.loads(json.dumps(timing.to_dict()))) == timing


def test_ultrascale_plus_is_labelled_as_estimated_with_other_delays(paths: Synthesis) -> None:
    labels = {
        "xc7": "estimated with Yosys' 7-series delays and 0.3 ns a wire; not placed",
        "xcup": "estimated with delays of UltraScale+ slices of speed grade -1, 7-series ones for DSP and memories, "
        "and 0.3 ns a wire; not placed",
    }
    assert estimate_timing(paths).origin == labels[paths.target]


def test_delays_are_those_that_yosys_ships(paths: Synthesis) -> None:
    delays = delays_of(paths)
    assert delays["FDRE"] == {
        "type": "FDRE",
        "arcs": [],
        "setups": {"CE[0]": 109, "D[0]": 0, "R[0]": 404},
        "arrivals": {"Q[0]": 303},
    }
    assert delays["LUT6"]["arcs"] == [
        [f"I{pin}[0]", "O[0]", ps] for pin, ps in enumerate((642, 631, 472, 407, 238, 127))
    ]
    assert ["CI[0]", "CO[3]", 114] in delays["CARRY4"]["arcs"]


def netlist(directory: Path, cells: dict[str, Any], delays: dict[str, Any]) -> Synthesis:
    """Return a synthesis with a netlist of one-bit cells: type, inputs and outputs by pin, as numbers of nets."""
    described = {
        name: {
            "type": kind,
            "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
            "connections": {pin: [net] for pin, net in (inputs | outputs).items()},
        }
        for name, (kind, inputs, outputs) in cells.items()
    }
    names = {f"n{net}": {"bits": [net]} for _, inputs, outputs in cells.values() for net in (inputs | outputs).values()}
    (directory / "netlist.json").write_text(json.dumps({"modules": {"top": {"cells": described, "netnames": names}}}))
    kinds = list(delays)
    record = {
        "cells": {name: kinds.index(kind) for name, (kind, _, _) in cells.items()},
        "kinds": [{"type": kind, "arcs": [], "setups": {}, "arrivals": {}} | delays[kind] for kind in kinds],
    }
    (directory / "delays.json").write_text(json.dumps(record))
    return Synthesis("top", Target.SERIES7, Resources(), {}, "", 0.0, directory)


DELAYS: dict[str, Any] = {
    "FDRE": {"setups": {"D[0]": 50}, "arrivals": {"Q[0]": 300}},
    "LUT2": {"arcs": [["I0[0]", "O[0]", 600], ["I1[0]", "O[0]", 400]]},
    "MUXF7": {"arcs": [["I0[0]", "O[0]", 200]]},
    "CARRY4": {"arcs": [["S[0]", "CO[0]", 500], ["CI[0]", "CO[0]", 100]]},
}


def test_the_path_takes_the_later_input_on_the_fastest_pin_and_the_setup_time(tmp_path: Path) -> None:
    cells = {
        "one": ("FDRE", {"D": 9}, {"Q": 1}),
        "two": ("FDRE", {"D": 3}, {"Q": 2}),
        "deep": ("LUT2", {"I0": 1}, {"O": 4}),
        "last": ("LUT2", {"I0": 2, "I1": 4}, {"O": 3}),
    }
    timing = estimate_timing(netlist(tmp_path, cells, DELAYS))
    assert timing.ns == pytest.approx(0.3 + (0.3 + 0.4) + (0.3 + 0.4) + (0.3 + 0.05), abs=1e-12)
    assert (timing.levels, timing.start, timing.end) == (2, "one.Q[0]", "two.D[0]")
    assert [(step.cell, step.net, step.ns) for step in timing.path] == [
        ("one", "n1", 0.3),
        ("deep", "n4", 1.0),
        ("last", "n3", 1.7),
    ]


def test_wires_of_chains_and_of_a_luts_multiplexer_take_no_time_and_are_one_level(tmp_path: Path) -> None:
    cells = {
        "one": ("FDRE", {"D": 7}, {"Q": 1}),
        "low": ("CARRY4", {"S": 1}, {"CO": 2}),
        "high": ("CARRY4", {"CI": 2}, {"CO": 3}),
        "lut": ("LUT2", {"I0": 3}, {"O": 4}),
        "mux": ("MUXF7", {"I0": 4}, {"O": 5}),
        "two": ("FDRE", {"D": 5}, {"Q": 6}),
    }
    timing = estimate_timing(netlist(tmp_path, cells, DELAYS))
    # A carry that leaves its chain does take a wire.
    assert timing.ns == pytest.approx(0.3 + (0.3 + 0.5) + 0.1 + (0.3 + 0.4) + 0.2 + (0.3 + 0.05), abs=1e-12)
    assert timing.levels == 2


def test_without_a_path_between_registers_there_is_no_time(tmp_path: Path) -> None:
    timing = estimate_timing(netlist(tmp_path, {"one": ("FDRE", {"D": 2}, {"Q": 1})}, DELAYS))
    assert (timing.ns, timing.levels, timing.path, timing.mhz) == (0.0, 0, (), float("inf"))


def test_a_loop_is_an_error(tmp_path: Path) -> None:
    cells = {
        "one": ("FDRE", {"D": 3}, {"Q": 1}),
        "two": ("LUT2", {"I0": 1, "I1": 3}, {"O": 2}),
        "three": ("LUT2", {"I0": 2}, {"O": 3}),
    }
    with pytest.raises(RuntimeError) as caught:
        estimate_timing(netlist(tmp_path, cells, DELAYS))
    assert str(caught.value).startswith("the netlist has a combinational loop near the net n")


def test_ecp5_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as caught:
        estimate_timing(Synthesis("some", Target.ECP5, Resources(), {}, "", 0.0, tmp_path))
    assert str(caught.value) == "timing is estimated for xc7 and xcup, not for 'ecp5'"


def test_a_netlist_of_one_family_can_be_timed_with_the_cells_of_the_other(tmp_path: Path) -> None:
    cells = {"one": ("FDRE", {"D": 3}, {"Q": 1}), "lut": ("LUT2", {"I0": 1}, {"O": 3})}
    synthesis = netlist(tmp_path, cells, DELAYS)
    assert estimate_timing(synthesis).ns == pytest.approx(0.3 + (0.3 + 0.4) + (0.3 + 0.05), abs=1e-12)
    other = estimate_timing(synthesis, Target.ULTRASCALE_PLUS)
    assert other.ns == pytest.approx(0.097 + (0.3 + 0.04) + (0.3 + 0.05), abs=1e-12)
    with pytest.raises(SynthesisError) as caught:
        estimate_timing(synthesis, Target.ECP5)
    assert str(caught.value) == "timing is estimated for xc7 and xcup, not for 'ecp5'"
