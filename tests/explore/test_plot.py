"""What the plot of a sweep shows, and that its bytes depend on nothing else."""

from __future__ import annotations

from typing import Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from hw_trigger.explore.pareto import MAXIMIZED, MINIMIZED, pareto_front
from hw_trigger.explore.plot import LABELS, front_figure, render


@pytest.fixture
def results() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"{number:03}" for number in range(40)],
            "latency_us": rng.uniform(1, 100, 40),
            "lut": rng.uniform(1e3, 1e5, 40),
            "dsp": np.repeat(0.0, 40),
            "auc_roc": rng.uniform(0.5, 1, 40),
        }
    )


def test_designs_front_and_best(results: pd.DataFrame) -> None:
    objectives = ("latency_us", "lut", "auc_roc", "dsp")
    front = pareto_front(results, objectives)
    before = dict(mpl.rcParams)
    figure = front_figure(results, front, objectives, "007")
    assert dict(mpl.rcParams) == before
    panels = figure.get_axes()
    assert [axes.get_ylabel() for axes in panels] == [LABELS[name] for name in objectives[1:]]
    assert [(axes.get_xscale(), axes.get_yscale()) for axes in panels] == [
        ("log", "log"),
        ("log", "linear"),
        ("log", "linear"),
    ]
    for axes, name in zip(panels, objectives[1:], strict=True):
        dots, fronts, best = (np.asarray(item.get_offsets()) for item in axes.collections)
        np.testing.assert_array_equal(dots, results[["latency_us", name]].to_numpy())
        np.testing.assert_array_equal(fronts, front[["latency_us", name]].to_numpy())
        np.testing.assert_array_equal(best, results.loc[[7], ["latency_us", name]].to_numpy())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["designs", "Pareto front", "best fit"]


def test_one_objective_or_no_designs(results: pd.DataFrame) -> None:
    assert len(front_figure(results, results[:1], ("latency_us",)).get_axes()) == 1
    assert render(front_figure(results[:0], results[:0], ("latency_us", "lut")), "png")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_bytes(results: pd.DataFrame, kind: Literal["svg", "png"]) -> None:
    front = pareto_front(results, ("latency_us", "lut"))
    first, second = (render(front_figure(results, front, ("latency_us", "lut")), kind) for _ in range(2))
    assert first == second
    assert b"Matplotlib v" not in first
    assert b"<dc:date>" not in first


def test_every_objective_has_a_label() -> None:
    assert set(LABELS) == {*MINIMIZED, *MAXIMIZED}
