import math
import re

import numpy as np
import pytest

from hw_trigger.detection.threshold import ThresholdError, fit_threshold


def test_a_worked_example() -> None:
    # Mean 5, deviations -3 -1 -1 -1 0 0 2 4: squares sum to 32, the population's sigma is 2.
    assert fit_threshold([2, 4, 4, 4, 5, 5, 7, 9]) == 13.0
    assert fit_threshold([2, 4, 4, 4, 5, 5, 7, 9], 0.5) == 6.0
    assert fit_threshold([2, 4, 4, 4, 5, 5, 7, 9], 0) == 5.0


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-9])
def test_constant_scores_are_the_threshold_itself(value: float) -> None:
    scores = np.full(1001, value)
    assert fit_threshold(scores) == value
    assert not (scores > fit_threshold(scores)).any()


@pytest.mark.parametrize(
    ("scores", "sigmas", "message"),
    [
        ([1.0], math.nan, "the threshold's number of sigmas is nan, and a finite number, 0 or more, is needed"),
        ([1.0], math.inf, "the threshold's number of sigmas is inf, and a finite number, 0 or more, is needed"),
        ([1.0], -1.0, "the threshold's number of sigmas is -1.0, and a finite number, 0 or more, is needed"),
        ([], 4.0, "training scores have the shape (0,), and (windows,) with at least 1 is needed"),
        ([[1.0]], 4.0, "training scores have the shape (1, 1), and (windows,) with at least 1 is needed"),
        (
            [1.0, math.nan, math.inf],
            4.0,
            "2 of 3 training scores are not finite, the first is nan at index 1",
        ),
    ],
)
def test_what_gives_no_threshold_is_refused(scores: list[float], sigmas: float, message: str) -> None:
    with pytest.raises(ThresholdError, match=f"^{re.escape(message)}$"):
        fit_threshold(scores, sigmas)
