"""What is measured of a detection, and that a record comes back from its file as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.evaluations import record

from hw_trigger.detection.evaluation import Protocol
from hw_trigger.detection.events import EventCounts
from hw_trigger.evaluation.record import RANKING, Detection, Record, measure
from hw_trigger.evaluation.store import Store

NAN = float("nan")


def test_a_worked_example() -> None:
    """Windows of two samples; the anomaly is at samples 3 and 4. The alarm, at sample 4, is given, as scores do not tell it."""
    causal = np.array([NAN, 0.0, 3.0, 1.0, 2.0])
    spread = np.array([0.0, 1.5, 2.0, 4.0, 3.0])
    alarms = np.array([0, 0, 0, 0, 1], bool)
    labels = np.array([0, 0, 0, 1, 1], bool)
    found = measure(Detection(causal, 2.5, alarms, spread), labels, Protocol(buffer=0, gap=0))
    # Pairs of an anomalous and a normal sample: 1 > 0, 2 > 0, and not 1 > 3, 2 > 3.
    assert found.causal["auc_roc"] == 0.5
    # Down from the highest score: 3 is normal, 2 is right at 1 of 2, 1 at 2 of 3.
    assert found.causal["auc_pr"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (found.causal["precision"], found.causal["recall"]) == (1.0, 0.5)
    assert (found.events, found.causal["delay_median"]) == (EventCounts(1, 0, 0), 1.0)
    assert set(found.spread) == set(RANKING)
    assert found.spread["auc_roc"] == 1.0
    above = measure(Detection(causal, 2.5, None, spread), labels, Protocol(buffer=0, gap=0))
    assert above.events == EventCounts(0, 1, 1)


def test_the_store_gives_back_what_was_put_there(tmp_path: Path) -> None:
    store, kept = Store(tmp_path), record("knn", "A-1", None, auc_pr=0.1 + 0.2)
    store.save(kept, "key")
    assert store.load("knn", "A-1", 0, "key") == kept
    assert store.path("knn", "A-1", 0) == tmp_path / "knn" / "A-1.json"
    assert store.path("knn", "A-1", 3) == tmp_path / "knn" / "A-1-seed3.json"


def test_the_store_has_no_record_of_something_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(record("knn", "A-1"), "key")
    assert store.load("knn", "A-1", 0, "another key") is None
    assert store.load("knn", "A-2", 0, "key") is None
    assert store.load("random", "A-1", 0, "key") is None
    store.save(record("knn", "A-1"), "another key")
    assert store.load("knn", "A-1", 0, "key") is None


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b"{}", b'{"key": "key", "record": {"row": "knn"}}', b'{"key": "key"', b"\xff"]
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    store.save(record("knn", "A-1"), "key")
    store.path("knn", "A-1", 0).write_bytes(damage)
    assert store.load("knn", "A-1", 0, "key") is None


def test_a_record_of_a_row_that_is_not_there_is_none() -> None:
    values = json.loads(json.dumps(record("knn", "A-1").to_dict())) | {"row": "oracle"}
    with pytest.raises(ValueError, match=r"^no row: 'oracle'$"):
        Record.from_dict(values)
