"""Tables: means, marks, intervals, counts."""

from __future__ import annotations

from dataclasses import replace

from support.evaluations import record, results

from hw_trigger.detection.aggregate import ALL, DEGENERATE, Mean
from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.columns import COLUMNS, RANKING_COLUMNS, Column
from hw_trigger.evaluation.comparison import Difference
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.tables import channels_table, differences_table, events_text, mean_text, means_table

AREA = Column("auc_pr", "AUC-PR")
ALARMS = next(column for column in COLUMNS if column.figure == "false_alarms_a_day")


def table(found: Results, *columns: Column, group: str = ALL) -> list[str]:
    return means_table(found, found.causal, group, columns).splitlines()[2:]


def test_the_best_is_marked_but_no_control() -> None:
    found = results({"random": [0.9, 0.9], "sub-pca": [0.5, 0.25], "knn": [0.75, 0.5]}, ["A-1", "D-2"])
    assert table(found, AREA, ALARMS) == [
        "| *random* | 0.900 | 0.90 |",
        "| Sub-PCA | 0.375 | **0.38** |",
        "| kNN | **0.625** | 0.62 |",
    ]
    assert table(found, AREA, group=DEGENERATE) == [
        "| *random* | 0.900 |",
        "| Sub-PCA | 0.250 |",
        "| kNN | **0.500** |",
    ]


def test_ties_are_all_marked() -> None:
    assert table(results({"knn": [0.5], "qat": [0.5]}, ["A-1"]), AREA) == [
        "| kNN | **0.500** |",
        "| QAT LSTM, same trigger | **0.500** |",
    ]


def test_what_is_not_defined_on_all_channels_is_not_marked() -> None:
    found = results({"sub-pca": [None, 1.0], "knn": [0.5, 0.5], "qat": [None, None]}, ["A-1", "A-2"])
    assert table(found, AREA) == ["| Sub-PCA | 1.000 (1) |", "| kNN | **0.500** |", "| QAT LSTM, same trigger | none |"]


def test_point_adjusted_figures_are_not_marked() -> None:
    (line,) = table(results({"knn": [0.5]}, ["A-1"]), *COLUMNS[-2:])
    assert line == "| kNN | 0.500 | 0.500 |"


def test_an_interval_over_seeds() -> None:
    mean = Mean(0.5, 0.4375, 0.5625, 7, 3)
    assert mean_text(mean, AREA, 7) == "0.500 [0.438, 0.562]"
    assert mean_text(mean, AREA, 9, interval=False) == "0.500 (7)"


def test_events_are_summed_over_channels_and_averaged_over_seeds() -> None:
    made = [record("integer", channel, seed=seed) for channel in ("A-1", "D-1") for seed in (0, 1)]
    made[0] = replace(made[0], events=EventCounts(4, 1, 2))
    found = Results(tuple(made))
    assert events_text(found, "integer", ALL) == "3.5, 2, 4"
    assert events_text(found, "integer", DEGENERATE) == "1, 1, 2"
    lines = means_table(found, found.causal, ALL, RANKING_COLUMNS[:1], events=True).splitlines()
    assert lines[0] == "| detector | AUC-ROC | found, missed, false |"
    assert lines[2].endswith("| 3.5, 2, 4 |")


def test_differences_on_one_side_of_zero_are_marked() -> None:
    found = [
        Difference("auc_pr", "integer", "knn", 0.05, 0.01, 0.09, 54),
        Difference("delay_median", "integer", "sub-pca", -3.0, -7.5, 0.5, 40),
        Difference("event_f1", "integer", "knn", None, None, None, 0),
        Difference("vus_pr", "integer", "knn", 0.25, None, None, 1),
    ]
    assert differences_table(found).splitlines()[2:] == [
        "| AUC-PR (more is better) | kNN | **+0.0500** | +0.0100 to +0.0900 | 54 |",
        "| delay (samples) (less is better) | Sub-PCA | -3.0000 | -7.5000 to +0.5000 | 40 |",
        "| event F1 | kNN | none | none | 0 |",
        "| VUS-PR (more is better) | kNN | +0.2500 | none | 1 |",
    ]


def test_channels_with_the_time_of_their_training() -> None:
    found = results({"integer": [0.25, None]}, ["A-1", "D-1"])
    lines = channels_table(found, "integer", {"A-1": 9.7}).splitlines()
    assert lines[0].startswith("| channel | spacecraft | degenerate | training (s) | AUC-ROC | ")
    assert lines[2].startswith("| A-1 | ORBITER |  | 10 | 0.250 | ")
    assert lines[3].startswith("| D-1 | ORBITER | yes |  | none | ")
    assert lines[3].endswith(" | 1, 1, 2 |")
    assert "training" not in channels_table(found, "integer")
