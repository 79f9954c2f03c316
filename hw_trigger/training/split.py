"""Training and validation data, and their windows as tensors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hw_trigger.errors import UserError


class SplitError(UserError):
    """Too few samples, or a fraction that leaves nothing on one side."""


def split_by_time(
    samples: NDArray[np.floating], window: int, fraction: float, *, what: str = "the training data"
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the samples ``(N, features)`` that are trained on and those, later in time, that are validated on, as views.

    The samples are split, not the windows: no sample is in windows of both.

    Parameters
    ----------
    window
        Samples of a window; each part has one window at least, which may take it more or fewer samples than `fraction` says.
    fraction
        Part of the samples that is validated on, above 0 and below 1.
    what
        Names the samples in an error.

    Raises
    ------
    SplitError
        There are not two windows in the data, or `fraction` is outside its range.
    """
    if not 0 < fraction < 1:
        raise SplitError(f"the validation fraction must be above 0 and below 1, not {fraction:g}")
    if len(samples) < 2 * window:
        raise SplitError(
            f"{what} have {len(samples)} samples, and {2 * window} are needed for one window of {window} to train on "
            "and one to validate on; choose a shorter window"
        )
    end = min(max(round(len(samples) * (1 - fraction)), window), len(samples) - window)
    return samples[:end], samples[end:]


def window_tensor(samples: NDArray[np.floating], length: int, stride: int = 1) -> Tensor:
    """Return the windows of samples ``(N, features)`` as a float32 tensor ``(n, length, features)``: a view, the samples being
    copied once and not once for every window that they are in. There must be `length` samples at least.
    """
    columns = torch.tensor(np.ascontiguousarray(samples, np.float32))
    return columns.unfold(0, length, stride).transpose(1, 2)
