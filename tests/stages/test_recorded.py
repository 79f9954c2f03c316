"""Which windows are recorded in an HLS project."""

from __future__ import annotations

import numpy as np
import pytest
from support.programs import random_classifier, random_program, with_deviation

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.stages.recorded import STRESS_WINDOWS, chosen_windows
from hw_trigger.verification.stress import stress_windows

PROGRAM = random_program(2)


def quiet_then_loud(program: Program, quiet: int, n: int) -> Codes:
    """Constant windows, and others from `quiet` on: the first alarm is there, and which window is which can be told."""
    windows = stress_windows(program, n, seed=5)
    windows[:quiet] = 0
    windows[:, 0, 0] = np.arange(n)
    return windows


def indices(program: Program, windows: Codes, count: int) -> list[int]:
    chosen = chosen_windows(program, windows, count)
    np.testing.assert_array_equal(chosen[-STRESS_WINDOWS:], stress_windows(program, STRESS_WINDOWS))
    found: list[int] = chosen[:-STRESS_WINDOWS, 0, 0].tolist()
    np.testing.assert_array_equal(chosen[:-STRESS_WINDOWS], windows[found])
    return found


@pytest.mark.parametrize("program", [PROGRAM, random_classifier(1), random_program(2, trigger=False)])
def test_windows_are_spread_evenly(program: Program) -> None:
    windows = quiet_then_loud(program, 0, 101)
    assert indices(program, windows, 5) == [0, 25, 50, 75, 100]
    assert indices(program, windows, 1000) == list(range(101))


@pytest.mark.parametrize(
    ("quiet", "count", "first", "last"),
    [
        (70, 20, 55, 79),  # 5 to settle, 20 with the alarm in their middle
        (70, 1, 65, 70),
        (8, 20, 0, 24),  # it cannot begin before the stream does
        (95, 20, 75, 99),  # nor go on behind its end
        (70, 1000, 0, 99),
        (100, 20, 0, 24),  # no alarm
    ],
)
def test_a_trigger_that_remembers_is_given_a_stretch(quiet: int, count: int, first: int, last: int) -> None:
    program = with_deviation(PROGRAM, settle=5, threshold=300)
    windows = quiet_then_loud(program, quiet, 100)
    fired = golden.run(program, windows).trigger
    assert fired is not None
    assert [*np.flatnonzero(fired), 100][0] == quiet
    found = indices(program, windows, count)
    assert found == list(range(first, last + 1))
