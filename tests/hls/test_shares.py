"""Which process computes which windows."""

from __future__ import annotations

import numpy as np
import pytest
from support.programs import random_classifier, random_program, with_deviation

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.shares import share_out

PROGRAM = random_program(1)


@pytest.mark.parametrize(
    ("program", "jobs", "shares"),
    [
        (PROGRAM, 1, [(0, 4), (4, 4), (8, 3)]),
        (PROGRAM, 4, [(0, 3), (3, 3), (6, 3), (9, 2)]),
        (random_classifier(1), 1, [(0, 4), (4, 4), (8, 3)]),
        (with_deviation(PROGRAM), 4, [(0, 11)]),  # a stream: only one process has its state
    ],
)
def test_shares(program: Program, jobs: int, shares: list[tuple[int, int]]) -> None:
    done: list[int] = []

    def work(first: int, share: Codes) -> tuple[int, int]:
        np.testing.assert_array_equal(share, np.arange(first, first + len(share)))
        return first, len(share)

    found = share_out(program, np.arange(11), work, jobs=jobs, largest=4, progress=done.append)
    assert found == shares
    assert sorted(done) == sorted(count for _, count in shares)


@pytest.mark.parametrize("program", [PROGRAM, with_deviation(PROGRAM)])
def test_no_windows(program: Program) -> None:
    assert share_out(program, np.arange(0), lambda *_: 1, jobs=2, largest=4, progress=None) == []
