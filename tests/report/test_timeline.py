"""The timeline: every layer's bars are where the estimate says, at one scale."""

from __future__ import annotations

import itertools

import pytest
from support.programs import Sizes
from support.reports import design_report
from support.svg import parse, texts, view

from hw_trigger.report import timeline
from hw_trigger.report.estimate_schema import Estimate
from hw_trigger.report.render import drawings
from hw_trigger.report.schema import Report

REPORTS = [
    design_report(Sizes(100, 1, (64,), 10, (64,)), strategy="Resource", recurrent_reuse_factor=64),
    design_report(Sizes(100, 2, (32, 16), 8, (16, 32)), gate_unroll=16, io_type="io_parallel"),
    design_report(Sizes(5000, 1, (64,), 10, (64,)), strategy="Resource", recurrent_reuse_factor=16384, clock_ns=100),
]


def _estimate(report: Report) -> Estimate:
    assert report.estimate is not None
    return report.estimate


@pytest.mark.parametrize("report", REPORTS, ids=["streamed", "arrays", "slow"])
def test_bars_are_where_the_estimate_says(report: Report) -> None:
    estimate = _estimate(report)
    found = timeline.draw(estimate)
    layers = [layer for layer in estimate.layers if layer.kind != "fifo"]
    assert [row.name for row in found.rows] == [layer.name for layer in layers]
    scale = timeline.PLOT / (estimate.latency.cycles + 2 * estimate.interval.cycles)
    for row, layer in zip(found.rows, layers, strict=True):
        assert row.bottleneck == (layer.name == estimate.bottleneck)
        for window, bar in enumerate(row.bars):
            start, stop = (cycle + window * estimate.interval.cycles for cycle in layer.busy)
            assert bar.x == pytest.approx(timeline.LABELS + start * scale, abs=0.01)
            assert bar.width == pytest.approx(max((stop - start) * scale, 1.5), abs=0.01)
            assert bar.text == f"{layer.name}, window {window + 1}: cycles {start:,} to {stop:,}"
    # The last window's last bar ends where the plot does.
    assert max(bar.x + bar.width for row in found.rows for bar in row.bars) == pytest.approx(
        timeline.LABELS + timeline.PLOT, abs=0.1
    )
    interval, latency = found.dimensions
    assert interval.width / latency.width == pytest.approx(estimate.interval.cycles / estimate.latency.cycles, abs=1e-3)
    assert interval.text.startswith(f"interval: {estimate.interval.cycles:,} cycles, ")


def test_windows_overlap_and_a_layer_does_one_at_a_time() -> None:
    found = timeline.draw(_estimate(REPORTS[0]))
    first = [row.bars[0] for row in found.rows]
    second = [row.bars[1] for row in found.rows]
    assert max(bar.x + bar.width for bar in first) > min(bar.x for bar in second)
    for row in found.rows:
        for one, other in itertools.pairwise(row.bars):
            assert one.x + one.width <= other.x + 0.02


@pytest.mark.parametrize("report", REPORTS, ids=["streamed", "arrays", "slow"])
def test_every_text_has_room(report: Report) -> None:
    root = parse(drawings(report)["pipeline"])
    written = texts(root)
    for text in written:
        assert text.within(view(root)), text
    for one, other in itertools.combinations(written, 2):
        assert not one.overlaps(other), (one, other)


def test_long_times_are_in_milliseconds() -> None:
    assert [timeline.draw(_estimate(report)).unit for report in REPORTS] == ["µs", "µs", "ms"]
    ticks = timeline.draw(_estimate(REPORTS[0])).ticks
    assert ticks[0].text == "0"
    assert ticks[0].x == timeline.LABELS
    steps = [other.x - one.x for one, other in itertools.pairwise(ticks)]
    assert max(steps) - min(steps) < 0.03
