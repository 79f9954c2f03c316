import re

import numpy as np
import pytest

from hw_trigger.detection.intervals import MarksError, overlapped, runs


def mask(text: str) -> np.ndarray:
    return np.array([letter == "#" for letter in text], bool)


@pytest.mark.parametrize(
    ("text", "gap", "expected"),
    [
        ("", 0, []),
        ("....", 0, []),
        ("####", 0, [[0, 4]]),
        ("#..##.#", 0, [[0, 1], [3, 5], [6, 7]]),
        ("#..##.#", 1, [[0, 1], [3, 7]]),
        ("#..##.#", 2, [[0, 7]]),
    ],
)
def test_runs(text: str, gap: int, expected: list[list[int]]) -> None:
    found = runs(mask(text), gap)
    assert found.shape == (len(expected), 2)
    assert found.tolist() == expected


def test_overlap_by_definition() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        one, other = generator.random((2, 30)) < generator.random((2, 1))
        expected = [bool(other[start:stop].any()) for start, stop in runs(one)]
        assert overlapped(runs(one), runs(other)).tolist() == expected


@pytest.mark.parametrize(
    ("values", "gap", "message"),
    [
        (np.zeros(3), 0, "the marks have the shape (3,) of float64, and (samples,) of bool is needed"),
        (np.zeros((2, 2), bool), 0, "the marks have the shape (2, 2) of bool, and (samples,) of bool is needed"),
        (np.zeros(3, bool), -1, "the gap within an event must be 0 samples or more, not -1"),
    ],
)
def test_what_has_no_runs_is_refused(values: np.ndarray, gap: int, message: str) -> None:
    with pytest.raises(MarksError, match=f"^{re.escape(message)}$"):
        runs(values, gap)
