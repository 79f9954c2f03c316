"""What a report says of detection: what each executor made of the test data, for the plots, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.intervals import runs
from hw_trigger.detection.scores import ScoreKind, causal_alarms, causal_scores, window_spread_scores
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import DeviationTrigger, MarginTrigger, Program
from hw_trigger.report.detection_data import Detection, Outcome, SplitPart, Telemetry
from hw_trigger.stages.scoring import Scored
from hw_trigger.stages.supervised import Labelled
from hw_trigger.telemetry.channel import Channel, Interval
from hw_trigger.training.labelled import PARTS, Stretch

Found = Sequence[tuple[str, Scored]]
"""Each executor and its scores; the integer program is the last."""


def telemetry(
    program: Program, channel: Channel, samples: NDArray[np.float64], found: Found, execution: Execution
) -> Telemetry:
    """Return what the plots show of an autoencoder's test data.

    Parameters
    ----------
    samples
        Column 0 of the test data, scaled, ``(M,)``.
    found
        Scores of every window.
    execution
        The integer program's.
    """
    trigger = program.trigger
    if trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    settle, record_windows = 0, None
    if isinstance(trigger, DeviationTrigger):
        settle, record_windows = trigger.settle, 1 << trigger.record_decay if trigger.adaptive else None
    return Telemetry(
        channel=channel.name,
        unit="scaled",
        score_unit=trigger.unit,
        length=program.steps,
        samples=samples,
        anomalies=channel.anomalies,
        outcomes=tuple(
            Outcome(
                name, causal_scores(each.scores, each.steps), causal_alarms(each.alarms, each.steps), each.threshold
            )
            for name, each in found
        ),
        settle=settle,
        record_windows=record_windows,
        windows=program.output.values(execution.output[:, :, 0]),
    )


def labelled_telemetry(channel: Channel, samples: NDArray[np.float64], labelled: Labelled, found: Found) -> Telemetry:
    """Return what the plots show of the part of the labelled samples that tests a classifier.

    Its samples are those that windows of the part end with: each has a score. Several stretches of time are put end to end; their
    seams are marked, and metrics of events and tolerances go across them.

    Parameters
    ----------
    samples
        Column 0 of all labelled samples, scaled, ``(N,)``.
    found
        Scores of the part's windows.
    """
    ends = labelled.test.ends
    return Telemetry(
        channel=channel.name,
        unit="scaled",
        score_unit=MarginTrigger.unit,
        length=labelled.window,
        samples=samples[ends],
        anomalies=tuple(Interval(start, stop, "labelled") for start, stop in runs(labelled.labels[ends]).tolist()),
        outcomes=tuple(Outcome(name, each.scores, each.alarms, each.threshold) for name, each in found),
        seams=tuple((np.flatnonzero(np.diff(ends) > 1) + 1).tolist()),
    )


def split_parts(labelled: Labelled, stretches: Sequence[Stretch]) -> tuple[SplitPart, ...]:
    """Return how a classifier's labelled samples were shared out."""
    return tuple(
        SplitPart(
            name,
            tuple((item.start, item.stop) for item in stretches if item.part == name),
            len(part.ends),
            int(np.count_nonzero(labelled.classes(part))),
        )
        for name, part in zip(PARTS, (labelled.train, labelled.validation, labelled.test), strict=True)
    )


def detection(shown: Telemetry, protocol: Protocol) -> tuple[Detection, ...]:
    """Measure each executor: the causal score with the trigger's alarms, and of an autoencoder the window-spread one too."""
    found = []
    for each in shown.outcomes:
        causal = evaluate_channel(
            each.scores, shown.labels, each.threshold, ScoreKind.CAUSAL, protocol, alarms=each.alarms
        )
        found.append(Detection(each.executor, causal, protocol))
        if shown.windows is not None:
            # What is spread over a window knows no alarm but by the threshold.
            scores = window_spread_scores(each.scores[shown.length - 1 :], shown.length)
            spread = evaluate_channel(scores, shown.labels, each.threshold, ScoreKind.WINDOW_SPREAD, protocol)
            found.append(Detection(each.executor, spread, protocol))
    return tuple(found)
