"""The front that a report shows is that of the sweep."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from hw_trigger.report import exploration
from hw_trigger.report.data import Objective


def _row(name: str, latency: float, lut: float, auc: float | None = None, doubts: str = "") -> dict[str, Any]:
    return {
        "id": name,
        "units": "16",
        "quant": "w8a8",
        "strategy": "Resource",
        "part": "xc7z020",
        "budget": None,
        "reuse_factor": 1,
        "recurrent_reuse_factor": 64,
        "dense_reuse_factor": 1,
        "gate_unroll": 2,
        "latency_us": latency,
        "lut": lut,
        "auc_roc": auc,
        "fits": True,
        "doubts": doubts,
    }


RESULTS = pd.DataFrame([_row("a", 10, 900, 0.8), _row("b", 30, 300, 0.9), _row("c", 40, 950, 0.7), _row("d", 50, 960)])


OBJECTIVES = ("latency_us", "lut")


def test_front_and_what_is_behind_it() -> None:
    front = exploration.to_front(RESULTS, OBJECTIVES, ["a", "b"], {"latency_us": 20.0, "lut": 950.0})
    assert (front.explored, front.possible) == (4, 4)
    assert [(point.values, point.on_front, point.this) for point in front.points] == [
        ((10.0, 900.0), True, False),
        ((30.0, 300.0), True, False),
        ((40.0, 950.0), False, False),
        ((50.0, 960.0), False, False),
        ((20.0, 950.0), False, True),
    ]
    assert front.points[0].label == "16, w8a8, Resource, reuse 1, 64, 1, gates 2, xc7z020"
    assert front.objectives == (Objective("latency of a window (us)"), Objective("LUTs"))


def test_this_design_may_be_on_the_front_too() -> None:
    points = exploration.to_front(RESULTS, OBJECTIVES, ["a", "b"], {"latency_us": 20.0, "lut": 850.0}).points
    assert (points[-1].on_front, points[-1].this) == (True, True)


def test_measured_objectives_and_designs_without_them() -> None:
    front = exploration.to_front(RESULTS, ("auc_roc", "latency_us"), ["b", "a"], {"latency_us": 1.0, "auc_roc": None})
    assert front.objectives[0] == Objective("AUC-ROC, causal", "", "more", "measured")
    assert [point.values for point in front.points] == [(0.8, 10.0), (0.9, 30.0), (0.7, 40.0)]
    best = exploration.to_front(RESULTS, ("auc_roc", "latency_us"), ["b", "a"], {"latency_us": 50.0, "auc_roc": 0.95})
    assert best.points[-1].on_front
    worse = exploration.to_front(RESULTS, ("auc_roc", "latency_us"), ["b", "a"], {"latency_us": 50.0, "auc_roc": 0.8})
    assert not worse.points[-1].on_front


def test_of_many_designs_every_so_many_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "MOST", 3)
    many = pd.DataFrame([_row("best", 1, 1), *(_row(f"d{k}", k, k) for k in range(2, 102))])
    front = exploration.to_front(many, OBJECTIVES, ["best"], {})
    assert [point.values[0] for point in front.points] == [1.0, 2.0, 52.0, 101.0]
    assert front.explored == 101


def test_designs_that_cannot_be_built_do_not_seem_to_beat_the_front() -> None:
    results = pd.concat([RESULTS, pd.DataFrame([_row("x", 1, 1, 0.5, doubts="too much is unrolled")])])
    front = exploration.to_front(results, OBJECTIVES, ["a", "b"], {})
    assert (front.explored, front.possible) == (5, 4)
    assert (1.0, 1.0) not in [point.values for point in front.points]
    # Where none can be, the front is of all.
    front = exploration.to_front(results.assign(fits=False), OBJECTIVES, ["x"], {})
    assert (front.explored, front.possible) == (5, 0)
    assert [point.values for point in front.points if point.on_front] == [(1.0, 1.0)]
