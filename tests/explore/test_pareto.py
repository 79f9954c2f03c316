"""The Pareto front against brute force, with ties, duplicates and missing figures."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from hw_trigger.explore.pareto import ObjectiveError, check_objectives, front_markdown, non_dominated, pareto_front


def brute_force(points: NDArray[np.float64]) -> list[bool]:
    return [
        not np.isnan(one).any() and not any((other <= one).all() and (other < one).any() for other in points)
        for one in points
    ]


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
        elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, np.inf, np.nan]),
    )
)
def test_as_brute_force(points: NDArray[np.float64]) -> None:
    assert non_dominated(points).tolist() == brute_force(points)


@pytest.mark.parametrize("objectives", [1, 2, 3, 5])
def test_as_brute_force_on_many(objectives: int) -> None:
    points = np.random.default_rng(objectives).integers(0, 30, (300, objectives)).astype(float)
    assert non_dominated(points).tolist() == brute_force(points)


def test_nothing() -> None:
    assert non_dominated(np.empty((0, 2))).tolist() == []


def test_ten_thousand_designs_take_no_time() -> None:
    """Also where all of them are in the front."""
    x = np.random.default_rng(0).random(10_000)
    for points in (np.stack([x, 1 - x], axis=1), np.random.default_rng(1).random((10_000, 5))):
        start = time.perf_counter()
        found = non_dominated(points)
        assert time.perf_counter() - start < 2
        assert found.any()
    assert non_dominated(np.stack([x, 1 - x], axis=1)).all()


def frame() -> pd.DataFrame:
    rows = [
        ("a", 10.0, 0.5, 0.90),
        ("b", 20.0, 0.4, 0.90),
        ("c", 20.0, 0.4, 0.90),  # as good as b
        ("d", 20.0, 0.5, 0.90),  # a is better
        ("e", 30.0, 0.6, 0.95),  # the most accurate
        ("f", 5.0, 0.1, np.nan),  # not evaluated
    ]
    columns = ["id", "latency_us", "tightest_share", "auc_roc"]
    shared: dict[str, Any] = {
        "units": "8",
        "latent": 2,
        "quant": "w8a8",
        "window": 10,
        "part": "xc7z020clg400-1",
        "clock_ns": 10.0,
        "strategy": "Resource",
        "reuse_factor": 1.0,
        "recurrent_reuse_factor": 4.0,
        "dense_reuse_factor": 2.0,
        "gate_unroll": 1.0,
        "budget": None,
        "interval_us": 3.0,
        "dsp": 12.4,
        "bram18": 3.0,
        "lut": 12345.6,
        "ff": 100.0,
        "tightest": "lut",
        "fits": True,
        "fits_high": False,
    }
    return pd.DataFrame(rows, columns=columns).assign(**shared)


def test_the_front_of_a_table() -> None:
    assert pareto_front(frame(), ("latency_us", "tightest_share"))["id"].tolist() == ["f"]
    assert pareto_front(frame(), ("latency_us", "tightest_share", "auc_roc"))["id"].tolist() == ["a", "b", "c", "e"]
    assert pareto_front(frame(), ("auc_roc",))["id"].tolist() == ["e"]


def test_markdown_shows_equal_designs_once() -> None:
    objectives = ("latency_us", "tightest_share", "auc_roc")
    lines = front_markdown(pareto_front(frame(), objectives), objectives).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["`a`", "`b`", "`e`"]
    assert lines[3] == (
        "| `b` | 8, latent 2 | w8a8 | 10 | xc7z020clg400-1 | 10 ns | Resource | 1, 4, 2, gates 1 | 20 us | 3 us | 12 | 3 | "
        "12,346 | 100 | lut 40% | perhaps | 1 more | 0.900 |"
    )


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ((), "a Pareto front needs one objective at least: of latency_us, "),
        (("latency",), "designs are not compared by 'latency'; did you mean 'latency_us'?; there are latency_us, "),
    ],
)
def test_objectives_that_are_none(objectives: tuple[str, ...], message: str) -> None:
    every = (
        "latency_us, latency_cycles, interval_us, interval_cycles, dsp, bram18, uram, lut, ff, multipliers, tightest_share, "
        "tightest_share_high, windows_per_second, auc_roc, auc_pr, auc_roc_window_spread"
    )
    whole = message.removesuffix("latency_us, ") + every
    with pytest.raises(ObjectiveError, match=f"^{re.escape(whole)}$"):
        check_objectives(objectives)
