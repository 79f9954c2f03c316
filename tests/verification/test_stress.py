"""Stress windows are within the raw format, reach its limits, and are the same for the same seed."""

from __future__ import annotations

import numpy as np
from support.programs import random_program

from hw_trigger.fixedpoint import golden
from hw_trigger.verification.stress import stress_windows


def test_reaches_the_limits() -> None:
    program = random_program(3)
    windows = stress_windows(program, 16)
    assert windows.shape == (16, program.steps, program.n_features)
    assert (windows.min(), windows.max()) == (program.raw.low, program.raw.high)
    result = golden.run(program, windows)
    assert len(np.unique(result.output)) >= 10
    assert sum(result.saturations.values()) > 0


def test_the_seed_decides() -> None:
    program = random_program(3)
    np.testing.assert_array_equal(stress_windows(program, 9, 1), stress_windows(program, 9, 1))
    assert (stress_windows(program, 9, 1) != stress_windows(program, 9, 2)).any()
