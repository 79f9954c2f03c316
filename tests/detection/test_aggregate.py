import re

import pytest

from hw_trigger.detection.aggregate import (
    ALL,
    DEGENERATE,
    SOUND,
    AggregateError,
    ChannelResult,
    Mean,
    confidence_interval,
    summarize,
)
from hw_trigger.detection.events import EventCounts


def result(
    channel: str,
    figure: float | None,
    *,
    seed: int = 0,
    spacecraft: str = "SMAP",
    degenerate: bool = False,
    counts: EventCounts | None = None,
) -> ChannelResult:
    return ChannelResult(channel, spacecraft, degenerate, seed, {"auc": figure}, counts or EventCounts(1, 0, 0))


def test_each_channel_counts_the_same_and_groups_are_apart() -> None:
    results = [
        result("A", 0.2, counts=EventCounts(1, 3, 0)),
        result("B", 0.4, degenerate=True),
        result("C", 0.9, spacecraft="MSL"),
    ]
    summaries = {item.group: item for item in summarize(results)}
    assert list(summaries) == [ALL, "MSL", "SMAP", SOUND, DEGENERATE]
    values = {group: item.means["auc"].value for group, item in summaries.items()}
    assert values == pytest.approx({ALL: 0.5, "MSL": 0.9, "SMAP": 0.3, SOUND: 0.55, DEGENERATE: 0.4})
    assert [item.channels for item in summaries.values()] == [3, 1, 2, 2, 1]
    assert summaries[ALL].means["pooled_event_f1"] == Mean(2 * 3 / (2 * 3 + 3), None, None, 3, 1)


def test_groups_without_a_channel_are_left_out() -> None:
    assert [item.group for item in summarize([result("A", 0.5)])] == [ALL, "SMAP", SOUND]


def test_the_interval_is_students_over_seeds() -> None:
    """Means over channels 0.4, 0.5, 0.6: s = 0.1, t = 4.30265 with 2 degrees of freedom, half = t 0.1 / sqrt(3)."""
    results = [
        result(name, 0.4 + 0.1 * seed + sign * 0.3, seed=seed)
        for seed in range(3)
        for name, sign in (("A", 1), ("B", -1))
    ]
    mean = summarize(results)[0].means["auc"]
    half = 4.302653 * 0.1 / 3**0.5
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half), abs=1e-6)
    assert (mean.channels, mean.seeds) == (2, 3)


def test_one_seed_has_no_interval() -> None:
    assert confidence_interval([0.5]) == (None, None)
    assert confidence_interval([0.5, 0.5]) == (0.5, 0.5)


def test_undefined_figures_are_left_out_and_counted() -> None:
    mean = summarize([result("A", 0.5), result("B", None)])[0].means["auc"]
    assert mean == Mean(0.5, None, None, 1, 1)
    assert summarize([result("A", None)])[0].means["auc"] == Mean(None, None, None, 0, 1)


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "there are no results to take a mean of"),
        ([result("A", 0.5), result("A", 0.6)], "channel 'A' has 2 results of seed 0, and 1 is needed"),
        (
            [result("A", 0.5), result("A", 0.6, seed=7), result("B", 0.5)],
            "channel 'B' has no result of seed 7, which other channels have",
        ),
    ],
)
def test_means_over_different_channels_are_refused(results: list[ChannelResult], message: str) -> None:
    with pytest.raises(AggregateError, match=f"^{re.escape(message)}$"):
        summarize(results)
