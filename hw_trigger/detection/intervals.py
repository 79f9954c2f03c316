"""Runs of samples: labelled events, and the alarms that belong together. ``start <= t < stop`` throughout."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError

Intervals = NDArray[np.int64]
"""Shape ``(n, 2)``: starts and stops in samples, in the order of time, without overlap."""

Marks = NDArray[np.bool_]


class MarksError(UserError):
    """What should be one bool per sample, and is not."""


def marks(values: ArrayLike, what: str) -> Marks:
    """Return one bool per sample, shape ``(M,)``; `what` names them in an error.

    Raises
    ------
    MarksError
        They are not bool, or not one-dimensional.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != np.bool_:
        raise MarksError(f"{what} have the shape {array.shape} of {array.dtype}, and (samples,) of bool is needed")
    return array


def runs(mask: ArrayLike, gap: int = 0) -> Intervals:
    """Return the maximal runs of true samples.

    Parameters
    ----------
    mask
        bool, shape ``(M,)``.
    gap
        Runs with so many false samples or fewer between them are one.

    Raises
    ------
    MarksError
        `mask` is not one bool per sample, or `gap` is negative.
    """
    array = marks(mask, "the marks")
    if gap < 0:
        raise MarksError(f"the gap within an event must be 0 samples or more, not {gap}")
    edges = np.diff(array.astype(np.int8), prepend=0, append=0)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    apart = starts[1:] - stops[:-1] > gap
    first, last = np.ones(len(starts), bool), np.ones(len(starts), bool)
    first[1:], last[:-1] = apart, apart
    return np.column_stack([starts[first], stops[last]]).astype(np.int64)


def overlapped(intervals: Intervals, others: Intervals) -> Marks:
    """Return which of `intervals`, shape ``(n,)``, share at least one sample with one of `others`."""
    # The first other that ends after an interval's start is the only one that must be looked at.
    index = np.searchsorted(others[:, 1], intervals[:, 0], side="right")
    starts = np.append(others[:, 0], np.iinfo(np.int64).max)
    return np.asarray(starts[index] < intervals[:, 1])
