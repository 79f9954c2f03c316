"""What is written: the same bytes for the same records, and what the document says of them."""

from __future__ import annotations

import json
from pathlib import Path

from support.chain import tree
from support.evaluations import FIGURES, record, results

from hw_trigger.evaluation.comparison import Difference
from hw_trigger.evaluation.document import DOCUMENT, PLOTS, RESULTS, closeness, to_markdown, write_evaluation
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import ROW_KEYS

ALL_ROWS = results({key: [0.1 + 0.05 * place, 0.3, 0.5] for place, key in enumerate(ROW_KEYS)}, ["A-1", "A-2", "D-1"])


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "one", ALL_ROWS, "deviation", {})
    write_evaluation(tmp_path / "other", Results(ALL_ROWS.records[::-1]), "deviation", {})
    first = tree(tmp_path / "one")
    assert first == tree(tmp_path / "other")
    assert set(first) == {RESULTS, DOCUMENT, *PLOTS}
    assert all(first[name].startswith(b"\x89PNG") for name in PLOTS)


def test_the_data_have_everything(tmp_path: Path) -> None:
    write_evaluation(tmp_path, ALL_ROWS, "deviation", {"A-9": "it is gone"})
    data = json.loads((tmp_path / RESULTS).read_text("utf-8"))
    assert len(data["records"]) == 3 * len(ROW_KEYS)
    assert set(data["records"][0]["causal"]) == set(FIGURES)
    assert data["left_out"] == {"A-9": "it is gone"}
    assert data["means"]["knn"]["all channels"]["figures"]["auc_pr"]["channels"] == 3
    assert data["means"]["knn"]["degenerate channels"]["channels"] == 1
    assert {item["other"] for item in data["integer_minus_float"]} == {"float"}


def test_the_document() -> None:
    text = to_markdown(ALL_ROWS, "deviation", {"A-9": "it is gone"})
    assert text.startswith("# Evaluation on 3 channels\n\n")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Evaluation on 3 channels",
        "## All channels (3)",
        "### Integer program minus its best rival",
        "### Integer program minus float network",
        "## Without degenerate channels (2)",
        "## Degenerate channels (1)",
        "## Window-spread scores, all channels",
        "## Point-adjusted F1",
        "## Channels",
        "## Notes",
    ]
    assert "**no trigger can have it in time**" in text
    assert "- Left out: channel A-9: it is gone\n" in text
    assert "of the kind deviation" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_baselines_alone_are_compared_with_no_network() -> None:
    text = to_markdown(results({"sub-pca": [0.5], "knn": [0.5]}, ["A-1"]), "deviation", {})
    assert "Integer program" not in text
    assert "Same trigger" not in text
    assert "In italics" not in text
    assert "\nkNN, causal:\n" in text


def test_a_budget_that_was_asked_for_is_told() -> None:
    found = results({"knn": [0.5, 2.0], "integer": [0.0, 1.0]}, ["A-1", "A-2"], budget=1.0)
    assert (
        "- Asked for in training: at most 1 false alarms a day. On test data that holds on 1 of 2 channels for kNN, on 2 of 2 "
        "channels for integer program.\n"
    ) in to_markdown(found, "deviation", {})


def test_seeds_are_told() -> None:
    found = Results(tuple(record("integer", "A-1", 0.5, seed=seed) for seed in (0, 1)))
    assert "95% interval over 2 seeds" in to_markdown(found, "deviation", {})


def test_how_close_the_integer_program_is() -> None:
    """A figure with a unit, as false alarms a day, is no share."""
    found = [
        Difference("auc_pr", "integer", "float", -0.004, None, None, 9),
        Difference("event_f1", "integer", "float", 0.02, None, None, 9),
        Difference("delay_median", "integer", "float", 3.0, None, None, 9),
    ]
    assert closeness(found) == "1 of 2 are within it. The furthest is event F1, 0.0200."
    assert closeness([]) == ""
