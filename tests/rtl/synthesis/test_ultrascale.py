"""Delays of UltraScale+: a path that a public report of Vivado has, cell by cell, and what stays as it is in the 7-series."""

from __future__ import annotations

from typing import Any

from hw_trigger.rtl.synthesis.ultrascale import with_own_delays


def kind(name: str, arcs: list[tuple[str, str, int]], **clocked: dict[str, int]) -> dict[str, Any]:
    return {"type": name, "arcs": [list(arc) for arc in arcs], "setups": {}, "arrivals": {}, **clocked}


def arcs_of(described: dict[str, Any]) -> dict[tuple[str, str], int]:
    (found,) = with_own_delays([described])
    return {(source, sink): ps for source, sink, ps in found["arcs"]}


def test_no_cell_is_faster_than_in_a_report_of_vivado() -> None:
    # Vivado 2021.2, xczu3eg-sbva484-1: FDRE 0.096, LUT6 by I0 0.179, LUT6 by I0 0.178, CARRY8 S to CO 0.238, CI to CO 0.023
    # two times and 0.030, LUT3 by I0 0.118, of 0.885 ns of logic.
    (register,) = with_own_delays([kind("FDRE", [], arrivals={"Q[0]": 303}, setups={"D[0]": 0})])
    lut6 = arcs_of(kind("LUT6", [(f"I{pin}[0]", "O[0]", 500) for pin in range(6)]))
    lut3 = arcs_of(kind("LUT3", [(f"I{pin}[0]", "O[0]", 500) for pin in range(3)]))
    carry = arcs_of(kind("CARRY4", [("S[0]", "CO[3]", 500), ("CI[0]", "CO[3]", 500)]))
    path = [
        register["arrivals"]["Q[0]"],
        *[lut6["I0[0]", "O[0]"]] * 2,
        carry["S[0]", "CO[3]"],
        *[carry["CI[0]", "CO[3]"]] * 3,
        lut3["I0[0]", "O[0]"],
    ]
    assert all(ours >= theirs for ours, theirs in zip(path, (96, 179, 178, 238, 23, 23, 30, 118), strict=True))
    assert sum(path) >= 885


def test_a_lut_with_fewer_inputs_has_the_fastest_pins() -> None:
    assert list(arcs_of(kind("LUT2", [("I0[0]", "O[0]", 238), ("I1[0]", "O[0]", 127)])).values()) == [63, 40]
    assert list(arcs_of(kind("INV", [("I[0]", "O[0]", 127)])).values()) == [40]
    assert arcs_of(kind("LUT1", [])) == {}


def test_what_no_report_shows_keeps_the_delays_of_the_7_series() -> None:
    dsp = kind("DSP48E2", [("A[0]", "P[0]", 2823)], setups={"A[0]": 254}, arrivals={"P[0]": 329})
    memory = kind("RAMB18E2", [], arrivals={"DOUTADOUT[0]": 2454})
    assert with_own_delays([dsp, memory]) == [dsp, memory]
    assert arcs_of(kind("MUXF7", [("I0[0]", "O[0]", 217), ("S[0]", "O[0]", 296)])) == {
        ("I0[0]", "O[0]"): 82,
        ("S[0]", "O[0]"): 296,
    }
    assert arcs_of(kind("CARRY4", [("CYINIT[0]", "CO[0]", 536)])) == {("CYINIT[0]", "CO[0]"): 536}


def test_setup_times_of_enables_stay_and_those_of_resets_are_its_own() -> None:
    (found,) = with_own_delays(
        [kind("FDSE", [], setups={"CE[0]": 109, "D[0]": 0, "S[0]": 404}, arrivals={"Q[0]": 303})]
    )
    assert found["setups"] == {"CE[0]": 109, "D[0]": 0, "S[0]": 72}
    assert found["arrivals"] == {"Q[0]": 97}
