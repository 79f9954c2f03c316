import re

import numpy as np
import pytest
from support.telemetry import ramp

from hw_trigger.telemetry.windows import WindowError, windows


@pytest.mark.parametrize(("stride", "starts"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (9, [0])])
def test_windows_are_the_slices(stride: int, starts: list[int]) -> None:
    samples = ramp(8)
    cut = windows(samples, 4, stride)
    assert np.array_equal(cut, np.stack([samples[start : start + 4] for start in starts]))
    assert np.shares_memory(cut, samples)


def test_as_many_samples_as_a_window_make_one() -> None:
    assert windows(ramp(4), 4).shape == (1, 4, 2)


@pytest.mark.parametrize(
    ("length", "stride", "message"),
    [
        (5, 1, "the test data of channel 'X-1' have 4 samples, fewer than the window of 5; choose a shorter window"),
        (0, 1, "the window must be 1 sample or more, not 0"),
        (2, 0, "the stride must be 1 sample or more, not 0"),
    ],
)
def test_impossible_windows_are_refused(length: int, stride: int, message: str) -> None:
    with pytest.raises(WindowError, match=f"^{re.escape(message)}$"):
        windows(ramp(4), length, stride, what="the test data of channel 'X-1'")
