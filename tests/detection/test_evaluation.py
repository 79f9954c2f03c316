import json
import re

import numpy as np
import pytest

from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.events import EventCounts
from hw_trigger.detection.metrics import MetricsError
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.detection.volume import volume_under_surface

CAUSAL = ScoreKind.CAUSAL
NAN = float("nan")


def test_each_figure_is_that_of_its_own_function() -> None:
    scores = [NAN, NAN, 0.0, 3.0, 0.0, 0.0, 3.0, 0.0]
    labels = np.array([1, 0, 0, 1, 1, 0, 0, 0], bool)
    found = evaluate_channel(scores, labels, 1.0, CAUSAL, Protocol(buffer=2, gap=0, sample_period=3600))
    assert found.events == EventCounts(found=1, missed=1, false=1)  # the event at 0, without a score, is missed
    assert found.delays.missed == 1
    assert found.samples.unscored == 2
    assert found.volume == volume_under_surface(scores[2:], labels[2:], 2)
    assert found.false_alarms_a_day == pytest.approx(24 / 4)  # samples 2, 5, 6 and 7 are normal and have a score
    figures = found.figures()
    assert figures["false_alarm_share"] == 1 / 4
    assert figures["event_f1"] == 0.5
    assert figures["delay_mean"] == 0.0
    assert figures["auc_roc"] == found.samples.auc_roc
    json.dumps(figures, allow_nan=False)
    assert evaluate_channel(scores, labels, 1.0, CAUSAL, Protocol(gap=2)).events == EventCounts(1, 1, 0)


def test_figures_that_need_an_anomaly_are_none_without_one() -> None:
    figures = evaluate_channel([0.0, 2.0, 0.0], np.zeros(3, bool), 1.0, CAUSAL).figures()
    defined = {name for name, value in figures.items() if value is not None}
    zero = {"precision", "f1", "event_precision", "event_f1", "event_f05"}
    assert defined == zero | {"false_alarms_a_day", "false_alarm_share"}
    assert {figures[name] for name in zero} == {0.0}
    assert figures["false_alarms_a_day"] == 1440 / 3


def test_figures_that_need_a_normal_sample_are_none_without_one() -> None:
    figures = evaluate_channel([0.0, 2.0, 0.0], np.ones(3, bool), 1.0, CAUSAL).figures()
    absent = {"auc_roc", "auc_pr", "vus_roc", "vus_pr", "vus_pr_steps", "false_alarms_a_day", "false_alarm_share"}
    assert {name for name, value in figures.items() if value is None} == absent


def test_constant_scores_rank_nothing() -> None:
    labels = np.arange(100) % 50 < 10
    figures = evaluate_channel(np.zeros(100), labels, 0.0, CAUSAL, Protocol(buffer=0)).figures()
    assert (figures["auc_roc"], figures["auc_pr"], figures["vus_pr_steps"]) == pytest.approx((0.5, 0.2, 0.2))
    assert (figures["event_recall"], figures["false_alarm_share"]) == (0.0, 0.0)


def test_a_hole_in_the_scores_is_refused() -> None:
    message = "sample 2 has no score, and samples before and after it have; events need all of them"
    with pytest.raises(MetricsError, match=f"^{re.escape(message)}$"):
        evaluate_channel([NAN, 1.0, NAN, 1.0, NAN], np.zeros(5, bool), 0.5, CAUSAL)


def test_alarms_that_are_no_threshold_of_the_scores() -> None:
    """An adaptive threshold: the alarm is at the lower of two scores. Areas are of the scores, the rest is of the alarms."""
    scores, labels = np.array([NAN, 5.0, 1.0, 4.0, 0.0]), np.array([0, 0, 0, 1, 1], bool)
    alarms = np.array([0, 0, 0, 1, 0], bool)
    plain = evaluate_channel(scores, labels, 0.5, CAUSAL, Protocol(gap=0))
    found = evaluate_channel(scores, labels, 0.5, CAUSAL, Protocol(gap=0), alarms=alarms)
    assert (plain.samples.true_positives, plain.samples.false_positives) == (1, 2)
    assert (found.samples.true_positives, found.samples.false_positives, found.samples.false_negatives) == (1, 0, 1)
    assert (found.samples.precision, found.samples.recall) == (1.0, 0.5)
    assert (found.events, found.false_alarms_a_day, found.false_alarm_share) == (EventCounts(1, 0, 0), 0.0, 0.0)
    assert (found.delays.samples, found.point_adjusted.f1, found.affiliation.precision) == ((0,), 1.0, 1.0)
    assert (found.samples.auc_roc, found.volume) == (plain.samples.auc_roc, plain.volume)
    assert evaluate_channel(scores, labels, 0.5, CAUSAL, Protocol(gap=0), alarms=scores > 0.5) == plain


@pytest.mark.parametrize(
    ("alarms", "message"),
    [
        ([True, False], "alarms have the shape (2,) of bool, and scores (3,); one bool per sample is needed"),
        ([0, 1, 1], "alarms have the shape (3,) of int64, and scores (3,); one bool per sample is needed"),
        ([True, False, False], "sample 0 is an alarm, and has no score"),
    ],
)
def test_alarms_that_cannot_be(alarms: list[object], message: str) -> None:
    with pytest.raises(MetricsError, match=f"^{re.escape(message)}$"):
        evaluate_channel([NAN, 1.0, 2.0], np.zeros(3, bool), 0.5, CAUSAL, alarms=np.array(alarms))
