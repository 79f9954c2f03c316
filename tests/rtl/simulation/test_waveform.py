"""Waveforms: written on request, of the cycles asked for, whole, and after a failure too."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rtl.simulation.conftest import Simulate
from rtl.simulation.window_sum import FAULT, FAULTS

from hw_trigger.files import OutputError
from hw_trigger.rtl.simulation.run import SimulationError
from hw_trigger.rtl.simulation.simulator import Waveform
from hw_trigger.rtl.simulation.stimulus import START, StimulusError, Write

WINDOWS = np.arange(60).reshape(4, 5, 3)


def changes(vcd: str, wire: str) -> dict[int, int]:
    """Return the times at which a wire of the top level changes, and its new values."""
    code = re.search(rf"\$var wire +\d+ (\S+) {wire} ", vcd)
    assert code is not None
    found, time = {}, 0
    for line in vcd.partition("$enddefinitions")[2].splitlines():
        if line.startswith("#"):
            time = int(line[1:])
        elif match := re.fullmatch(rf"b?([01]+) ?{re.escape(code[1])}", line):
            found[time] = int(match[1], 2)
    return found


def test_vcd_shows_the_cycles(simulate: Simulate, tmp_path: Path) -> None:
    path = tmp_path / "new" / "wave.vcd"
    run = simulate(trace="vcd").run(WINDOWS, waveform=Waveform(path), settle=10)
    vcd = path.read_text("utf-8")
    assert "$timescale 1ns $end" in vcd
    edges = [time for time, value in changes(vcd, "aclk").items() if value == 1]
    assert edges == [10 * cycle + 5 for cycle in range(run.cycles)]
    rises = [time for time, value in changes(vcd, "m_axis_tvalid").items() if value == 1]
    assert run.scores is not None
    assert rises == [10 * cycle - 5 for cycle in run.last.result_cycles]  # registers change with the edge before
    data = changes(vcd, "m_axis_tdata")
    assert [data[time] for time in rises] == list(run.scores)
    assert list(path.parent.iterdir()) == [path]


def test_vcd_of_some_cycles(simulate: Simulate, tmp_path: Path) -> None:
    path = tmp_path / "wave.vcd"
    simulate(trace="vcd").run(WINDOWS, waveform=Waveform(path, 7, 9))
    assert sorted(changes(path.read_text("utf-8"), "aclk")) == [70, 75, 80, 85, 90, 95]


def test_vcd_up_to_a_failure(simulate: Simulate, tmp_path: Path) -> None:
    path = tmp_path / "wave.vcd"
    fault = Write(START, FAULT, FAULTS.index("hangs"))
    with pytest.raises(SimulationError, match="nothing moved for 20 cycles up to cycle 40: "):
        simulate(trace="vcd").run(WINDOWS, waveform=Waveform(path), events=[fault], patience=20)
    assert max(changes(path.read_text("utf-8"), "aclk")) == 405


def test_fst_has_the_signals(simulate: Simulate, tmp_path: Path) -> None:
    """Blocks with a kind and a length follow each other to the end; the first, the header, has the first and the last time."""
    path = tmp_path / "wave.fst"
    run = simulate(trace="fst").run(WINDOWS, waveform=Waveform(path), settle=10)
    content = path.read_bytes()
    kinds, place = [], 0
    while place < len(content):
        kinds.append(content[place])
        place += 1 + int.from_bytes(content[place + 1 : place + 9], "big")
    assert place == len(content)
    assert kinds[0] == 0
    first, last = (int.from_bytes(content[start : start + 8], "big") for start in (9, 17))
    assert (first, last) == (0, 10 * run.cycles - 5)


def test_no_waveform_of_a_simulation_without(simulate: Simulate, tmp_path: Path) -> None:
    with pytest.raises(StimulusError) as error:
        simulate().run(WINDOWS, waveform=Waveform(tmp_path / "wave.vcd"))
    assert str(error.value) == "the simulation of 'window_sum' was built without trace, and writes no waveform"


def test_a_waveform_that_cannot_be_written(simulate: Simulate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OutputError, match=r"^cannot write files for the simulation: "):
        simulate(trace="vcd").run(WINDOWS, waveform=Waveform(tmp_path / "file" / "wave.vcd"))
