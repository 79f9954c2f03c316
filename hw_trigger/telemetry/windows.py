"""Windows: the last `length` samples, at every sample or every `stride` samples.

A window scores the sample that it ends with, as a trigger must: it has not seen what comes later.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError

_T = TypeVar("_T", bound=np.generic)


class WindowError(UserError):
    """Data shorter than a window, or a window or stride of no samples."""


def windows(samples: NDArray[_T], length: int, stride: int = 1, *, what: str = "the data") -> NDArray[_T]:
    """Return the windows of samples ``(N, features)``, shape ``(n, length, features)``, ``n = (N - length) // stride + 1``.

    Window k is ``samples[k * stride : k * stride + length]``. The result is a read-only view; nothing is copied.

    Parameters
    ----------
    what
        Names the samples in an error, for example ``"the test data of channel 'A-1'"``.

    Raises
    ------
    WindowError
        There are fewer samples than `length`, or `length` or `stride` is below 1.
    """
    for name, value in (("window", length), ("stride", stride)):
        if value < 1:
            raise WindowError(f"the {name} must be 1 sample or more, not {value}")
    if len(samples) < length:
        raise WindowError(
            f"{what} have {len(samples)} samples, fewer than the window of {length}; choose a shorter window"
        )
    view = np.lib.stride_tricks.sliding_window_view(samples, length, axis=0)[::stride]
    return np.moveaxis(view, -1, 1)
