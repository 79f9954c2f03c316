"""Plots draw what the results say; how they look was looked at."""

from __future__ import annotations

from typing import Any

import pytest
from support.evaluations import results

from hw_trigger.evaluation.plots import PANELS, channels_figure, events_figure, means_figure

FOUND = results({"random": [0.1, 0.1], "knn": [0.5, 0.25], "integer": [0.75, None]}, ["A-1", "D-1"])


def test_a_bar_is_a_mean() -> None:
    panels: Any = means_figure(FOUND).axes
    assert len(panels) == len(PANELS)
    assert [bar.get_width() for bar in panels[0].patches] == pytest.approx([0.1, 0.375, 0.75])
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["random", "kNN", "integer program"]
    # Equal values have an interval without extent, one value has none.
    extents = [segment[:, 0].tolist() for lines in panels[0].collections for segment in lines.get_segments()]
    assert extents == [[0.1, 0.1], [0.25, 0.5]]


def test_a_cell_is_a_channel() -> None:
    axes: Any = channels_figure(FOUND).axes[0]
    assert axes.images[0].get_array().filled(-1).tolist() == [[0.1, 0.5, 0.75], [0.1, 0.25, -1]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A-1", "D-1 (degenerate)"]
    assert [text.get_text() for text in axes.texts] == ["0.10", "0.50", "0.75", "0.10", "0.25"]


def test_a_point_is_a_detector() -> None:
    axes: Any = events_figure(FOUND).axes[0]
    points = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    # Of two channels 2 events are found, 2 missed, and 4 alarms are false.
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(0.5, 1 / 3)] * 3
