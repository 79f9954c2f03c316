"""How the vendor's tool is called, with a program in its place that writes down how."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hls import copied

from hw_trigger.files import OutputError
from hw_trigger.hls.project import Project, open_project
from hw_trigger.hls.synthesis import SynthesisError, synthesize

Given = Callable[[str], Project]


def tool(directory: Path, name: str, code: int = 0) -> None:
    """Put an executable of a vendor's name into a directory: it prints its arguments and where it is."""
    path = directory / name
    path.write_text(f'#!/bin/sh\necho "{name}|$*|$PWD"\nexit {code}\n')
    path.chmod(0o755)


@pytest.fixture
def bin_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_vitis(project_of: Given, tmp_path: Path, bin_directory: Path) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    tool(bin_directory, "vitis_hls")
    log = synthesize(project, ["csim", "synth", "export"])
    assert log.read_text() == f"vitis_hls|-f build_prj.tcl|{project.directory}\n"
    options = dict(re.findall(r"^    (\w+) +(\d)$", (project.directory / "build_opt.tcl").read_text(), re.MULTILINE))
    chosen = {name for name, value in options.items() if value == "1"}
    assert chosen == {"csim", "synth", "export"}
    assert options.keys() - chosen == {"reset", "cosim", "validation", "vsynth", "fifo_opt"}
    open_project(project.directory).check()

    tool(bin_directory, "vitis-run")  # of another release, and vitis_hls is preferred
    assert synthesize(project).read_text() == f"vitis_hls|-f build_prj.tcl|{project.directory}\n"
    (bin_directory / "vitis_hls").unlink()
    assert synthesize(project).read_text() == f"vitis-run|--mode hls --tcl build_prj.tcl|{project.directory}\n"


def test_vivado(project_of: Given, tmp_path: Path, bin_directory: Path) -> None:
    project = copied(project_of("any_mode"), tmp_path / "p")
    tool(bin_directory, "vivado_hls")
    arguments = "reset=0 csim=1 synth=1 cosim=0 validation=0 export=0 vsynth=0 fifo_opt=0"
    assert synthesize(project).read_text() == f"vivado_hls|-f build_prj.tcl {arguments}|{project.directory}\n"
    # hls4ml's script takes the first "synth=..." for synth: it must not be that of "vsynth".
    match = re.search(r"synth=+(\w+)", arguments)
    assert match
    assert match[1] == "1"


@pytest.mark.usefixtures("bin_directory")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "default",
            (
                "Vitis HLS is missing: vitis_hls or vitis-run is not on the PATH (source AMD's settings64.sh first); the project "
                "can be taken to a machine that has it, and run there with: vitis_hls -f build_prj.tcl"
            ),
        ),
        (
            "any_mode",
            (
                "Vivado HLS is missing: vivado_hls is not on the PATH (source AMD's settings64.sh first); the project can be "
                "taken to a machine that has it, and run there with: vivado_hls -f build_prj.tcl"
            ),
        ),
    ],
)
def test_the_tool_is_missing(name: str, message: str, project_of: Given) -> None:
    with pytest.raises(SynthesisError, match=f"^{re.escape(message)}$"):
        synthesize(project_of(name))


def test_the_tool_fails(project_of: Given, tmp_path: Path, bin_directory: Path) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    tool(bin_directory, "vitis_hls", code=3)
    with pytest.raises(SynthesisError) as excinfo:
        synthesize(project)
    assert str(excinfo.value) == (
        f"vitis_hls ended with code 3; its log is {project.directory}/synthesis.log, and ends:\n"
        f"vitis_hls|-f build_prj.tcl|{project.directory}"
    )


def test_unknown_step(project_of: Given) -> None:
    message = "'sim' is not a step of synthesis; the steps are reset, csim, synth, cosim, validation, export, vsynth, fifo_opt"
    with pytest.raises(SynthesisError, match=f"^{re.escape(message)}$"):
        synthesize(project_of("default"), ["sim"])


def test_a_log_that_cannot_be_written(project_of: Given, tmp_path: Path, bin_directory: Path) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    tool(bin_directory, "vitis_hls")
    (project.directory / "synthesis.log").mkdir()
    with pytest.raises(OutputError) as excinfo:
        synthesize(project)
    assert str(excinfo.value) == f"cannot write the file {project.directory}/synthesis.log: Is a directory"


def test_a_tool_that_cannot_be_run(project_of: Given, tmp_path: Path, bin_directory: Path) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    tool(bin_directory, "vitis_hls")
    (bin_directory / "vitis_hls").write_bytes(b"\x00")
    with pytest.raises(SynthesisError) as excinfo:
        synthesize(project)
    assert str(excinfo.value) == "vitis_hls cannot be run: Exec format error"
