"""Paired differences and their intervals, on worked examples."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.evaluations import record, results

from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.comparison import (
    Difference,
    against_best_baseline,
    against_float,
    bootstrap_interval,
    compare,
    compare_pooled,
)
from hw_trigger.evaluation.results import Results

CHANNELS = ("A-1", "A-2", "A-3", "A-4")


def test_the_interval_of_two_values_by_hand() -> None:
    """Resamples have the means 0, 1/2 and 1 with probabilities 1/4, 1/2 and 1/4: 95% of them reach from 0 to 1."""
    assert bootstrap_interval([0.0, 1.0]) == (0.0, 1.0)


def test_the_interval_is_that_of_a_normal_mean() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = bootstrap_interval(values.tolist())
    half = 1.96 * values.std() / math.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)
    assert bootstrap_interval(values.tolist()) == (low, high)


def test_one_value_says_nothing_and_equal_ones_are_certain() -> None:
    assert bootstrap_interval([]) == bootstrap_interval([0.3]) == (None, None)
    assert bootstrap_interval([0.1] * 7) == (0.1, 0.1)


def test_a_difference_is_taken_channel_by_channel() -> None:
    """Over the channels on which both have the figure: 0.5 - 0.25 and 0.5 - 0."""
    found = results({"integer": [0.5, 0.5, None, 0.75], "knn": [0.25, 0.0, 1.0, None]}, CHANNELS)
    assert compare(found, "integer", "knn", "auc_pr") == Difference("auc_pr", "integer", "knn", 0.375, 0.25, 0.5, 2)
    nothing = results({"integer": [None], "knn": [0.5]}, ["A-1"])
    assert compare(nothing, "integer", "knn", "auc_pr") == Difference("auc_pr", "integer", "knn", None, None, None, 0)


def test_seeds_are_averaged_first() -> None:
    seeds = tuple(record("integer", "A-1", value, seed=seed) for seed, value in enumerate((0.25, 0.75, 0.5)))
    found = compare(Results((*seeds, record("knn", "A-1", 0.25))), "integer", "knn", "auc_roc")
    assert (found.mean, found.channels) == (0.25, 1)
    undefined = (*seeds[:2], record("integer", "A-1", None, seed=2), record("knn", "A-1", 0.25))
    assert compare(Results(undefined), "integer", "knn", "auc_roc").channels == 0


def test_the_rival_is_the_best_baseline_of_each_figure() -> None:
    """kNN has the better figures, Sub-PCA fewer false alarms; the controls and the float network take no part."""
    rows = [
        record("time-index", "A-1", 1.0, false_alarms_a_day=0.0),
        record("sub-pca", "A-1", 0.25, false_alarms_a_day=1.0),
        record("knn", "A-1", 0.5, false_alarms_a_day=4.0),
        record("float", "A-1", 0.75, false_alarms_a_day=0.5),
        record("integer", "A-1", 0.625, false_alarms_a_day=0.5),
    ]
    found = {item.figure: item for item in against_best_baseline(Results(tuple(rows)))}
    assert (found["vus_pr"].other, found["vus_pr"].mean) == ("knn", 0.125)
    assert (found["false_alarms_a_day"].other, found["false_alarms_a_day"].mean) == ("sub-pca", -0.5)
    assert "point_adjusted_f1" not in found
    close = {item.figure: item.mean for item in against_float(Results(tuple(rows)))}
    assert (close["vus_pr"], close["false_alarms_a_day"]) == (-0.125, 0.0)


def test_the_plain_autoencoder_is_a_rival_too() -> None:
    rows = [record("knn", "A-1", 0.25), record("float-error", "A-1", 0.5), record("integer", "A-1", 0.75)]
    found = {item.figure: item for item in against_best_baseline(Results(tuple(rows)))}
    assert (found["auc_pr"].other, found["auc_pr"].mean) == ("float-error", 0.25)


def test_few_alarms_are_no_best_precision() -> None:
    """A row that raises none on a channel has no precision there, and loses to one that has it everywhere."""
    rows = [
        *(record("knn", name, 0.5, event_precision=0.5) for name in ("A-1", "A-2")),
        record("training-range", "A-1", 0.25, event_precision=1.0),
        record("training-range", "A-2", 0.25, event_precision=None),
        *(record("integer", name, 0.5, event_precision=0.75) for name in ("A-1", "A-2")),
    ]
    found = {item.figure: item for item in against_best_baseline(Results(tuple(rows)))}
    assert (found["event_precision"].other, found["event_precision"].mean) == ("knn", 0.25)


def test_pooled_events_are_summed_before_they_are_compared() -> None:
    """5 + 1 of 8 found without a false one, against 4 + 0 of 8 with 4: 12 / 14 and 8 / 16."""
    counts = {
        "integer": (EventCounts(5, 1, 0), EventCounts(1, 1, 0)),
        "float": (EventCounts(4, 2, 2), EventCounts(0, 2, 2)),
    }
    rows = [
        replace(record(row, name, 0.5), events=events)  # type: ignore[arg-type]
        for row, both in counts.items()
        for name, events in zip(("A-1", "A-2"), both, strict=True)
    ]
    found = compare_pooled(Results(tuple(rows)), "integer", "float")
    assert found.mean == pytest.approx(12 / 14 - 8 / 16)
    # A resample of one channel twice: 10 / 11 - 8 / 12, or 2 / 3 - 0.
    assert found.low == pytest.approx(10 / 11 - 8 / 12)
    assert found.high == pytest.approx(2 / 3)
    assert found == next(item for item in against_float(Results(tuple(rows))) if item.figure == "pooled_event_f1")


def test_without_the_rows_there_is_nothing_to_compare() -> None:
    assert against_best_baseline(results({"integer": [0.5], "random": [0.1]}, ["A-1"])) == ()
    assert against_best_baseline(results({"knn": [0.5]}, ["A-1"])) == ()
    assert against_float(results({"integer": [0.5], "qat": [0.5]}, ["A-1"])) == ()
