"""Answers to queries: the best design that meets them, or why none does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from hw_trigger.explore.designs import Design
from hw_trigger.explore.evaluate import evaluate
from hw_trigger.explore.fit import answer
from hw_trigger.explore.query import Query, parse_query
from hw_trigger.explore.table import to_frame, to_table
from hw_trigger.parts.database import known_parts

SHARED: dict[str, Any] = {
    "units": "8",
    "latent": 2,
    "window": 10,
    "quant": "w8a8",
    "part": "xc7z020clg400-1",
    "clock_ns": 10.0,
    "strategy": "Resource",
    "io_type": "io_stream",
    "budget": "multipliers=16",
    "interval_us": 5.0,
    "dsp": 10.0,
    "bram18": 4.0,
    "lut": 1000.0,
    "ff": 2000.0,
    "tightest": "lut",
    "tightest_high": "dsp",
    "doubts": "",
}


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Designs a, b, .. with the columns given, and others that are good enough."""
    count = len(next(iter(columns.values())))
    shares = columns.get("tightest_share", [0.5] * count)
    defaults: dict[str, Any] = {
        "id": [f"{letter}" * 16 for letter in "abcdefgh"[:count]],
        "latency_us": [10.0] * count,
        "tightest_share": shares,
        "tightest_share_high": [1.2 * share for share in shares],
        "fits": [share <= 1 for share in shares],
        "fits_high": [1.2 * share <= 1 for share in shares],
        "auc_roc": [np.nan] * count,
    }
    return pd.DataFrame({**defaults, **columns}).assign(**{k: v for k, v in SHARED.items() if k not in columns})


def ask(query: str) -> Query:
    """The query; an empty one limits nothing."""
    return parse_query(query) if query else Query("", (), {}, None)


def best(results: pd.DataFrame, query: str) -> str | None:
    found = answer(results, ask(query)).best
    return None if found is None else str(found["id"])[0]


def test_the_smallest_share_where_accuracy_is_not_known() -> None:
    assert best(frame(tightest_share=[0.5, 0.3, 0.4], latency_us=[10.0, 90.0, 10.0]), "latency<100us") == "b"
    assert best(frame(tightest_share=[0.5, 0.3, 0.4], latency_us=[10.0, 110.0, 10.0]), "latency<100us") == "c"
    assert best(frame(tightest_share=[0.5, 0.5], latency_us=[11.0, 10.0]), "") == "b"
    assert best(frame(tightest_share=[0.5, 0.5]), "") == "a"


def test_accuracy_counts_before_size() -> None:
    """An AUC within 0.01 of the best is as good."""
    results = frame(tightest_share=[0.1, 0.2, 0.3, 0.05], auc_roc=[0.89, 0.905, 0.91, np.nan])
    assert best(results, "") == "b"
    assert best(results, "maximize=auc") == "c"
    assert best(results, "auc>0.88 minimize=share") == "a"


def test_what_surely_fits_is_preferred() -> None:
    results = frame(tightest_share=[0.9, 0.7], latency_us=[1.0, 50.0])
    found = answer(results, parse_query("minimize=latency"))
    assert found.best is not None
    assert (found.best["id"][0], found.certain, found.feasible) == ("b", True, 2)
    only = answer(results[:1], parse_query("minimize=latency"))
    assert only.best is not None
    assert (only.best["id"][0], only.certain) == ("a", False)
    assert only.text == (
        "1 of 1 designs meet 'minimize=latency'; the best is aaaaaaaa (LSTM 8 with latent 2, window 10, w8a8; xc7z020clg400-1 at "
        "10 ns, Resource, io_stream, reuse balanced, multipliers=16): latency 1 us, interval 5 us, 10 DSP, 4 BRAM18, 1,000 LUT, "
        "2,000 FF, AUC-ROC not evaluated; it fits, but within the error bars it might not (largest share 90% of lut; at the "
        "upper end of the error bars 108% of dsp); resources are those with drawn weights: the sweep trains no network for them"
    )


def test_why_there_is_none() -> None:
    results = frame(tightest_share=[0.5, 1.5, 0.4], latency_us=[150.0, 80.0, 400.0])
    found = answer(results, parse_query("latency<100us lut<900"))
    assert (found.best, found.feasible, found.certain) == (None, 0, False)
    assert found.text == (
        "no design of 3 meets 'latency<100us lut<900': latency<100us excludes 2, lut<900 excludes 3, fitting the part excludes "
        "1; "
        "the closest, aaaaaaaa (LSTM 8 with latent 2, window 10, w8a8; xc7z020clg400-1 at 10 ns, Resource, io_stream, reuse "
        "balanced, multipliers=16), misses latency<100us by 50.0% (it has 150) and lut<900 by 11.1% (it has 1000)"
    )


@pytest.mark.parametrize(
    ("columns", "query", "end"),
    [
        ({"tightest_share": [1.25]}, "", "misses fitting the part by 25.0% (of its lut)"),
        ({"latency_us": [350.0]}, "latency<100us", "misses latency<100us by a factor of 3.5 (it has 350)"),
        ({"auc_roc": [np.nan]}, "auc>0.9", "misses auc>0.9, which was not evaluated"),
        ({"doubts": ["it is huge"]}, "", "misses being likely to synthesize: it is huge"),
    ],
)
def test_what_the_closest_misses(columns: dict[str, list[Any]], query: str, end: str) -> None:
    assert answer(frame(**columns), ask(query)).text.endswith(end)


def test_no_designs_at_all() -> None:
    assert answer(frame(latency_us=[1.0])[:0], parse_query("dsp<3")).text == (
        "no design meets 'dsp<3': the sweep has none that can be"
    )


def test_on_a_real_sweep(designs: list[Design]) -> None:
    """The best is what a plain search over the rows finds."""
    rows = evaluate(designs, known_parts()).rows
    results = to_frame(to_table(rows))
    limit = float(results["latency_us"].median())
    found = answer(results, parse_query(f"latency<={limit:.6f}us minimize=lut"))
    able = [row for row in rows if row["latency_us"] <= limit + 1e-6 and row["fits_high"] and not row["doubts"]]
    assert found.best is not None
    assert found.best["lut"] == min(row["lut"] for row in able)
    assert found.certain
