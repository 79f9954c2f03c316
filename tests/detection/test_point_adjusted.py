import re

import numpy as np
import pytest

from hw_trigger.detection.intervals import MarksError
from hw_trigger.detection.point_adjusted import PointAdjusted, point_adjusted


def test_a_worked_example() -> None:
    """One alarm finds all 4 samples of the first event, the second (2 samples) is missed, one alarm is false."""
    labels = np.array([0, 1, 1, 1, 1, 0, 0, 1, 1, 0], bool)
    alarms = np.array([1, 0, 0, 1, 0, 0, 0, 0, 0, 0], bool)
    assert point_adjusted(alarms, labels).f1 == pytest.approx(2 * 4 / (2 * 4 + 2 + 1))


def test_random_alarms_look_like_the_state_of_the_art() -> None:
    """An event of 500 samples: 1 % of alarms at random find it, and nearly all they are blamed for is 20 false ones."""
    labels = np.zeros(2500, bool)
    labels[1000:1500] = True
    alarms = np.zeros(2500, bool)
    alarms[::100] = True
    found = point_adjusted(alarms, labels)
    assert found.random_f1 is not None
    assert found.random_f1 > 0.95


def test_alarms_at_random_are_where_they_are_watched_and_depend_on_the_seed() -> None:
    labels, watched = np.arange(100) < 10, np.arange(100) >= 10
    alarms = np.arange(100) >= 95
    assert point_adjusted(alarms, labels, watched) == PointAdjusted(0.0, 0.0)
    one = point_adjusted(alarms, labels, seed=1)
    assert one == point_adjusted(alarms, labels, seed=1)
    assert one != point_adjusted(alarms, labels, seed=2)


def test_edge_cases() -> None:
    none, every = np.zeros(5, bool), np.ones(5, bool)
    assert point_adjusted(none, none) == PointAdjusted(None, None)
    assert point_adjusted(every, none) == PointAdjusted(None, None)
    assert point_adjusted(none, every) == PointAdjusted(0.0, 0.0)
    assert point_adjusted(every, every) == PointAdjusted(1.0, 1.0)


def test_one_of_each_per_sample_is_needed() -> None:
    message = "there are 2 alarms, 3 labels and 3 watched samples; one of each per sample is needed"
    with pytest.raises(MarksError, match=f"^{re.escape(message)}$"):
        point_adjusted(np.zeros(2, bool), np.zeros(3, bool))
