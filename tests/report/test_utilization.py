"""The bars of utilization: shares of the part, with their error bars."""

from __future__ import annotations

import itertools

import pytest
from support.programs import Sizes
from support.reports import design_report
from support.svg import SVG, parse, texts, view

from hw_trigger.report import utilization
from hw_trigger.report.render import drawings
from hw_trigger.report.schema import Report
from hw_trigger.report.utilization import LABELS, PLOT, Utilization

SIZES = Sizes(100, 1, (64,), 10, (64,))
ROOMY = design_report(SIZES, widths=(12, 12), strategy="Resource", recurrent_reuse_factor=64)
CROWDED = design_report(SIZES, widths=(16, 16), part="xc7z020clg400-1", strategy="Resource", recurrent_reuse_factor=64)


def _draw(report: Report) -> Utilization:
    assert report.estimate is not None
    found = utilization.draw(report.estimate)
    assert found is not None
    return found


def test_bars_are_shares_of_the_part() -> None:
    estimate = ROOMY.estimate
    assert estimate is not None
    found = _draw(ROOMY)
    assert [row.name for row in found.rows] == ["DSP", "BRAM18", "LUT", "FF"]  # no UltraRAM is used
    assert found.full == LABELS + PLOT
    for row, name in zip(found.rows, ("dsp", "bram18", "lut", "ff"), strict=True):
        for bar in row.bars:
            amount = getattr(getattr(estimate, bar.counting), name)
            assert bar.width == pytest.approx(max(PLOT * amount.share, 0.5), abs=0.01)
            assert (bar.low, bar.high) == pytest.approx(
                (LABELS + PLOT * amount.share_low, LABELS + PLOT * amount.share_high), abs=0.01
            )
            assert not bar.beyond
            assert bar.text == f"{amount.value:,} ({amount.low:,} to {amount.high:,}), {amount.share:.1%}"
    assert [row.bars[0].label for row in found.rows] == ["C-synthesis"] * 4


def test_what_is_far_too_large_goes_beyond_the_plot() -> None:
    found = _draw(CROWDED)
    assert found.full == LABELS + PLOT / utilization.MOST
    beyond = [bar for row in found.rows for bar in row.bars if bar.beyond]
    assert beyond
    assert all(bar.high == LABELS + PLOT for bar in beyond)
    assert "100%" in [text for _, text in found.ticks]


@pytest.mark.parametrize("report", [ROOMY, CROWDED])
def test_every_text_has_room(report: Report) -> None:
    root = parse(drawings(report)["utilization"])
    for text in texts(root):
        assert text.within(view(root)), text
    for one, other in itertools.combinations(texts(root), 2):
        assert not one.overlaps(other), (one, other)


def test_the_legend_has_the_colours_of_the_bars() -> None:
    """A key has the class, which gives the colour, of the bars that it speaks of."""
    found = _draw(ROOMY)
    shown = {(bar.counting, bar.label) for row in found.rows for bar in row.bars}
    assert {(key.counting, key.label) for key in found.legend} == shown
    groups = [
        group for group in parse(drawings(ROOMY)["utilization"]).iter(f"{SVG}g") if group.find(f"{SVG}title") is None
    ]
    keys = {
        (group.get("class"), group.findtext(f"{SVG}text")) for group in groups if group.find(f"{SVG}rect") is not None
    }
    assert keys == {("bar c_synthesis", "C-synthesis"), ("bar logic", "logic synthesis")}


def test_without_the_part_there_are_no_bars() -> None:
    report = design_report(SIZES, part="xcvu999-x")
    assert report.estimate is not None
    assert utilization.draw(report.estimate) is None
    assert set(drawings(report)) == {"design", "pipeline"}
