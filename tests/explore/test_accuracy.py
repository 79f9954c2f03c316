"""Accuracy is measured once for each network, and trained once for each size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.sweeps import small_space

from hw_trigger.errors import UserError
from hw_trigger.explore.accuracy import Accuracy, AccuracyStore, measure, networks, with_accuracy
from hw_trigger.explore.designs import Design
from hw_trigger.explore.evaluate import evaluate
from hw_trigger.explore.space import Base, Grid
from hw_trigger.explore.table import SCHEMA, to_table
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.parts.database import known_parts

CALLS: Counter[str] = Counter()


@dataclass(frozen=True)
class Counting:
    """Says how often it was asked. (The cluster's workers are threads of this process.)"""

    key: str = "one"

    def train(self, architecture: Architecture) -> str:
        CALLS[f"train {architecture.name}"] += 1
        if architecture.latent == 3:
            raise UserError("it diverged")
        return architecture.name

    def measure(self, trained: str, architecture: Architecture, quant: QuantSpec) -> Accuracy:
        assert trained == architecture.name
        CALLS[f"measure {architecture.name} {quant.name}"] += 1
        if quant.name == "w2a8":
            raise UserError("too coarse")
        return Accuracy(0.5 + quant.weight.width / 100, 0.25, None, 0.75)


@pytest.fixture
def wanted(base: Base) -> list[Design]:
    CALLS.clear()
    return list(Grid(small_space(latent=(2, 3), quant=("w2a8", "w4a8", "w8a8")), base).sample(10_000, 0))


def test_once_for_each_network(client: Any, wanted: list[Design], tmp_path: Path) -> None:
    store = AccuracyStore(tmp_path, "one")
    steps: list[int] = []
    found = measure(client, networks(wanted), Counting(), store, progress=steps.append)
    assert len(found) == 6
    assert sum(steps) == 6
    assert CALLS == {
        "train lstm4-l2-t10": 1,
        "train lstm4-l3-t10": 1,
        "measure lstm4-l2-t10 w2a8": 1,
        "measure lstm4-l2-t10 w4a8": 1,
        "measure lstm4-l2-t10 w8a8": 1,
    }
    by_name = {(item[0].latent, item[1].name): found[network] for network, item in networks(wanted).items()}
    assert by_name[2, "w4a8"] == Accuracy(0.54, 0.25, None, 0.75)
    assert by_name[2, "w2a8"] == Accuracy(problem="too coarse")
    assert by_name[3, "w8a8"] == Accuracy(problem="it diverged")
    # Again: all is known.
    assert measure(client, networks(wanted), Counting(), store) == found
    assert sum(CALLS.values()) == 5
    # Other telemetry: nothing is.
    measure(client, networks(wanted), Counting("two"), AccuracyStore(tmp_path, "two"))
    assert sum(CALLS.values()) == 10


def test_a_damaged_file_is_made_again(client: Any, wanted: list[Design], tmp_path: Path) -> None:
    store = AccuracyStore(tmp_path, "one")
    first = measure(client, networks(wanted), Counting(), store)
    store.path(wanted[0].network).write_text("{")
    assert store.load(wanted[0].network) is None
    assert measure(client, networks(wanted), Counting(), store) == first


def test_columns_of_accuracy(designs: list[Design]) -> None:
    table = to_table(evaluate(designs, known_parts()).rows)
    filled = with_accuracy(table, {designs[0].network: Accuracy(0.9, None, 0.8, 0.7)})
    assert filled.schema.equals(SCHEMA)
    for row, design in zip(filled.to_pylist(), designs, strict=True):
        same = design.network == designs[0].network
        assert row["auc_roc"] == (0.9 if same else None)
        assert (row["auc_pr"], row["auc_roc_float"]) == (None, 0.7 if same else None)
