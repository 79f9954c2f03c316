"""Rows, channels and groups of an evaluation."""

from __future__ import annotations

from support.evaluations import record, results

from hw_trigger.detection.aggregate import ALL, DEGENERATE, SOUND
from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.results import Results, belongs, contenders
from hw_trigger.evaluation.rows import ROW_KEYS, ROWS


def test_every_key_has_its_row() -> None:
    assert tuple(ROWS) == ROW_KEYS
    assert [row.key for row in ROWS.values()] == list(ROW_KEYS)


def test_rows_and_channels_are_in_the_order_of_the_table() -> None:
    found = Results(
        (
            record("integer", "Z-1", spacecraft="LANDER"),
            record("integer", "A-1"),
            record("knn", "A-1"),
            record("knn", "Z-1", spacecraft="LANDER"),
        )
    )
    assert [row.key for row in found.rows] == ["knn", "integer"]
    assert found.channels == ("Z-1", "A-1")  # by spacecraft
    assert found.groups == (ALL, "LANDER", "ORBITER")
    assert found.counts("knn") == EventCounts(2, 2, 4)


def test_one_spacecraft_is_no_group_of_its_own() -> None:
    found = results({"knn": [0.2, 0.6]}, ["A-1", "D-1"])
    assert found.groups == (ALL, SOUND, DEGENERATE)
    assert [belongs(found.records[1], group) for group in (ALL, "ORBITER", SOUND, DEGENERATE)] == [
        True,
        True,
        False,
        True,
    ]
    assert {item.group: item.means["auc_pr"].value for item in found.causal["knn"]} == {
        ALL: 0.4,
        "ORBITER": 0.4,
        SOUND: 0.2,
        DEGENERATE: 0.6,
    }


def test_a_budget_is_held_on_channels_at_most_at_it() -> None:
    made = (
        record("knn", "A-1", 1.0),
        record("knn", "A-2", 1.5),
        record("knn", "A-3", 0.0),
        record("knn", "A-4", 0.0, false_alarms_a_day=None),
    )
    assert Results(made, budget=1.0).within_budget("knn") == (2, 3)
    assert Results(made).within_budget("knn") is None


def test_controls_do_not_contend() -> None:
    assert [row.key for row in contenders(tuple(ROWS.values()))] == list(ROW_KEYS[2:])
