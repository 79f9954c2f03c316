"""What a report is made of, as far as detection goes: what each executor made of the test data, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.evaluation import Evaluation, Protocol
from hw_trigger.detection.metrics import DetectionMetrics
from hw_trigger.telemetry.channel import Interval, sample_labels

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """All metrics of one executor, for example ``"float network"``, ``"quantized network"``, ``"integer program"``.

    Attributes
    ----------
    protocol
        What the metrics that need time were measured with.
    """

    executor: str
    evaluation: Evaluation
    protocol: Protocol

    @property
    def metrics(self) -> DetectionMetrics:
        """What was measured sample by sample."""
        return self.evaluation.samples


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one executor makes of each test sample, from the window that ends with it.

    Attributes
    ----------
    scores
        Shape ``(M,)``; NaN for the first samples, which end no window.
    alarms
        bool, ``(M,)``; not in every case what is above the threshold: a trigger may remember.
    threshold
        In the unit of the scores.
    """

    executor: str
    scores: _Values
    alarms: NDArray[np.bool_]
    threshold: float


@dataclass(frozen=True, eq=False)
class Telemetry:
    """Test data of the channel and what came of them, for the plots.

    Attributes
    ----------
    unit, score_unit
        Units of values and of scores, for example ``"scaled"`` and ``"octaves"``.
    length
        Samples of a window.
    samples
        Column 0 of the test data, shape ``(M,)``.
    anomalies
        Labelled anomalies.
    outcomes
        Of each executor, the one nearest to the hardware last: that is the one whose scores and windows are shown.
    settle
        Windows at the start without alarms, whatever their scores.
    record_windows
        Windows in which a record falls to 1/e, where an alarm must be a new record; else ``None``.
    seams
        Samples that do not follow in time on those before them: of a classifier that is tested on several stretches of time.
    windows
        Column 0 of every window's reconstruction, stride 1, shape ``(M - length + 1, length)``; ``None`` where the network
        reconstructs nothing.
    """

    channel: str
    unit: str
    score_unit: str
    length: int
    samples: _Values
    anomalies: tuple[Interval, ...]
    outcomes: tuple[Outcome, ...]
    settle: int = 0
    record_windows: int | None = None
    seams: tuple[int, ...] = ()
    windows: _Values | None = None

    def __post_init__(self) -> None:
        count = len(self.samples)
        for outcome in self.outcomes:
            if outcome.scores.shape != (count,) or outcome.alarms.shape != (count,):
                raise ValueError(
                    f"there are {count} samples, and scores {outcome.scores.shape} and alarms {outcome.alarms.shape} of the "
                    f"{outcome.executor}"
                )
        if not self.outcomes:
            raise ValueError("there is no executor's outcome")
        if self.windows is not None and self.windows.shape != (count - self.length + 1, self.length):
            raise ValueError(f"{count} samples have no {self.windows.shape} windows of {self.length}")

    @property
    def shown(self) -> Outcome:
        """The outcome nearest to the hardware."""
        return self.outcomes[-1]

    @property
    def bar(self) -> _Values:
        """What the shown scores must be above for an alarm, shape ``(M,)``: the threshold, or the record before the sample."""
        bar = np.full(len(self.samples), self.shown.threshold)
        if self.record_windows is not None:
            record = 0.0
            for index, score in enumerate(np.nan_to_num(self.shown.scores).tolist()):
                bar[index] = max(bar[index], record)
                record = max(score, record - record / self.record_windows)
        return bar

    @property
    def reconstruction(self) -> _Values | None:
        """For each sample the last value of the window that ends with it, shape ``(M,)``; NaN where no window ends."""
        if self.windows is None:
            return None
        return np.concatenate([np.full(self.length - 1, np.nan), self.windows[:, -1]])

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Whether a sample is labelled anomalous, shape ``(M,)``."""
        return sample_labels(self.anomalies, len(self.samples))


@dataclass(frozen=True)
class SplitPart:
    """One part of a classifier's labelled data, which are split by time; no window has samples of two parts.

    Attributes
    ----------
    name
        ``"training"``, ``"validation"`` or ``"test"``.
    stretches
        Its samples: the first of each stretch of time and the one after its last, counted from the first labelled one.
    windows, anomalous
        Windows, and those of them that are labelled anomalous.
    """

    name: str
    stretches: tuple[tuple[int, int], ...]
    windows: int
    anomalous: int
