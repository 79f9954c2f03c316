"""The project on disk: whole, the same bytes anywhere, quiet, and checked when it is opened."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.hls import CASES, SMALL, Case, copied, written
from support.programs import random_program

from hw_trigger.files import OutputError, sha256_file
from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.hls import project as project_module
from hw_trigger.hls.project import Project, ProjectError, open_project, write_project
from hw_trigger.hls.settings import HlsSettings


def contents(directory: Path) -> dict[str, str]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): sha256_file(path) for path in paths}


@pytest.mark.parametrize("name", CASES)
def test_same_bytes_anywhere(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = written(CASES[name], tmp_path / "a" / "project")
    second = written(CASES[name], tmp_path / "elsewhere" / "b")
    assert contents(first.directory) == contents(second.directory)
    for path in first.directory.rglob("*"):
        assert path.is_dir() or str(tmp_path).encode() not in path.read_bytes()
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "elsewhere"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["project"]


def test_contents(tmp_path: Path) -> None:
    case = CASES["default"]
    project = written(case, tmp_path / "project")
    manifest = json.loads((project.directory / "project.json").read_text())
    assert manifest["program"] == serialize.digest(case.program)
    assert manifest["recorded_windows"] == 24
    assert manifest["tools"].keys() == {"hw_trigger", "hls4ml"}
    wanted = {
        "build_prj.tcl",
        "project.tcl",
        "hw_trigger_top_test.cpp",
        "hwt_testbench.h",
        "program.json",
        "tb_data/windows.txt",
        "tb_data/expected.txt",
        "firmware/hw_trigger_top.cpp",
        "firmware/nnet_utils/hwt_lstm.h",
        "firmware/ap_types/ap_fixed.h",
        "firmware/weights/encoder_0_weight.txt",
    }
    assert wanted <= manifest["files"].keys()
    assert contents(project.directory).keys() == manifest["files"].keys() | {"project.json", "build_opt.tcl"}
    expected = golden.run(case.program, case.windows())
    np.testing.assert_array_equal(project.windows(), case.windows())
    np.testing.assert_array_equal(project.expected().reconstruction, expected.reconstruction)
    np.testing.assert_array_equal(project.expected().score, expected.score)
    np.testing.assert_array_equal(project.expected().trigger, expected.trigger)


@pytest.mark.parametrize("name", CASES)
def test_opened_again(name: str, tmp_path: Path) -> None:
    given = written(CASES[name], tmp_path / "project")
    project = open_project(given.directory)
    project.check()
    assert project.settings == CASES[name].settings
    assert serialize.digest(project.program) == serialize.digest(CASES[name].program)
    assert (project.top, project.layers) == (given.top, given.layers)


def test_no_windows(tmp_path: Path) -> None:
    program = CASES["default"].program
    message = "an HLS project needs one recorded window at least, for its testbench"
    with pytest.raises(ProjectError, match=f"^{re.escape(message)}$"):
        write_project(program, HlsSettings(), tmp_path / "p", windows=np.empty((0, 4, 1), np.int64))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: (path / "notes").mkdir(parents=True)])
def test_something_else_is_not_replaced(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "p")
    with pytest.raises(ProjectError) as excinfo:
        written(CASES["default"], tmp_path / "p")
    assert str(excinfo.value) == (
        f"{tmp_path}/p exists, and is not an HLS project that could be replaced; remove it, or choose another"
    )
    assert (tmp_path / "p").exists()


def test_a_failed_write_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES["default"]
    before = contents(written(case, tmp_path / "project").directory)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(project_module, "write_testbench", full)
    with pytest.raises(OutputError, match=r"^cannot write the directory .*/project: No space left on device$"):
        written(Case(random_program(3, SMALL)), tmp_path / "project")
    assert contents(tmp_path / "project") == before
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


_KILLED = """
import sys, time
sys.path[:0] = {path!r}
from pathlib import Path
from support.hls import CASES, written
from hw_trigger.hls import project

def wait(*_):
    print("writing", flush=True)
    time.sleep(60)

project.write_testbench = wait
written(CASES["default"], Path({target!r}))
"""


def test_a_killed_write_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "project"
    before = contents(written(CASES["default"], target).directory)
    script = _KILLED.format(path=sys.path, target=str(target))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert contents(target) == before
    written(CASES["default"], target)
    assert contents(target) == before


def test_damaged_projects(tmp_path: Path) -> None:
    project = written(CASES["default"], tmp_path / "given")

    def refused(message: str, name: str, content: str | None) -> Project:
        damaged = copied(project, tmp_path / f"p{time.monotonic_ns()}")
        path = damaged.directory / name
        path.unlink()
        if content is not None:
            path.write_text(content)
        with pytest.raises(ProjectError) as excinfo:
            open_project(damaged.directory).check()
        assert str(excinfo.value) == message.format(damaged.directory)
        return damaged

    refused("{} is not an HLS project: it has no readable project.json", "project.json", None)
    refused("{} is not an HLS project: its project.json is not JSON", "project.json", "{")
    refused(
        "{} is not an HLS project: the 'format' in its project.json must be 'hw_trigger HLS project'",
        "project.json",
        "[]",
    )
    refused(
        "the HLS project {} has version 99, and this release reads 1",
        "project.json",
        '{"format": "hw_trigger HLS project", "version": 99}',
    )
    refused("the HLS project {} has no readable program.json: No such file or directory", "program.json", None)
    other = serialize.to_text(random_program(3, SMALL))
    refused("the HLS project {} has its file 'program.json' changed since it was written", "program.json", other)
    weights = "firmware/weights/latent_weight.h"
    refused(f"the HLS project {{}} has its file '{weights}' changed since it was written", weights, "")
    refused(f"the HLS project {{}} has its file '{weights}' removed since it was written", weights, None)


def test_windows_that_cannot_be_read(project_of: Callable[[str], Project], tmp_path: Path) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    (project.directory / "tb_data" / "windows.txt").unlink()
    with pytest.raises(ProjectError, match=r"^the HLS project .* has no readable tb_data/windows.txt: .* not found\.$"):
        project.windows()
