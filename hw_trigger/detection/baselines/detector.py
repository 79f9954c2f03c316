"""What every detector does: it is fitted to training samples, and scores samples that come later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from hw_trigger.detection.scores import ScoreKind, Scores, sample_scores
from hw_trigger.errors import UserError
from hw_trigger.telemetry.channel import Samples
from hw_trigger.telemetry.windows import windows

BLOCKS = 5


class HoldOutError(UserError):
    """Too few training samples to keep some of them apart."""


class Scorer(Protocol):
    """A fitted detector."""

    def score(self, samples: Samples, kind: ScoreKind) -> Scores:
        """Return a score for each of the samples ``(M, columns)``, shape ``(M,)``; NaN where there is none.

        A causal score depends on no later sample. WindowError where there are fewer samples than the detector looks at.
        """


class Detector(Protocol):
    """A detector with its parameters."""

    @property
    def name(self) -> str:
        """Its name in a table."""

    @property
    def window(self) -> int:
        """Samples that a score looks at; the first ``window - 1`` samples have no causal score."""

    def fit(self, train: Samples) -> Scorer:
        """Fit to training samples ``(N, columns)``, read only. The same samples give the same scorer."""


@dataclass(frozen=True, eq=False)
class SampleScorer:
    """Scores each sample by itself and what came before it; nothing is spread, so both kinds are the same.

    Attributes
    ----------
    function
        From samples ``(M, columns)`` to scores ``(M,)``.
    """

    function: Callable[[Samples], Scores]

    def score(self, samples: Samples, kind: ScoreKind) -> Scores:
        """Return the scores; see `Scorer`."""
        del kind
        return self.function(samples)


@dataclass(frozen=True, eq=False)
class WindowScorer:
    """Scores windows; a sample's score is made of those.

    Attributes
    ----------
    length
        Samples of a window.
    function
        From windows ``(n, length * columns)`` to their scores ``(n,)``.
    batch
        Windows that are copied at a time.
    """

    length: int
    function: Callable[[Samples], Scores]
    batch: int = 2048

    def score(self, samples: Samples, kind: ScoreKind) -> Scores:
        """Return the scores; see `Scorer`."""
        view = windows(samples, self.length)
        parts = [view[start : start + self.batch] for start in range(0, len(view), self.batch)]
        scores = np.concatenate([self.function(part.reshape(len(part), -1)) for part in parts])
        return sample_scores(scores, self.length, kind)


def held_out_scores(
    detector: Detector, train: Samples, kind: ScoreKind = ScoreKind.CAUSAL, blocks: int = BLOCKS
) -> Scores:
    """Return scores of the training samples by detectors that were not fitted to them: what a threshold is fitted to.

    The samples are split in time into blocks, and each is scored by the detector fitted to the others. (A nearest neighbour knows
    its own training windows: its scores there would say nothing.) Windows across the gap that a block leaves are few and kept.

    Parameters
    ----------
    detector
        Is fitted `blocks` times.
    train
        Shape ``(N, columns)``.
    kind
        Which score.
    blocks
        Blocks, 2 or more; fewer are taken where a block would be shorter than one and a half windows.

    Returns
    -------
    numpy.ndarray
        Shape ``(N,)``; NaN at the first samples of each block, where it has no causal score.

    Raises
    ------
    HoldOutError
        The samples are fewer than three windows, or `blocks` is below 2.
    """
    if blocks < 2:
        raise HoldOutError(f"training data are split into 2 blocks or more to hold one out, not {blocks}")
    least = detector.window + detector.window // 2
    if len(train) < 2 * least:
        raise HoldOutError(
            f"{len(train)} training samples are too few to hold some out: {2 * least} are needed for windows of "
            f"{detector.window}; choose a shorter window"
        )
    number = min(blocks, len(train) // least)
    edges = [len(train) * index // number for index in range(number + 1)]
    scores = []
    for start, stop in pairwise(edges):
        rest = np.concatenate([train[:start], train[stop:]])
        scores.append(detector.fit(rest).score(train[start:stop], kind))
    return np.concatenate(scores)
