"""C simulation in several processes: a fault in the firmware is found and named, and a crash is told."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.hls import FAST, copied, limited, set_constant

from hw_trigger.files import OutputError
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.golden import WindowsError
from hw_trigger.fixedpoint.program import Dense, Program
from hw_trigger.hls import csim
from hw_trigger.hls.compiler import CompilerError, build, compiler_version, find_compiler
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.project import Project
from hw_trigger.hls.shares import SimulationError

Given = Callable[[str], Project]


@pytest.fixture
def project(project_of: Given, tmp_path: Path) -> Project:
    given = project_of("default")
    build(given, "csim", optimization=FAST)
    return copied(given, tmp_path / "copy")


def with_bias(program: Program, code: int) -> Program:
    output = program.layers[-1]
    assert isinstance(output, Dense)
    return replace(program, layers=(*program.layers[:-1], replace(output, bias=np.array([code]))))


def test_a_changed_constant_is_found(project: Project) -> None:
    """The firmware with another bias computes what the golden model of that bias does, and the testbench names the place."""
    output = project.program.layers[-1]
    code = int(output.bias[0]) + 3
    set_constant(project, "output_bias", 0, float(output.bias_format.values(code)))
    wrong = golden.run(with_bias(project.program, code), project.windows(), trace=True)
    right = golden.run(project.program, project.windows(), trace=True)

    result = csim.run(project, optimization=FAST)
    np.testing.assert_array_equal(result.found.output, wrong.output)
    np.testing.assert_array_equal(result.found.score, wrong.score)
    assert right.score is not None
    assert right.trigger is not None
    differ = [(right.output != wrong.output).sum(), (right.score != wrong.score).sum()]
    assert differ[0] > 0
    assert result.mismatches == sum(differ) + (right.trigger != wrong.trigger).sum()
    assert result.compared == 24 * 6
    difference = first_difference(right.outputs, wrong.outputs)
    assert difference is not None
    assert result.first is not None
    assert result.first.startswith(
        f"window {difference.window}, score: expected {right.score[difference.window]}, found "
    )


def test_shares_change_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    output = project.program.layers[-1]
    set_constant(project, "output_bias", 0, float(output.bias_format.values(int(output.bias[0]) + 3)))
    done: list[int] = []
    whole = csim.run(project, jobs=1, optimization=FAST)
    monkeypatch.setattr(csim, "SHARE", 5)
    shared = csim.run(project, jobs=2, optimization=FAST, progress=done.append)
    assert sorted(done) == [4, 5, 5, 5, 5]
    np.testing.assert_array_equal(shared.found.output, whole.found.output)
    assert (shared.compared, shared.mismatches, shared.first) == (whole.compared, whole.mismatches, whole.first)


def test_no_windows(project: Project) -> None:
    result = csim.run(project, np.empty((0, 4, 1), np.int64), optimization=FAST)
    assert result.found.output.shape == (0, 4, 1)
    assert (result.compared, result.mismatches, result.first) == (0, 0, None)


def test_windows_of_another_shape(project: Project) -> None:
    message = r"^windows have the shape \(2, 5, 1\), and program 'random_\d+' takes \(n, 4, 1\)$"
    with pytest.raises(WindowsError, match=message):
        csim.run(project, np.zeros((2, 5, 1), np.int64), optimization=FAST)


def test_a_crash_is_told(project: Project) -> None:
    (project.directory / "firmware" / "weights" / "latent_bias.txt").unlink()
    with pytest.raises(SimulationError) as excinfo:
        csim.run(project, optimization=FAST)
    assert str(excinfo.value) == (
        f"the C simulation of {project.directory} ended with code 1\nERROR: file weights/latent_bias.txt does not exist"
    )


def test_a_short_weight_file_is_told(project: Project) -> None:
    """The firmware only prints that, and computes on."""
    path = project.directory / "firmware" / "weights" / "latent_weight.txt"
    path.write_text(path.read_text().rsplit(", ", maxsplit=1)[0])
    with pytest.raises(SimulationError, match="ERROR: Expected 6 values but read only 5 values"):
        csim.run(project, optimization=FAST)


def test_a_killed_simulation_is_told(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "killed"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(csim, "build", lambda *_, **__: script)
    with pytest.raises(SimulationError) as excinfo:
        csim.run(project)
    assert str(excinfo.value) == f"the C simulation of {project.directory} was killed by signal 9"


def test_nothing_is_compiled_again(project: Project) -> None:
    first = build(project, "csim", optimization=FAST)
    times = {path: path.stat().st_mtime_ns for path in first.parent.iterdir()}
    assert build(project, "csim", optimization=FAST) == first
    assert {path: path.stat().st_mtime_ns for path in first.parent.iterdir()} == times


def test_changed_sources_are_compiled_again(project: Project) -> None:
    first = build(project, "csim", optimization=FAST)
    firmware = {path for path in first.parent.iterdir() if path.name.startswith("firmware")}
    with (project.directory / "hw_trigger_top_test.cpp").open("a") as stream:
        stream.write("\n// changed\n")
    second = build(project, "csim", optimization=FAST)
    assert second != first
    assert second.exists()
    assert not first.exists()
    # The firmware's own sources are as they were.
    assert firmware == {path for path in first.parent.iterdir() if path.name.startswith("firmware")}


def test_sources_that_do_not_compile(project: Project) -> None:
    (project.directory / "hw_trigger_top_test.cpp").write_text("#error broken on purpose\n")
    with pytest.raises(CompilerError) as excinfo:
        build(project, "csim", optimization=FAST)
    assert str(excinfo.value) == (
        f"g++ cannot compile {project.directory} (exit code 1):\n"
        "hw_trigger_top_test.cpp:1:2: error: #error broken on purpose"
    )
    assert not list((project.directory / "build").glob(".*"))


def test_no_codes_are_told(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executable that is not the testbench, though it says that all is well."""
    script = tmp_path / "fake"
    script.write_text("#!/bin/sh\necho '1 x' > $3\necho 'compared 144 codes of 24 windows: 0 mismatches'\n")
    script.chmod(0o755)
    monkeypatch.setattr(csim, "build", lambda *_, **__: script)
    with pytest.raises(SimulationError) as excinfo:
        csim.run(project, jobs=1)
    assert str(excinfo.value) == (
        f"the C simulation of {project.directory} put out no codes that can be read: "
        "could not convert string 'x' to int64 at row 0, column 2."
    )


def test_what_cannot_be_started_is_told(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "text"
    script.write_text("")
    monkeypatch.setattr(csim, "build", lambda *_, **__: script)
    with pytest.raises(SimulationError) as excinfo:
        csim.run(project)
    assert str(excinfo.value) == (
        f"the C simulation of {project.directory} cannot be started: Permission denied: {script}"
    )


def test_a_full_disk_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    message = limited("csim.run(project, optimization='-O0')", project, 100, tmp_path / "scratch")
    assert re.fullmatch(
        rf"cannot write the file {tmp_path}/scratch/hw_trigger_\w+/\d+_windows.txt: File too large", message
    )
    assert list((tmp_path / "scratch").iterdir()) == []


def test_no_place_for_temporary_files(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError) as excinfo:
        csim.run(project, optimization=FAST)
    assert str(excinfo.value) == "cannot make a directory for temporary files: No such file or directory"


def test_a_file_where_compiled_files_go(project: Project) -> None:
    shutil.rmtree(project.directory / "build")
    (project.directory / "build").write_text("mine")
    with pytest.raises(OutputError) as excinfo:
        csim.run(project, optimization=FAST)
    assert str(excinfo.value) == f"cannot write the directory {project.directory}/build: File exists"


def test_a_compiler_that_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", 'g++ "-O2')
    with pytest.raises(CompilerError) as excinfo:
        find_compiler()
    assert str(excinfo.value) == (
        "the variable CXX must be the command of a C++ compiler, not 'g++ \"-O2': no closing quotation"
    )


def test_a_compiler_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c++"
    path.write_bytes(b"\x00")
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    with pytest.raises(CompilerError) as excinfo:
        compiler_version()
    assert str(excinfo.value) == f"the C++ compiler '{path}' cannot be run: Exec format error"


@pytest.mark.parametrize(("variable", "named"), [(None, "g++"), ("no-such-c++ -m64", "no-such-c++")])
def test_no_compiler(
    variable: str | None, named: str, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    if variable is not None:
        monkeypatch.setenv("CXX", variable)
    with pytest.raises(CompilerError) as excinfo:
        csim.run(project)
    assert str(excinfo.value) == (
        f"the C++ compiler '{named}' is not on the PATH; install it, or set the variable CXX to one that is"
    )
