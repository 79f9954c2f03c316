"""The RTL project: self-standing, whole or not at all, the same bytes for the same design, and read back as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.chain import tree
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.interface import Register
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.project import RtlProjectError, open_project, write_project

PROGRAM = random_program(1, Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,)))


def _design(*programs: Program, channels: int = 1, with_output: bool = False) -> Design:
    return design(programs, plan(programs[0], 8, channels=channels), with_output=with_output)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("projects") / "run"
    write_project(_design(PROGRAM, with_output=True), directory, extra={"a/b.txt": "x"}, provenance={"seed": "3"})
    return directory


def _copy(written: Path, tmp_path: Path) -> Path:
    target = tmp_path / "run"
    for name, content in tree(written).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    return target


def test_files(written: Path) -> None:
    names = {"a/b.txt", "hwt_random_1.v", "program.json", "schedule.json", "README.md", "manifest.json"}
    assert set(tree(written)) == names
    manifest = json.loads((written / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert manifest["programs"] == [serialize.digest(PROGRAM)]
    assert manifest["provenance"] == {"seed": "3"}
    assert set(manifest["tools"]) == {"hw_trigger", "amaranth", "pyosys"}


def test_read_back(written: Path) -> None:
    project = open_project(written)
    project.check()
    wanted = _design(PROGRAM, with_output=True)
    assert project.top == wanted.name == "hwt_random_1"
    assert project.design.schedule == wanted.schedule
    assert project.design.interface == wanted.interface
    assert serialize.digest(project.program) == serialize.digest(PROGRAM)
    assert f"module {project.top}(" in project.verilog


def test_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = _design(PROGRAM, with_output=True)
    write_project(again, tmp_path / "run", extra={"a/b.txt": "x"}, provenance={"seed": "3"})
    assert tree(tmp_path / "run") == tree(written)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_project(_design(PROGRAM), tmp_path / "run")
    assert tuple(capfd.readouterr()) == ("", "")


def test_the_page_tells_ports_registers_and_schedule(written: Path) -> None:
    text = (written / "README.md").read_text("utf-8")
    interface = open_project(written).design.interface
    for register in Register:
        assert f"| {int(register):#04x} | {register.name} |" in text
    assert f"| `s_axis_tdata` | {interface.input_bits} | in |" in text
    assert f"| `m_axis_tdata` | {interface.score_bits} | out |" in text
    assert f"| `m_axis_output_tdata` | {interface.output_bits} | out |" in text
    assert "m_axis_tid" not in text
    schedule = open_project(written).design.schedule
    assert f"**{schedule.interval(PROGRAM)} cycles** from a window to the next" in text
    for layer in PROGRAM.layers:
        assert f"| {layer.name} | " in text


def test_a_program_for_each_channel(tmp_path: Path) -> None:
    latent = PROGRAM.layers[1]
    other = replace(
        PROGRAM, layers=(PROGRAM.layers[0], replace(latent, bias=np.zeros_like(latent.bias)), *PROGRAM.layers[2:])
    )
    wanted = _design(PROGRAM, other, channels=2)
    write_project(wanted, tmp_path / "run")
    project = open_project(tmp_path / "run")
    project.check()
    assert {"programs/channel_0.json", "programs/channel_1.json"} <= set(tree(tmp_path / "run"))
    assert [serialize.digest(each) for each in project.design.members] == [
        serialize.digest(each) for each in wanted.members
    ]
    text = (tmp_path / "run" / "README.md").read_text("utf-8")
    assert "| `m_axis_tid` | 1 | out | the channel |" in text


def test_a_changed_file_is_told(written: Path, tmp_path: Path) -> None:
    directory = _copy(written, tmp_path)
    (directory / "added.txt").write_text("what a tool left is left alone")
    open_project(directory).check()
    (directory / "hwt_random_1.v").write_text("// edited")
    with pytest.raises(RtlProjectError) as caught:
        open_project(directory).check()
    assert str(caught.value) == (
        f"the RTL project {directory} has its file 'hwt_random_1.v' changed since it was written; run hw-trigger rtl again"
    )
    (directory / "README.md").unlink()
    with pytest.raises(RtlProjectError, match=r"has its file 'README.md' removed since it was written"):
        open_project(directory).check()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", "{", "{0} is not an RTL project: its manifest.json is not JSON"),
        (
            "manifest.json",
            "{}",
            "{0} is not an RTL project: the 'format' in its manifest.json must be 'hw_trigger RTL project'",
        ),
        (
            "manifest.json",
            '{"format": "hw_trigger RTL project", "version": 9}',
            "the RTL project {0} has version 9, and this release reads 1",
        ),
        (
            "manifest.json",
            '{"format": "hw_trigger RTL project", "version": 1}',
            "the RTL project {0} has a damaged manifest.json: top: Field required",
        ),
        (
            "schedule.json",
            '{"format": "hw_trigger RTL schedule", "version": 7}',
            "the RTL project {0} has a damaged schedule.json: the schedule has version 7, and this release reads 1",
        ),
    ],
)
def test_damage(written: Path, tmp_path: Path, name: str, content: str, message: str) -> None:
    directory = _copy(written, tmp_path)
    (directory / name).write_text(content)
    with pytest.raises(RtlProjectError) as caught:
        open_project(directory)
    assert str(caught.value) == message.replace("{0}", str(directory))


def test_another_program(written: Path, tmp_path: Path) -> None:
    directory = _copy(written, tmp_path)
    (directory / "program.json").write_text(serialize.to_text(replace(PROGRAM, name="other")))
    with pytest.raises(RtlProjectError) as caught:
        open_project(directory)
    assert str(caught.value) == f"the RTL project {directory} has its file 'program.json' changed since it was written"


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(RtlProjectError) as caught:
        open_project(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is not an RTL project: it has no readable manifest.json; `hw-trigger rtl` writes one"
    )
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(RtlProjectError) as caught:
        write_project(_design(PROGRAM), tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} exists, and is not an RTL project that could be replaced; remove it, or choose another"
    )
    assert tree(tmp_path) == {"mine.txt": b"x"}
