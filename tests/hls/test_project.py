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
from typing import Any

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
    np.testing.assert_array_equal(project.expected().output, expected.output)
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
        "the HLS project {} has version 99, and this release reads 2",
        "project.json",
        '{"format": "hw_trigger HLS project", "version": 99}',
    )
    refused("the HLS project {} has no readable program.json: No such file or directory", "program.json", None)
    other = serialize.to_text(random_program(3, SMALL))
    refused("the HLS project {} has its file 'program.json' changed since it was written", "program.json", other)
    weights = "firmware/weights/latent_weight.h"
    refused(f"the HLS project {{}} has its file '{weights}' changed since it was written", weights, "")
    refused(f"the HLS project {{}} has its file '{weights}' removed since it was written", weights, None)


MANIFEST_DAMAGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda manifest: manifest.pop("settings"), "settings: Field required"),
    (lambda manifest: manifest.pop("files"), "files: Field required"),
    (lambda manifest: manifest.update(stamp=1), "stamp: Extra inputs are not permitted"),
    (lambda manifest: manifest.update(recorded_windows="24"), "recorded_windows: Input should be a valid integer"),
    (lambda manifest: manifest.update(files=[]), "files: Input should be an object"),
    (
        lambda manifest: manifest["files"].update({"program.json": "0"}),
        "files.program.json: String should match pattern '^[0-9a-f]{64}$'",
    ),
    (lambda manifest: manifest["settings"].update(colour="red"), "settings.colour: Unexpected keyword argument"),
    (lambda manifest: manifest["settings"].pop("part"), "settings.part: Field required"),
    (
        lambda manifest: manifest["settings"].update(reuse_factor="1"),
        "settings.reuse_factor: Input should be a valid integer",
    ),
    (
        lambda manifest: manifest["settings"].update(layers={"latent": {"reuse": 1}}),
        "settings.layers.latent.reuse: Unexpected keyword argument",
    ),
    (
        lambda manifest: manifest["settings"].update(gate_unroll=0),
        "the HLS setting gate_unroll must be a whole number of at least 1, not 0",
    ),
]


@pytest.mark.parametrize(("damage", "reason"), MANIFEST_DAMAGES)
def test_a_damaged_manifest(
    damage: Callable[[dict[str, Any]], object], reason: str, project_of: Callable[[str], Project], tmp_path: Path
) -> None:
    directory = copied(project_of("default"), tmp_path / "p").directory
    manifest = json.loads((directory / "project.json").read_text())
    damage(manifest)
    (directory / "project.json").write_text(json.dumps(manifest))
    with pytest.raises(ProjectError) as excinfo:
        open_project(directory)
    assert str(excinfo.value) == f"the HLS project {directory} has a damaged project.json: {reason}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("project.json", b"\xff", "{} is not an HLS project: its project.json is not JSON"),
        ("project.json", b"[" * 100_000, "{} is not an HLS project: its project.json is not JSON"),
        (
            "program.json",
            b"\xff",
            (
                "the HLS project {} has a damaged program.json: 'utf-8' codec can't decode byte 0xff in position 0: "
                "invalid start byte"
            ),
        ),
        (
            "program.json",
            b"[]",
            (
                "the HLS project {} has a damaged program.json: the JSON is not a program: its 'format' must be "
                "'hw_trigger program'"
            ),
        ),
    ],
)
def test_files_that_are_no_text(
    name: str, content: bytes, message: str, project_of: Callable[[str], Project], tmp_path: Path
) -> None:
    directory = copied(project_of("default"), tmp_path / "p").directory
    (directory / name).write_bytes(content)
    with pytest.raises(ProjectError) as excinfo:
        open_project(directory)
    assert str(excinfo.value) == message.format(directory)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no readable tb_data/windows.txt: No such file or directory"),
        (b"", "no readable tb_data/windows.txt: it is empty"),
        (b"1 2 3 x\n", "no readable tb_data/windows.txt: could not convert string 'x' to int64 at row 0, column 4."),
        (b"1 2 3\n4 5 6\n", "3 codes a line in tb_data/windows.txt, and 4 are needed"),
    ],
)
def test_windows_that_cannot_be_read(
    content: bytes | None, reason: str, project_of: Callable[[str], Project], tmp_path: Path
) -> None:
    project = copied(project_of("default"), tmp_path / "p")
    path = project.directory / "tb_data" / "windows.txt"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProjectError) as excinfo:
        project.windows()
    assert str(excinfo.value) == f"the HLS project {project.directory} has {reason}"


def test_a_damaged_project_is_replaced(tmp_path: Path) -> None:
    project = written(CASES["default"], tmp_path / "p")
    before = contents(project.directory)
    (project.directory / "project.json").write_bytes(b"\xff")
    written(CASES["default"], tmp_path / "p")
    assert contents(project.directory) == before


def test_extra_files_and_provenance(tmp_path: Path) -> None:
    """They are written with the project, vouched for by its manifest, and change nothing else."""
    case = CASES["default"]
    plain = contents(written(case, tmp_path / "plain").directory)
    extra, provenance = {"config.yaml": "seed: 1\nä: ü\n", "notes.txt": ""}, {"seed": "1", "numpy": "2.0"}

    def write(directory: Path) -> Project:
        return write_project(
            case.program, case.settings, directory, windows=case.windows(), extra=extra, provenance=provenance
        )

    project = write(tmp_path / "p")
    assert contents(project.directory) == contents(write(tmp_path / "again").directory)
    found = contents(project.directory)
    assert found.keys() - plain.keys() == extra.keys()
    assert {name for name in plain if plain[name] != found[name]} == {"project.json"}
    manifest = json.loads((project.directory / "project.json").read_text("utf-8"))
    assert manifest["provenance"] == provenance
    assert {name: manifest["files"][name] for name in extra} == {name: found[name] for name in extra}
    opened = open_project(project.directory)
    opened.check()
    assert opened.settings == project.settings
    assert (project.directory / "config.yaml").read_bytes() == extra["config.yaml"].encode()

    (project.directory / "config.yaml").write_text("seed: 2\n")
    with pytest.raises(ProjectError) as excinfo:
        open_project(project.directory).check()
    assert str(excinfo.value) == (
        f"the HLS project {project.directory} has its file 'config.yaml' changed since it was written"
    )


@pytest.mark.parametrize("name", ["program.json", "project.json", "build_prj.tcl"])
def test_an_extra_file_replaces_nothing(name: str, tmp_path: Path) -> None:
    case = CASES["default"]
    with pytest.raises(OutputError) as excinfo:
        write_project(case.program, case.settings, tmp_path / "p", windows=case.windows(), extra={name: "mine"})
    assert str(excinfo.value) == f"cannot write the directory {tmp_path}/p: File exists"
    assert list(tmp_path.iterdir()) == []
