"""Labelled samples are shared out in the order of time, and no sample is in windows of two parts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from hw_trigger.telemetry.channel import Interval
from hw_trigger.training.labelled import (
    LabelledSplitError,
    Part,
    Shares,
    Stretch,
    share_out,
    shared_anomalies,
    stretches,
)


def labels(count: int, *anomalies: tuple[int, int]) -> NDArray[np.bool_]:
    found = np.zeros(count, np.bool_)
    for start, stop in anomalies:
        found[start:stop] = True
    return found


def test_a_worked_example() -> None:
    assert stretches(100, Shares(0.5, 0.2)) == (
        Stretch("training", 0, 50),
        Stretch("validation", 50, 70),
        Stretch("test", 70, 100),
    )
    assert stretches(41, Shares(0.5, 0.25, rounds=2)) == (
        Stretch("training", 0, 10),
        Stretch("validation", 10, 15),
        Stretch("test", 15, 20),
        Stretch("training", 20, 31),
        Stretch("validation", 31, 36),
        Stretch("test", 36, 41),
    )


@pytest.mark.parametrize("rounds", [1, 2, 5])
@pytest.mark.parametrize("window", [2, 7, 10])
def test_no_sample_is_in_windows_of_two_parts(rounds: int, window: int) -> None:
    rng = np.random.default_rng(rounds)
    parts = share_out(rng.random(500) < 0.3, window, Shares(0.4, 0.3, rounds), what="the data")
    assert [part.name for part in parts] == ["training", "validation", "test"]
    used = [{sample for start in part.starts(window) for sample in range(start, start + window)} for part in parts]
    for one, other in itertools.combinations(used, 2):
        assert not one & other
    assert set.union(*used) == set(range(500))
    # So the newest samples of two parts are a window apart.
    ends = sorted((int(end), part.name) for part in parts for end in part.ends)
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(ends) if before[1] != after[1]]
    assert gaps == [window] * (3 * rounds - 1)


def test_the_last_part_tests() -> None:
    train, validation, test = share_out(np.arange(100) % 2 == 0, 5, Shares(0.5, 0.2), what="the data")
    np.testing.assert_array_equal(train.ends, np.arange(4, 50))
    np.testing.assert_array_equal(validation.ends, np.arange(54, 70))
    np.testing.assert_array_equal(test.ends, np.arange(74, 100))
    np.testing.assert_array_equal(test.starts(5), np.arange(70, 96))


@pytest.mark.parametrize(
    ("anomalies", "shares", "found"),
    [
        ([(10, 20), (80, 90)], Shares(0.5, 0.2), "validation part of the data has 16 nominal windows and no anomalous"),
        ([(50, 53), (60, 90)], Shares(0.2, 0.5), "training part of the data has 16 nominal windows and no anomalous"),
        (
            [(10, 20), (50, 60), (74, 100)],
            Shares(0.5, 0.2),
            "test part of the data has 26 anomalous windows and no nominal",
        ),
    ],
    ids=["no anomaly to validate on", "none to train on", "nothing else to test with"],
)
def test_a_part_without_both_classes_is_refused(anomalies: list[tuple[int, int]], shares: Shares, found: str) -> None:
    with pytest.raises(LabelledSplitError) as caught:
        share_out(labels(100, *anomalies), 5, shares, what="the data")
    assert str(caught.value) == (
        f"the {found} one, and a classifier needs both in every part; choose other shares (training.supervised.train, "
        "training.supervised.validation), or more training.supervised.rounds, which share out stretch by stretch"
    )


def test_a_part_without_a_window_is_refused() -> None:
    with pytest.raises(LabelledSplitError) as caught:
        share_out(labels(100, (10, 20), (50, 60), (80, 90)), 5, Shares(0.5, 0.04), what="the data")
    assert str(caught.value) == (
        "the validation part of the data has at most 4 samples at a time, fewer than the window of 5; "
        "choose a shorter window, other shares (training.supervised) or fewer training.supervised.rounds"
    )


def test_more_rounds_give_every_part_anomalies() -> None:
    found = labels(400, (10, 30), (110, 130), (235, 265), (380, 395))
    with pytest.raises(LabelledSplitError):
        share_out(found, 5, Shares(0.5, 0.05), what="the data")
    parts = share_out(found, 5, Shares(0.5, 0.25, rounds=2), what="the data")
    assert [int(found[part.ends].sum()) for part in parts] == [50, 20, 15]


def test_anomalies_of_several_parts_are_named() -> None:
    parts = [
        Part("training", np.arange(4, 50)),
        Part("validation", np.arange(54, 70)),
        Part("test", np.arange(74, 100)),
    ]
    anomalies = (Interval(45, 54, "a"), Interval(48, 55, "b"), Interval(40, 80, "c"), Interval(70, 90, "d"))
    assert shared_anomalies(anomalies, parts) == [
        (anomalies[1], ("training", "validation")),
        (anomalies[2], ("training", "validation", "test")),
    ]
