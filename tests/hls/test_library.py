"""The compiled library's traces: a fault in any layer is found where it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.hls import FAST, copied, limited, set_constant

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.hls import library
from hw_trigger.hls.compiler import build
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.project import Project
from hw_trigger.hls.shares import SimulationError


@pytest.fixture
def project(project_of: Callable[[str], Project], tmp_path: Path) -> Project:
    given = project_of("default")
    build(given, "library", optimization=FAST)
    return copied(given, tmp_path / "copy")


@pytest.mark.parametrize(
    "place",
    [
        ("encoder_0", "weight", 2, 1, 0),
        ("encoder_0", "recurrent", 0, 1, 2),
        ("decoder_0", "weight", 3, 2, 1),
        ("decoder_0", "recurrent", 3, 1, 0),
        ("decoder_0", "recurrent", 1, 0, 2),
    ],
)
def test_a_changed_weight_is_found_where_it_acts(place: tuple[str, str, int, int, int], project: Project) -> None:
    """One weight of one unit's gate: the trace differs where the golden model of that weight does, in that unit first."""
    layer, constant, gate, unit, column = place
    program, windows = project.program, project.windows()
    names = [part.name for part in program.layers]
    part = program.layers[names.index(layer)]
    assert isinstance(part, Lstm)
    number_format = part.weight_format if constant == "weight" else part.recurrent_format
    weights = np.array(part.weight if constant == "weight" else part.recurrent_weight)
    row = gate * part.n_units + unit
    weights[row, column] = number_format.high if weights[row, column] <= 0 else -number_format.high
    mutated = replace(part, weight=weights) if constant == "weight" else replace(part, recurrent_weight=weights)
    layers = tuple(mutated if item is part else item for item in program.layers)
    # In the project, the weights of a Latency kernel stand inputs first.
    value = float(number_format.values(weights[row, column]))
    set_constant(project, f"{layer}_{constant}", column * len(weights) + row, value)

    right = golden.run(program, windows, trace=True).outputs
    wrong = golden.run(replace(program, layers=layers), windows, trace=True).outputs
    found = library.trace(project, windows, optimization=FAST)
    assert first_difference(wrong, found.outputs) is None
    difference = first_difference(right, found.outputs)
    assert difference is not None
    assert difference == first_difference(right, wrong)
    assert difference.layer == layer
    if layer == "decoder_0":  # of the encoder only the last state comes out, after one unit has acted on all
        assert difference.step is not None
        assert difference.unit == unit
        assert (difference.step > 0) == (constant == "recurrent")  # the state is 0 before the first step


def test_shares_change_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = project.windows()[:11]
    done: list[int] = []
    whole = library.trace(project, windows, jobs=1, optimization=FAST)
    monkeypatch.setattr(library, "SHARE", 4)
    shared = library.trace(project, windows, jobs=2, optimization=FAST, progress=done.append)
    assert sorted(done) == [3, 4, 4]
    assert first_difference(whole.outputs, shared.outputs) is None
    np.testing.assert_array_equal(whole.score, shared.score)


def test_no_windows(project: Project) -> None:
    found = library.trace(project, np.empty((0, 4, 1), np.int64), optimization=FAST)
    expected = golden.run(project.program, np.empty((0, 4, 1), np.int64), trace=True)
    assert {name: codes.shape for name, codes in found.outputs.items()} == {
        name: codes.shape for name, codes in expected.outputs.items()
    }
    assert found.score is not None
    assert found.score.shape == (0,)


def test_a_crash_is_told_and_survived(project: Project) -> None:
    """The library ends the process that it is in."""
    (project.directory / "firmware" / "weights" / "latent_bias.txt").unlink()
    with pytest.raises(SimulationError) as excinfo:
        library.trace(project, project.windows(), optimization=FAST)
    assert str(excinfo.value) == (
        f"the library of {project.directory} ended with code 1\nERROR: file weights/latent_bias.txt does not exist"
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (100, r"cannot write the file SCRATCH/task\.json: File too large"),
        (700, r"cannot write the file SCRATCH/\d+_windows\.npy: File too large"),
        (
            2000,
            r"the library of PROJECT ended with code 1\nERROR: cannot write SCRATCH/\d+_found\.npz: File too large",
        ),
    ],
)
def test_a_full_disk_is_told(size: int, message: str, project: Project, tmp_path: Path) -> None:
    """In one line, whichever process notices it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    call = "library.trace(project, project.windows(), jobs=1, optimization='-O0')"
    found = limited(call, project, size, scratch)
    wanted = message.replace("SCRATCH", rf"{scratch}/hw_trigger_\w+").replace("PROJECT", str(project.directory))
    assert re.fullmatch(wanted, found)
    assert list(scratch.iterdir()) == []
