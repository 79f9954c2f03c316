"""The answer to a query: the best design that meets it, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hw_trigger.explore.pareto import MAXIMIZED, reuse_text
from hw_trigger.explore.query import Query

SAME_AUC = 0.01
"""Designs whose AUC is so close to the best one's are held to be as accurate: another seed of training moves it as much."""

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Answer:
    """What a query is answered.

    Attributes
    ----------
    best
        The row of the best design; ``None``: there is none.
    certain
        It fits the part at the upper end of the error bars, too.
    feasible
        Designs that meet the query.
    text
        The answer in words.
    """

    best: Row | None
    certain: bool
    feasible: int
    text: str


def answer(results: pd.DataFrame, query: Query) -> Answer:
    """Return the best design of a sweep whose space the query has restricted.

    A design must keep all limits, fit the part, and leave no doubt that HLS synthesizes it. Of these, such that fit even at the
    upper end of their error bars are preferred. The best is what the query minimizes or maximizes; by default, of those within
    :data:`SAME_AUC` of the greatest AUC-ROC, where it is known, the one that takes the least share of its part. Ties go to the
    smaller share, the lower latency, and the lower id.
    """
    if results.empty:
        return Answer(None, False, 0, f"no design meets {query.text!r}: the sweep has none that can be")
    misses = _excess(results, query)
    feasible = results[(misses == 0).all(axis=1)]
    if feasible.empty:
        return Answer(None, False, 0, _why_none(results, misses, query))
    sure = feasible[feasible["fits_high"].astype(bool)]
    pool = feasible if sure.empty else sure
    best: Row = _ordered(pool, query.objective).iloc[0].to_dict()
    return Answer(best, not sure.empty, len(feasible), _praise(best, results, feasible, query, certain=not sure.empty))


def describe(row: Row) -> str:
    """Return a design in a line."""
    network = f"LSTM {row['units']} with latent {row['latent']}, window {row['window']}, {row['quant']}"
    hardware = f"{row['part']} at {row['clock_ns']:g} ns, {row['strategy']}, {row['io_type']}, reuse {reuse_text(row)}"
    return f"{row['id'][:8]} ({network}; {hardware})"


def _excess(results: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Return by how much each design misses each condition: 0.2 is a fifth beyond it, infinite what no number says."""
    share = results["tightest_share"].astype(float)
    doubtful = results["doubts"].astype(str) != ""
    return pd.DataFrame(
        {
            **{limit.text: limit.excess(results) for limit in query.limits},
            "fitting the part": (share - 1).clip(lower=0.0).fillna(np.inf),
            "being likely to synthesize": np.where(doubtful, np.inf, 0.0),
        },
        index=results.index,
    )


def _ordered(pool: pd.DataFrame, objective: str | None) -> pd.DataFrame:
    """Return the designs, the best one first."""
    if objective is None and pool["auc_roc"].notna().any():
        pool = pool[pool["auc_roc"] >= pool["auc_roc"].max() - SAME_AUC]
    keys = [*([] if objective is None else [objective]), "tightest_share", "latency_us", "id"]
    return pool.sort_values(keys, ascending=[key not in MAXIMIZED for key in keys], kind="stable", na_position="last")


def _praise(best: Row, results: pd.DataFrame, feasible: pd.DataFrame, query: Query, *, certain: bool) -> str:
    accuracy = f"{best['auc_roc']:.3f}" if _known(best["auc_roc"]) else "not evaluated"
    fit = "fits even at the upper end of the error bars" if certain else "fits, but within the error bars it might not"
    return (
        f"{len(feasible)} of {len(results)} designs meet {query.text!r}; the best is {describe(best)}: "
        f"latency {best['latency_us']:.4g} us, interval {best['interval_us']:.4g} us, {best['dsp']:,.0f} DSP, "
        f"{best['bram18']:,.0f} BRAM18, {best['lut']:,.0f} LUT, {best['ff']:,.0f} FF, AUC-ROC {accuracy}; it {fit} "
        f"(largest share {best['tightest_share']:.0%} of {best['tightest']}; at the upper end of the error bars "
        f"{best['tightest_share_high']:.0%} of {best['tightest_high']}); resources are those with drawn weights: the sweep "
        "trains no network for them"
    )


def _why_none(results: pd.DataFrame, misses: pd.DataFrame, query: Query) -> str:
    """Say what each condition excludes, and how near the nearest design comes."""
    counts = (misses > 0).sum()
    excluded = ", ".join(f"{name} excludes {count}" for name, count in counts.items() if count)
    finite = misses.where(np.isfinite(misses), 0.0).sum(axis=1)
    # First what no number says, then the sum of what is beyond.
    near = pd.DataFrame({"unknown": np.isinf(misses).sum(axis=1), "beyond": finite, "id": results["id"]}).sort_values(
        ["unknown", "beyond", "id"]
    )
    closest = near.index[0]
    row = results.loc[closest].to_dict()
    missed = [_missed(str(name), amount, row, query) for name, amount in misses.loc[closest].items() if amount > 0]
    return (
        f"no design of {len(results)} meets {query.text!r}: {excluded}; the closest, {describe(row)}, misses "
        f"{' and '.join(missed)}"
    )


def _missed(name: str, amount: float, row: Row, query: Query) -> str:
    """Say by how much a design misses a condition."""
    limit = next((limit for limit in query.limits if limit.text == name), None)
    if limit is not None:
        value = row[limit.column]
        return f"{name} {_by(amount)} (it has {value:.4g})" if _known(value) else f"{name}, which was not evaluated"
    if np.isfinite(amount):
        return f"{name} {_by(amount)} (of its {row['tightest']})"
    return f"{name}: {row['doubts']}" if row["doubts"] else f"{name}: what the part has is not known"


def _by(amount: float) -> str:
    return f"by {amount:.1%}" if amount < 1 else f"by a factor of {amount + 1:.3g}"


def _known(value: object) -> bool:
    return isinstance(value, int | float) and not math.isnan(value)
