import re

import numpy as np
import pytest

from hw_trigger.detection.events import (
    Delays,
    EventCounts,
    detection_delays,
    event_counts,
    false_alarms_a_day,
    pooled,
)
from hw_trigger.detection.intervals import MarksError


def mask(text: str) -> np.ndarray:
    return np.array([letter == "#" for letter in text])


#      0         1         2
#      0123456789012345678901234
EVENTS = "..####....####....####..."
ALARMS = ".#..#.#......###...........".ljust(25)[:25]


def test_a_worked_example() -> None:
    """Alarms at 1 (false), 4 (in the first event), 6 (false: it ends before), 13 to 15 (reach into the second)."""
    counts = event_counts(mask(ALARMS), mask(EVENTS))
    assert counts == EventCounts(found=2, missed=1, false=2)
    assert counts.precision == 2 / 4
    assert counts.recall == 2 / 3
    assert counts.f() == pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3))
    assert counts.f(0.5) == pytest.approx(1.25 * (1 / 2) * (2 / 3) / (0.25 * (1 / 2) + 2 / 3))


def test_many_predicted_events_find_one_labelled_event_once() -> None:
    assert event_counts(mask("#.#.#."), mask("######")) == EventCounts(1, 0, 0)


def test_one_predicted_event_finds_many() -> None:
    """An alarm that is always on finds all and is never false: the share of false samples tells."""
    assert event_counts(mask("######"), mask(".#.#.#")) == EventCounts(3, 0, 0)


def test_alarms_within_the_gap_are_one_event() -> None:
    """With a gap of 1, 4 and 6 are one, which the first event overlaps; with 2, 1 joins them."""
    assert event_counts(mask(ALARMS), mask(EVENTS), gap=1) == EventCounts(2, 1, 1)
    assert event_counts(mask(ALARMS), mask(EVENTS), gap=2) == EventCounts(2, 1, 0)


def test_an_event_within_the_gap_is_missed() -> None:
    assert event_counts(mask("#....#"), mask("..##.."), gap=4) == EventCounts(0, 1, 1)
    assert event_counts(mask("#....#"), mask("..####"), gap=4) == EventCounts(1, 0, 0)


@pytest.mark.parametrize(
    ("alarms", "labels", "counts", "figures"),
    [
        ("....", "....", EventCounts(0, 0, 0), (None, None, None)),
        ("#.#.", "....", EventCounts(0, 0, 2), (0.0, None, 0.0)),
        ("....", "#.#.", EventCounts(0, 2, 0), (None, 0.0, 0.0)),
        ("####", "####", EventCounts(1, 0, 0), (1.0, 1.0, 1.0)),
    ],
)
def test_edge_cases(
    alarms: str, labels: str, counts: EventCounts, figures: tuple[float | None, float | None, float | None]
) -> None:
    found = event_counts(mask(alarms), mask(labels))
    assert found == counts
    assert (found.precision, found.recall, found.f()) == figures


def test_counts_are_pooled_before_they_are_divided() -> None:
    counts = pooled([EventCounts(1, 0, 0), EventCounts(0, 2, 1)])
    assert counts == EventCounts(1, 2, 1)
    assert counts.f() == 2 / (2 + 2 + 1)


def test_delays() -> None:
    delays = detection_delays(mask(ALARMS), mask(EVENTS))
    assert delays == Delays(samples=(2, 3), missed=1)
    assert (delays.mean, delays.median) == (2.5, 2.5)


def test_an_alarm_that_is_on_already_has_no_delay() -> None:
    assert detection_delays(mask("####."), mask(".#.##")) == Delays((0, 0), 0)
    assert detection_delays(mask("....."), mask(".#.##")) == Delays((), 2)
    assert Delays((), 2).mean is None
    assert Delays((), 2).median is None


def test_false_alarms_a_day() -> None:
    """Two false ones; 13 of 25 samples are normal; at 1 hour a sample that is 13 / 24 of a day."""
    rate = false_alarms_a_day(mask(ALARMS), mask(EVENTS), sample_period=3600)
    assert rate == pytest.approx(2 * 24 / 13)
    watched = np.arange(25) >= 1  # one normal sample fewer
    assert false_alarms_a_day(mask(ALARMS), mask(EVENTS), watched, sample_period=3600) == pytest.approx(2 * 24 / 12)
    assert false_alarms_a_day(mask("#" + "." * 1439), np.zeros(1440, bool)) == 1.0  # a minute is the sample period
    assert false_alarms_a_day(mask("##"), mask("##")) is None


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bad_sample_period_is_refused(period: float) -> None:
    message = f"the sample period must be a finite number of seconds above 0, not {period:g}"
    with pytest.raises(MarksError, match=f"^{re.escape(message)}$"):
        false_alarms_a_day(mask("#."), mask(".#"), sample_period=period)


def test_one_of_each_per_sample_is_needed() -> None:
    message = "there are 2 alarms and 3 labels; one of each per sample is needed"
    for measure in (event_counts, detection_delays, false_alarms_a_day):
        with pytest.raises(MarksError, match=f"^{re.escape(message)}$"):
            measure(mask(".#"), mask(".##"))
