"""The plot of a sweep: every design a grey dot, the Pareto front over them."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

GREY, BLUE, ORANGE = "#B5B5B5", "#0072B2", "#D55E00"

LABELS = {
    "latency_us": "latency of a window (us)",
    "latency_cycles": "latency of a window (cycles)",
    "interval_us": "time from window to window (us)",
    "interval_cycles": "cycles from window to window",
    "windows_per_second": "windows a second",
    "dsp": "DSP slices",
    "bram18": "block RAMs (18 Kbit)",
    "uram": "UltraRAMs",
    "lut": "LUTs",
    "ff": "flip-flops",
    "multipliers": "multipliers",
    "tightest_share": "largest share of the part",
    "tightest_share_high": "largest share of the part, upper bound",
    "auc_roc": "AUC-ROC, causal",
    "auc_pr": "AUC-PR, causal",
    "auc_roc_window_spread": "AUC-ROC, window-spread",
}
"""Axis labels by objective."""

LINEAR = ("auc_roc", "auc_pr", "auc_roc_window_spread")

_LOOK: dict[Any, Any] = {
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so is the same everywhere
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "legend.frameon": False,
    "svg.hashsalt": "hw_trigger",  # the ids within an SVG would else be random
}


def front_figure(
    results: pd.DataFrame, front: pd.DataFrame, objectives: tuple[str, ...], best: str | None = None
) -> Figure:
    """Draw the designs, a panel for each objective over the first one.

    Parameters
    ----------
    front
        The rows of `results` in the Pareto front.
    best
        The id of a design to mark.
    """
    first, others = objectives[0], objectives[1:] or objectives[:1]
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        figure = Figure(figsize=(max(5.0, 4.2 * len(others)), 4.2), dpi=110)
        panels = figure.subplots(1, len(others), squeeze=False)[0]
        for axes, objective in zip(panels, others, strict=True):
            # Thousands of dots are a picture, in an SVG too.
            axes.scatter(
                results[first], results[objective], s=7, color=GREY, linewidths=0, rasterized=True, label="designs"
            )
            axes.scatter(front[first], front[objective], s=16, color=BLUE, linewidths=0, label="Pareto front")
            chosen = results[results["id"] == best]
            if len(chosen):
                axes.scatter(
                    chosen[first],
                    chosen[objective],
                    s=130,
                    marker="*",
                    color=ORANGE,
                    edgecolors="white",
                    label="best fit",
                )
            _scale(axes.set_xscale, first, results)
            _scale(axes.set_yscale, objective, results)
            axes.set_xlabel(LABELS[first])
            axes.set_ylabel(LABELS[objective])
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def render(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    """Return a figure as a file; equal figures give equal bytes: no date, no version of the software."""
    metadata = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}[kind]
    stream = BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        figure.savefig(stream, format=kind, metadata=metadata)
    return stream.getvalue()


def _scale(setter: object, objective: str, results: pd.DataFrame) -> None:
    """Choose a logarithmic axis where all values are positive, and spread."""
    values = results[objective].to_numpy(np.float64)
    if objective not in LINEAR and callable(setter) and len(values) and np.nanmin(values) > 0:
        setter("log")
