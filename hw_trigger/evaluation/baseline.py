"""Controls and baselines on a channel: fitted to its training data, and their thresholds to scores of held-out ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.detection.baselines.detector import Detector, held_out_scores
from hw_trigger.detection.budget import fit_budget
from hw_trigger.detection.evaluation import Protocol
from hw_trigger.detection.scores import ScoreKind, Scores
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.evaluation.record import Detection
from hw_trigger.telemetry.channel import Channel


@dataclass(frozen=True)
class ThresholdRule:
    """Where thresholds are from.

    Attributes
    ----------
    sigmas
        ``mean + sigmas * standard deviation`` of held-out scores.
    budget
        False alarms a day, which the threshold is fitted to instead; None: none is asked for.
    """

    sigmas: float = 4.0
    budget: float | None = None

    def threshold(self, held_out: Scores, protocol: Protocol) -> float:
        """Return the threshold for held-out scores ``(N,)``, NaN where there is none.

        Raises
        ------
        ThresholdError
            The scores give no threshold.
        """
        if self.budget is None:
            return fit_threshold(held_out[~np.isnan(held_out)], self.sigmas)
        return fit_budget(held_out, self.budget, sample_period=protocol.sample_period, gap=protocol.gap).threshold


def detect(detector: Detector, channel: Channel, rule: ThresholdRule, protocol: Protocol) -> Detection:
    """Fit the detector to the training data of the channel, and score its test data.

    Raises
    ------
    HoldOutError, WindowError, ThresholdError
        There are too few samples, or their scores give no threshold.
    """
    threshold = rule.threshold(held_out_scores(detector, channel.train), protocol)
    scorer = detector.fit(channel.train)
    causal, spread = (scorer.score(channel.test, kind) for kind in ScoreKind)
    return Detection(causal, threshold, None, spread)
