"""Labelled samples shared out to train, to validate and to test a classifier, in the order of time.

Samples are shared out, not windows: a window belongs to a part only if all its samples do, so that no sample is in windows of
two parts, and between the newest samples of two parts there are at least those of a window. The class of a window is that of its
newest sample, as a trigger is to say what is the case now.

With one round the last part of the channel tests, as in use, where a network knows the past only. Channels of few anomalies may
need several: the channel is cut into so many stretches of equal length, and each of them is shared out in the same way. Then the
test is not of the future alone, and figures are better than they would be in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.telemetry.channel import Interval

PARTS = ("training", "validation", "test")


class LabelledSplitError(UserError):
    """A part without windows, or without windows of one of the classes."""


@dataclass(frozen=True)
class Shares:
    """How samples are shared out.

    Attributes
    ----------
    train, validation
        Shares of the samples, above 0 and together below 1; the rest tests.
    rounds
        Stretches of time that are shared out so, 1 or more.
    """

    train: float = 0.5
    validation: float = 0.2
    rounds: int = 1


@dataclass(frozen=True)
class Stretch:
    """Samples ``start <= t < stop`` of one part."""

    part: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the samples, as windows.

    Attributes
    ----------
    name
        One of :data:`PARTS`.
    ends
        Index of each window's newest sample, ``(n,)``.
    """

    name: str
    ends: NDArray[np.int64]

    def starts(self, window: int) -> NDArray[np.int64]:
        """Return the index of each window's oldest sample, which numbers the windows of all samples."""
        return self.ends - (window - 1)


def stretches(count: int, shares: Shares) -> tuple[Stretch, ...]:
    """Return the stretches of `count` samples, in the order of time, without gap or overlap."""
    cuts = [0.0, shares.train, shares.train + shares.validation]
    fractions = [(turn + cut) / shares.rounds for turn in range(shares.rounds) for cut in cuts]
    bounds = [round(count * fraction) for fraction in fractions] + [count]
    return tuple(
        Stretch(PARTS[index % len(PARTS)], start, stop) for index, (start, stop) in enumerate(pairwise(bounds))
    )


def share_out(labels: NDArray[np.bool_], window: int, shares: Shares, *, what: str) -> tuple[Part, Part, Part]:
    """Return the windows to train on, to validate on and to test with, at every sample.

    Parameters
    ----------
    labels
        Whether each sample is anomalous, ``(N,)``.
    window
        Samples of a window.
    what
        Names the samples in an error.

    Raises
    ------
    LabelledSplitError
        A part has no window, or none of one of the classes.
    """
    found = stretches(len(labels), shares)
    train, validation, test = (_part(name, labels, window, found, what) for name in PARTS)
    return train, validation, test


def shared_anomalies(anomalies: Sequence[Interval], parts: Sequence[Part]) -> list[tuple[Interval, tuple[str, ...]]]:
    """Return the anomalies that label windows of several parts, with the names of those parts: they are no news to the later."""
    found = []
    for anomaly in anomalies:
        names = tuple(part.name for part in parts if ((part.ends >= anomaly.start) & (part.ends < anomaly.stop)).any())
        if len(names) > 1:
            found.append((anomaly, names))
    return found


def _part(name: str, labels: NDArray[np.bool_], window: int, all_stretches: Sequence[Stretch], what: str) -> Part:
    mine = [item for item in all_stretches if item.part == name]
    ends = np.concatenate([np.arange(item.start + window - 1, item.stop) for item in mine])
    if not len(ends):
        longest = max(item.stop - item.start for item in mine)
        raise LabelledSplitError(
            f"the {name} part of {what} has at most {longest} samples at a time, fewer than the window of {window}; "
            "choose a shorter window, other shares (training.supervised) or fewer training.supervised.rounds"
        )
    anomalous = int(np.count_nonzero(labels[ends]))
    if anomalous in {0, len(ends)}:
        absent, present = ("anomalous", "nominal") if anomalous == 0 else ("nominal", "anomalous")
        raise LabelledSplitError(
            f"the {name} part of {what} has {len(ends)} {present} windows and no {absent} one, and a classifier needs both in "
            "every part; choose other shares (training.supervised.train, training.supervised.validation), or more "
            "training.supervised.rounds, which share out stretch by stretch"
        )
    return Part(name, ends.astype(np.int64))
