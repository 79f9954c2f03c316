"""The designs that none beats: the Pareto front over chosen figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hw_trigger.errors import UserError, nearest
from hw_trigger.markdown import markdown_table

MAXIMIZED = ("windows_per_second", "auc_roc", "auc_pr", "auc_roc_window_spread")
MINIMIZED = (
    "latency_us",
    "latency_cycles",
    "interval_us",
    "interval_cycles",
    "dsp",
    "bram18",
    "uram",
    "lut",
    "ff",
    "multipliers",
    "tightest_share",
    "tightest_share_high",
)


class ObjectiveError(UserError):
    """A figure that designs are not compared by."""


def non_dominated(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points no other one dominates, being at least as small in all coordinates and smaller in one.

    Equal points do not dominate each other: all are in the front, or none. A point with a NaN is left out.

    Parameters
    ----------
    points
        Shape ``(n, objectives)``, all to be minimized.

    Returns
    -------
    numpy.ndarray
        bool, shape ``(n,)``.
    """
    front = np.zeros(len(points), bool)
    comparable = ~np.isnan(points).any(axis=1)
    # In lexicographic order no point is dominated by a later one: the first that is left is in the front; what it dominates goes.
    unique, places = np.unique(points[comparable], axis=0, return_inverse=True)
    kept = np.zeros(len(unique), bool)
    left = np.arange(len(unique))
    while left.size:
        kept[left[0]] = True
        left = left[np.logical_or.reduce([column[left] < column[left[0]] for column in unique.T])]
    front[comparable] = kept[places.ravel()]
    return front


def pareto_front(results: pd.DataFrame, objectives: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows of the front, in the order of the first objective, then the others, then the id.

    Raises
    ------
    ObjectiveError
        There is no such figure.
    """
    check_objectives(objectives)
    signs = np.array([-1.0 if name in MAXIMIZED else 1.0 for name in objectives])
    points = results[list(objectives)].to_numpy(np.float64) * signs
    front = results[non_dominated(points)]
    order = [*objectives, "id"]
    return front.sort_values(order, ascending=[name not in MAXIMIZED for name in order], kind="stable")


def check_objectives(objectives: tuple[str, ...]) -> None:
    """Refuse figures that designs are not compared by.

    Raises
    ------
    ObjectiveError
        There is one, or no objective at all.
    """
    allowed = (*MINIMIZED, *MAXIMIZED)
    if not objectives:
        raise ObjectiveError(f"a Pareto front needs one objective at least: of {', '.join(allowed)}")
    for name in objectives:
        if name not in allowed:
            raise ObjectiveError(
                f"designs are not compared by {name!r}{nearest(name, allowed)}; there are {', '.join(allowed)}"
            )


def front_markdown(front: pd.DataFrame, objectives: tuple[str, ...]) -> str:
    """Return the front as a table in Markdown; of designs with equal objectives the first, with the number of the others."""
    accuracy = bool(front["auc_roc"].notna().any())
    groups = front.groupby(list(objectives), sort=False, dropna=False)
    alike, front = groups["id"].transform("size"), groups.head(1)
    headers = ["id", "network", "formats", "window", "part", "clock", "strategy", "reuse", "latency", "interval"]
    headers += ["DSP", "BRAM18", "LUT", "FF", "tightest", "fits", "as good", *(["AUC-ROC"] if accuracy else [])]
    rows = []
    for index, row in zip(front.index, front.to_dict("records"), strict=True):
        cells = [
            f"`{row['id'][:8]}`",
            f"{row['units']}, latent {row['latent']}",
            row["quant"],
            str(row["window"]),
            row["part"],
            f"{row['clock_ns']:g} ns",
            row["strategy"],
            reuse_text(row),
            f"{row['latency_us']:.4g} us",
            f"{row['interval_us']:.4g} us",
            *(f"{row[name]:,.0f}" for name in ("dsp", "bram18", "lut", "ff")),
            f"{row['tightest']} {row['tightest_share']:.0%}",
            "yes" if row["fits_high"] else "perhaps" if row["fits"] else "no",
            f"{alike[index] - 1} more" if alike[index] > 1 else "",
        ]
        rows.append([*cells, *([f"{row['auc_roc']:.3f}"] if accuracy else [])])
    return markdown_table(headers, rows, right=[3, *range(8, 14), *([17] if accuracy else [])])


def reuse_text(row: Mapping[Any, Any]) -> str:
    """Return the reuse of a row's design in a few words."""
    budget = row["budget"]
    if isinstance(budget, str):
        return f"balanced, {budget}"
    factors = ("reuse_factor", "recurrent_reuse_factor", "dense_reuse_factor")
    return f"{', '.join(format(row[name], '.0f') for name in factors)}, gates {row['gate_unroll']:.0f}"
