"""The testbench by itself, as a vendor's tool runs it: exit codes, what it prints, what it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.hls import FAST, copied

from hw_trigger.fixedpoint import golden
from hw_trigger.hls.compiler import FLAGS, build, compile_firmware
from hw_trigger.hls.project import Project
from hw_trigger.hls.testbench import columns, from_columns, to_columns


def ran(project: Project, where: Path, *arguments: object, executable: Path | None = None) -> tuple[int, str, str]:
    """Run in a directory that looks like Vitis HLS's: weights and test data are linked into it."""
    where.mkdir()
    (where / "weights").symlink_to(project.directory.resolve() / "firmware" / "weights")
    (where / "tb_data").symlink_to(project.directory.resolve() / "tb_data")
    command = [str(executable or build(project, "csim", optimization=FAST).resolve()), *map(str, arguments)]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def project(project_of: Callable[[str], Project], tmp_path: Path) -> Project:
    given = project_of("default")
    build(given, "csim", optimization=FAST)
    return copied(given, tmp_path / "copy")


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_as_the_vendor_runs_it(project: Project, tmp_path: Path) -> None:
    code, out, err = ran(project, tmp_path / "run")
    assert (code, out, err) == (0, "compared 144 codes of 24 windows: 0 mismatches\n", "")
    # The log has the ports alone: score and trigger, not the traced reconstruction.
    found = np.array(lines(project.directory / "tb_data" / "csim_results.log"), np.int64)
    np.testing.assert_array_equal(found, to_columns(project.expected())[:, :2])


def test_as_cosimulation_runs_it(project: Project, tmp_path: Path) -> None:
    """RTL has no traces: only the ports are compared, and a wrong reconstruction in the file goes unnoticed there."""
    executable = tmp_path / "cosim"
    firmware = compile_firmware(project.directory, project.top, FAST)
    command = ["g++", *FLAGS, FAST, "-DRTL_SIM", f"{project.top}_test.cpp", firmware, "-o", str(executable)]
    subprocess.run(command, cwd=project.directory, check=True)
    code, out, _ = ran(project, tmp_path / "run", executable=executable)
    assert (code, out) == (0, "compared 48 codes of 24 windows: 0 mismatches\n")
    assert len(lines(project.directory / "tb_data" / "rtl_cosim_results.log")) == 24


@pytest.mark.parametrize(("column", "what"), [(0, "score"), (1, "trigger"), (4, "reconstruction, step 2, unit 0")])
def test_one_wrong_code(column: int, what: str, project: Project, tmp_path: Path) -> None:
    expected = lines(project.directory / "tb_data" / "expected.txt")
    right = int(expected[5][column])
    wrong = 1 - right if what == "trigger" else right + 1
    expected[5][column] = str(wrong)
    (project.directory / "tb_data" / "expected.txt").write_text("".join(" ".join(row) + "\n" for row in expected))
    code, out, err = ran(project, tmp_path / "run")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        f"first mismatch: window 5, {what}: expected {wrong}, found {right}",
        "compared 144 codes of 24 windows: 1 mismatches",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("windows.txt", None, "cannot read tb_data/windows.txt"),
        ("expected.txt", None, "cannot read tb_data/expected.txt"),
        ("windows.txt", "", "tb_data/windows.txt holds 0 codes, and must hold 4 for each window"),
        ("windows.txt", "1 2 3 4 5", "tb_data/windows.txt holds 5 codes, and must hold 4 for each window"),
        ("windows.txt", "1 2 3 4x", "tb_data/windows.txt holds '4x', which is not a code"),
        ("windows.txt", "1 2 3 4.0", "tb_data/windows.txt holds '4.0', which is not a code"),
        (
            "windows.txt",
            "1 2 3 99999999999999999999",
            "tb_data/windows.txt holds '99999999999999999999', which is not a code",
        ),
        ("windows.txt", "1 2 3 4", "there are 1 windows, and expected codes of 24"),
        ("expected.txt", "1 0 0 0 0 0", "there are 24 windows, and expected codes of 1"),
    ],
)
def test_bad_files(name: str, content: str | None, message: str, project: Project, tmp_path: Path) -> None:
    path = project.directory / "tb_data" / name
    path.unlink()
    if content is not None:
        path.write_text(content)
    assert ran(project, tmp_path / "run") == (2, "", f"ERROR: {message}\n")


def test_a_raw_code_that_does_not_fit(project: Project, tmp_path: Path) -> None:
    path = project.directory / "tb_data" / "windows.txt"
    windows = lines(path)
    windows[1][2] = "2048"  # ap_fixed<12,3>
    path.write_text("".join(" ".join(row) + "\n" for row in windows))
    message = "ERROR: the windows hold the code 2048, which the input's type does not have\n"
    assert ran(project, tmp_path / "run") == (2, "", message)


def test_found_codes_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    data = project.directory.resolve() / "tb_data"
    arguments = [data / "windows.txt", data / "expected.txt", tmp_path / "missing" / "found.txt"]
    assert ran(project, tmp_path / "run", *arguments) == (2, "", "ERROR: cannot write the found codes\n")


def test_missing_weights(project: Project, tmp_path: Path) -> None:
    """Without its weights the firmware refuses to run, and the testbench does not report success."""
    for path in (project.directory / "firmware" / "weights").glob("*.txt"):
        path.unlink()
    code, out, err = ran(project, tmp_path / "run")
    assert (code, out) == (1, "")
    assert err == "ERROR: file weights/scaling_gain.txt does not exist\n"


@pytest.mark.parametrize("name", ["default", "no_trigger", "classifier"])
def test_columns(name: str, project_of: Callable[[str], Project]) -> None:
    given = project_of(name)
    execution = golden.run(given.program, given.windows())
    assert to_columns(execution).shape == (24, columns(given.program))
    back = from_columns(given.program, to_columns(execution))
    np.testing.assert_array_equal(back.output, execution.output)
    for part in ("score", "trigger"):
        first, second = getattr(back, part), getattr(execution, part)
        assert (first is None) == (second is None)
        assert first is None or np.array_equal(first, second)
