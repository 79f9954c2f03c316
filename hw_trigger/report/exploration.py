"""From the results of a sweep to the Pareto front that a report shows, with the report's own design among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hw_trigger.explore.pareto import MAXIMIZED, non_dominated, reuse_text
from hw_trigger.explore.plot import LABELS
from hw_trigger.explore.table import ACCURACY
from hw_trigger.report.data import DesignPoint, Objective, ParetoFront

MOST = 1000
"""Designs beside the front that are shown: of more, every so many."""


def to_front(
    results: pd.DataFrame, objectives: Sequence[str], front: Sequence[str], this: Mapping[str, float | None]
) -> ParetoFront:
    """Return the Pareto front of a sweep, designs behind it, and where the report's own design is.

    Parameters
    ----------
    results
        As :func:`hw_trigger.explore.table.to_frame` gives them; designs without one of the objectives are left out.
    objectives, front
        As the sweep chose them: columns, and the ids of designs.
    this
        Figures of the report's design, by column; without one of the objectives it is left out.
    """
    names = list(objectives)
    # The front is that of the designs that can be built, or of all where none can: others would seem to beat it.
    possible = results[results["fits"].astype(bool) & (results["doubts"] == "")]
    measured = (possible if len(possible) else results).dropna(subset=names)
    best = measured[measured["id"].isin(front)].sort_values(names, kind="stable")
    behind = measured[~measured["id"].isin(front)]
    index = np.unique(np.linspace(0, len(behind) - 1, min(len(behind), MOST)).round().astype(int))
    points = [
        DesignPoint(
            label=f"{row['units']}, {row['quant']}, {row['strategy']}, reuse {reuse_text(row)}, {row['part']}",
            values=tuple(float(row[name]) for name in names),
            on_front=on_front,
        )
        for frame, on_front in ((best, True), (behind.iloc[index], False))
        for row in frame.to_dict("records")
    ]
    own = [value for name in names if (value := this.get(name)) is not None]
    if len(own) == len(names):
        signs = np.array([-1.0 if name in MAXIMIZED else 1.0 for name in names])
        beside = np.array([*(point.values for point in points if point.on_front), own]) * signs
        points.append(DesignPoint("this design", tuple(map(float, own)), bool(non_dominated(beside)[-1]), this=True))
    return ParetoFront(tuple(map(_objective, names)), tuple(points), len(results), len(possible))


def _objective(name: str) -> Objective:
    return Objective(
        name=LABELS[name],
        better="more" if name in MAXIMIZED else "less",
        origin="measured" if name in ACCURACY else "estimated",
    )
