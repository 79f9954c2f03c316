from __future__ import annotations

import numpy as np
import pytest
import torch

from hw_trigger.telemetry.windows import windows
from hw_trigger.training.split import SplitError, split_by_time, window_tensor


@pytest.mark.parametrize(
    ("count", "fraction", "ends"), [(100, 0.2, 80), (100, 0.25, 75), (25, 0.1, 15), (25, 0.9, 10), (20, 0.5, 10)]
)
def test_later_samples_are_validated_on(count: int, fraction: float, ends: int) -> None:
    samples = np.arange(count, dtype=np.float64)[:, None]
    train, validation = split_by_time(samples, 10, fraction)
    np.testing.assert_array_equal(train[:, 0], np.arange(ends))
    np.testing.assert_array_equal(validation[:, 0], np.arange(ends, count))
    used = [set(windows(part, 10).ravel().tolist()) for part in (train, validation)]
    assert not used[0] & used[1]


@pytest.mark.parametrize(
    ("count", "fraction", "message"),
    [
        (19, 0.2, ("the training data have 19 samples, and 20 are needed for one window of 10 to train on "
         "and one to validate on; choose a shorter window")),
        (99, 0.0, "the validation fraction must be above 0 and below 1, not 0"),
        (99, 1.0, "the validation fraction must be above 0 and below 1, not 1"),
    ],
)  # fmt: skip
def test_refuses(count: int, fraction: float, message: str) -> None:
    with pytest.raises(SplitError) as caught:
        split_by_time(np.zeros((count, 1)), 10, fraction)
    assert str(caught.value) == message


@pytest.mark.parametrize("stride", [1, 3])
def test_windows_as_a_tensor(stride: int) -> None:
    samples = np.random.default_rng(0).normal(size=(50, 2))
    found = window_tensor(samples, 8, stride)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), windows(samples.astype(np.float32), 8, stride))
    # A view: its memory is that of the samples.
    assert found.untyped_storage().nbytes() == 50 * 2 * 4
