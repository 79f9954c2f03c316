"""Triggers in the firmware: a fault in what they remember, or in what they compare with, is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.hls import FAST, copied, set_constant

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.hls import csim, library
from hw_trigger.hls.compiler import build
from hw_trigger.hls.project import Project
from hw_trigger.hls.testbench import to_columns, to_text

Given = Callable[[str], Project]


@pytest.fixture
def project(project_of: Given, tmp_path: Path) -> Project:
    given = project_of("deviation")
    build(given, "csim", optimization=FAST)
    return copied(given, tmp_path / "copy")


def expect(project: Project, expected: Execution) -> None:
    (project.directory / "tb_data" / "expected.txt").write_text(to_text(to_columns(expected)))


def test_one_process_computes_a_stream(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csim, "SHARE", 5)
    monkeypatch.setattr(library, "SHARE", 5)
    done: list[int] = []
    assert csim.run(project, jobs=2, optimization=FAST, progress=done.append).mismatches == 0
    assert done == [24]
    expected = golden.run(project.program, project.windows())
    traced = library.trace(project, project.windows(), jobs=2, optimization=FAST)
    np.testing.assert_array_equal(traced.score, expected.score)
    np.testing.assert_array_equal(traced.trigger, expected.trigger)


def test_each_simulation_is_a_stream_of_its_own(project: Project) -> None:
    windows = project.windows()[12:]
    result = csim.run(project, windows, optimization=FAST)
    alone = golden.run(project.program, windows)
    assert alone.score is not None
    np.testing.assert_array_equal(result.found.score, alone.score)
    behind = golden.run(project.program, project.windows()).score
    assert behind is not None
    assert np.count_nonzero(alone.score != behind[12:]) > 6


def test_codes_expected_of_another_state_are_found_wrong(project: Project) -> None:
    """As if the windows had followed others in the stream: every code but the reconstruction's may differ."""
    program, windows = project.program, project.windows()
    right = golden.run(program, windows)
    wrong = golden.run(program, windows, state=golden.run(program, windows[::-1]).state)
    differ = to_columns(right) != to_columns(wrong)
    assert differ[:, 0].sum() > 0
    assert differ[:, 1].sum() > 0
    expect(project, wrong)
    result = csim.run(project, optimization=FAST)
    assert result.mismatches == differ.sum()
    first = int(np.flatnonzero(differ.any(axis=1))[0])
    what, column = ("score", 0) if differ[first, 0] else ("trigger", 1)
    expected, found = to_columns(wrong)[first, column], to_columns(right)[first, column]
    assert result.first == f"window {first}, {what}: expected {expected}, found {found}"


def test_a_kernel_that_forgets_is_found(project: Project) -> None:
    """Without its state every window is a stream's first: none fires, and what is left of the score is the excess."""
    path = project.directory / "firmware" / "nnet_utils" / "hwt_deviation.h"
    text = path.read_text()
    assert text.count("    static ") == 5
    path.write_text(text.replace("    static ", "    "))
    program, windows = project.program, project.windows()
    alone = [golden.run(program, windows[index : index + 1]) for index in range(len(windows))]
    result = csim.run(project, optimization=FAST)
    np.testing.assert_array_equal(result.found.score, np.concatenate([one.score for one in alone]))
    assert result.found.trigger is not None
    assert not result.found.trigger.any()
    assert result.mismatches == (to_columns(project.expected()) != to_columns(result.found)).sum() > 20


@pytest.mark.parametrize("name", ["deviation", "arrays", "classifier"])
def test_another_threshold_is_found(name: str, project_of: Given, tmp_path: Path) -> None:
    """One that the least alarm does not exceed any more, but only equals."""
    build(project_of(name), "csim", optimization=FAST)
    project = copied(project_of(name), tmp_path / "p")
    trigger = project.program.trigger
    assert trigger is not None
    expected = project.expected()
    assert expected.score is not None
    assert expected.trigger is not None
    other = replace(trigger, threshold=int(expected.score[expected.trigger].min()))
    set_constant(project, "trigger_threshold", 0, float(trigger.score.values(np.array(other.threshold))))
    wrong = golden.run(replace(project.program, trigger=other), project.windows())
    assert wrong.trigger is not None
    result = csim.run(project, optimization=FAST)
    np.testing.assert_array_equal(result.found.trigger, wrong.trigger)
    np.testing.assert_array_equal(result.found.score, expected.score)
    assert result.mismatches == np.count_nonzero(wrong.trigger != expected.trigger) > 0


@pytest.mark.parametrize(("column", "what"), [(0, "score"), (3, "logits, unit 1")])
def test_one_wrong_code_of_a_classifier(column: int, what: str, project_of: Given, tmp_path: Path) -> None:
    """Scores have a sign."""
    build(project_of("classifier"), "csim", optimization=FAST)
    project = copied(project_of("classifier"), tmp_path / "p")
    codes = to_columns(project.expected())
    window = int(np.argmin(codes[:, column]))
    right = int(codes[window, column])
    assert right < 0
    codes[window, column] = -right
    (project.directory / "tb_data" / "expected.txt").write_text(to_text(codes))
    result = csim.run(project, optimization=FAST)
    assert (result.mismatches, result.first) == (1, f"window {window}, {what}: expected {-right}, found {right}")
