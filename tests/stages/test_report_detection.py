"""What a report says of detection, from scores: an autoencoder's whole test data, and the part that tests a classifier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.programs import Sizes, random_program, random_windows, with_deviation

from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.fixedpoint import golden
from hw_trigger.report.detection_data import SplitPart, Telemetry
from hw_trigger.stages.report_detection import detection, labelled_telemetry, split_parts, telemetry
from hw_trigger.stages.scoring import Scored, scored
from hw_trigger.stages.supervised import Labelled
from hw_trigger.telemetry.channel import Channel, Interval
from hw_trigger.training.labelled import Shares, share_out, stretches

WINDOW = 4


def _channel(count: int, *anomalies: tuple[int, int]) -> Channel:
    samples = np.arange(count, dtype=np.float64)[:, None]
    intervals = tuple(Interval(start, stop, "spike") for start, stop in anomalies)
    return Channel("X", "TEST", samples, samples, intervals, "a test")


def _classifier(rounds: int) -> tuple[Channel, Labelled, Shares, Telemetry]:
    """80 samples with an anomaly in every part of every round of 40; scores are the numbers of the windows' newest samples."""
    channel = _channel(80, (6, 9), (25, 28), (34, 37), (46, 49), (66, 68), (74, 77))
    shares = Shares(0.5, 0.25, rounds)
    labelled = Labelled(WINDOW, channel.labels, *share_out(channel.labels, WINDOW, shares, what="X"))
    ends = labelled.test.ends
    found = Scored(ends.astype(np.float64), ends % 3 == 0, WINDOW, 30.0)
    others = replace(found, threshold=20.0)
    both = (("float network", others), ("integer program", found))
    return channel, labelled, shares, labelled_telemetry(channel, channel.test[:, 0], labelled, both)


def test_a_classifier_is_tested_on_the_last_part() -> None:
    channel, _, _, shown = _classifier(1)
    ends = np.arange(60 + WINDOW - 1, 80)
    np.testing.assert_array_equal(shown.samples, ends)
    np.testing.assert_array_equal(shown.shown.scores, ends)
    np.testing.assert_array_equal(shown.shown.alarms, ends % 3 == 0)
    np.testing.assert_array_equal(shown.labels, channel.labels[ends])
    assert (shown.seams, shown.windows, shown.score_unit) == ((), None, "logits")
    assert [(each.executor, each.threshold) for each in shown.outcomes] == [
        ("float network", 20.0),
        ("integer program", 30.0),
    ]


def test_several_stretches_are_joined_at_seams() -> None:
    channel, labelled, _, shown = _classifier(2)
    ends = np.concatenate([np.arange(33, 40), np.arange(73, 80)])
    np.testing.assert_array_equal(labelled.test.ends, ends)
    np.testing.assert_array_equal(shown.samples, ends)
    np.testing.assert_array_equal(shown.labels, channel.labels[ends])
    assert shown.seams == (7,)


def test_split_parts_tell_stretches_and_classes() -> None:
    _, labelled, shares, _ = _classifier(2)
    assert split_parts(labelled, stretches(80, shares)) == (
        SplitPart("training", ((0, 20), (40, 60)), 34, 6),
        SplitPart("validation", ((20, 30), (60, 70)), 14, 5),
        SplitPart("test", ((30, 40), (70, 80)), 14, 6),
    )


def test_a_classifier_has_causal_figures_only() -> None:
    _, _, _, shown = _classifier(1)
    protocol = Protocol(buffer=3, gap=2, sample_period=30.0)
    found = detection(shown, protocol)
    assert [(item.executor, item.metrics.score) for item in found] == [
        ("float network", ScoreKind.CAUSAL),
        ("integer program", ScoreKind.CAUSAL),
    ]
    assert found[1].evaluation == evaluate_channel(
        shown.shown.scores, shown.labels, 30.0, ScoreKind.CAUSAL, protocol, alarms=shown.shown.alarms
    )
    assert found[1].protocol is protocol


@pytest.mark.parametrize("adaptive", [True, False])
def test_an_autoencoder_is_tested_on_all_of_the_test_data(adaptive: bool) -> None:
    program = with_deviation(
        random_program(1, Sizes(steps=WINDOW)), adaptive=adaptive, settle=5, record_decay=6, threshold=200
    )
    windows = random_windows(program, 40)
    execution = golden.run(program, windows)
    count = len(windows) + WINDOW - 1
    channel = _channel(count, (20, 30))
    found = scored(program, execution)
    shown = telemetry(program, channel, channel.test[:, 0], (("integer program", found),), execution)
    assert (shown.settle, shown.record_windows, shown.score_unit) == (5, 64 if adaptive else None, "octaves")
    np.testing.assert_array_equal(shown.windows, program.output.values(execution.output)[:, :, 0])
    np.testing.assert_array_equal(shown.shown.scores[WINDOW - 1 :], found.scores)
    assert np.isnan(shown.shown.scores[: WINDOW - 1]).all()
    assert execution.trigger is not None
    np.testing.assert_array_equal(shown.shown.alarms, np.concatenate([[False] * (WINDOW - 1), execution.trigger]))
    causal, spread = detection(shown, Protocol(buffer=5, gap=WINDOW))
    assert (causal.metrics.score, spread.metrics.score) == (ScoreKind.CAUSAL, ScoreKind.WINDOW_SPREAD)
    assert causal.metrics.true_positives + causal.metrics.false_positives == execution.trigger.sum() > 0
    assert (causal.metrics.unscored, spread.metrics.unscored) == (WINDOW - 1, 0)
