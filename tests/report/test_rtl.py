"""The report's section on the RTL: the figures are those of the schedule and the records, each with its origin."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from support.reports import sample_report, sample_rtl
from support.svg import parse, texts, view

from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.report import rtl_bars, rtl_tables, rtl_timeline
from hw_trigger.report.document import to_report
from hw_trigger.report.headlines import headlines
from hw_trigger.report.render import drawings, markdown
from hw_trigger.report.rtl_schema import Rtl
from hw_trigger.report.rtl_section import RtlFigures
from hw_trigger.report.schema import Report
from hw_trigger.rtl.design import design
from hw_trigger.rtl.latency import passage


def _report(figures: RtlFigures) -> Report:
    return to_report(replace(sample_report(), rtl=figures), {})


def _rtl(figures: RtlFigures) -> Rtl:
    found = _report(figures).rtl
    assert found is not None
    return found


FIGURES = sample_rtl(sample_report().program)
BARE = RtlFigures(FIGURES.top, FIGURES.schedule)


def test_cycles_stand_beside_each_other() -> None:
    estimate = sample_report().estimate
    assert estimate is not None
    rows = rtl_tables.cycles(_rtl(FIGURES)).rows
    way = passage(sample_report().program, FIGURES.schedule)
    interval = f"{FIGURES.schedule.interval(sample_report().program):,}"
    assert rows[0] == ("from a window to the next", "840.5 (840 to 841)", interval, f"{estimate.interval_cycles:,}")
    assert rows[1][:2] == ("from an output to the next of the same window", "35")
    latency = f"{estimate.latency_cycles:,}"
    assert rows[2] == ("from a window's first sample to its result", "1,900", f"{way.result:,}", latency)
    assert rows[3][1:] == ("1,100", f"{way.after_last_sample:,}", "-")
    assert rows[4][1:] == ("1,000", f"{way.outputs[0]:,}", "-")


def test_estimated_resources_stand_beside_synthesized_ones() -> None:
    program = sample_report().program
    found = _rtl(FIGURES)
    table = rtl_tables.compared(found)
    assert table.headers[3:] == ("highest", "UltraScale+, synthesized", "ECP5, synthesized")
    expected = estimate_rtl(design((program,), FIGURES.schedule))
    bar = expected.range("lut")
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["DSP"] == (*[f"{expected.resources.dsp:,.0f}"] * 3, "40", "40")
    assert rows["BRAM18"][3:] == ("5", "8")
    assert rows["LUT"] == (*(f"{value:,.0f}" for value in (bar.value, bar.low, bar.high)), "3,530", "9,000")
    assert found.estimated.origin == "estimated"
    assert "| resource | estimated | lowest | highest |" in markdown(_report(BARE))


def test_every_figure_has_its_origin() -> None:
    found = _rtl(FIGURES)
    assert found.origin == "calculated"
    assert found.simulation is not None
    assert found.simulation.origin == "simulated"
    assert [each.origin for each in found.syntheses] == ["synthesized", "synthesized"]
    assert [each.clock.origin for each in found.syntheses if each.clock is not None] == ["estimated", "routed"]
    assert found.missing == {}
    labels = {item.label: (item.value, item.origin, item.state) for item in headlines(_report(FIGURES))}
    assert labels["RTL: interval of windows"] == ("840.5 cycles", "simulated", "good")
    assert labels["RTL: DSP, UltraScale+"] == ("40", "synthesized", "plain")
    assert labels["RTL: clock"] == ("212.5 MHz", "estimated", "plain")


def test_what_is_missing_says_how_to_get_it() -> None:
    found = _rtl(BARE)
    assert found.missing == {"simulation": "make rtlsim", "syntheses": "make synth"}
    text = markdown(_report(BARE))
    assert "*Not simulated yet: `make rtlsim` does it.*" in text
    assert "*Not synthesized yet: `make synth` does it.*" in text
    assert not {"rtl_cycles", "rtl_resources"} & set(drawings(_report(BARE)))
    assert [row[1] for row in rtl_tables.cycles(found).rows] == ["-"] * len(found.counts)


def test_resources_by_block_add_up() -> None:
    found = _rtl(FIGURES).syntheses
    table = rtl_tables.resources(found[0])
    columns = list(zip(*(row[1:] for row in table.rows), strict=True))
    assert table.headers == (
        "block",
        "LUT as logic",
        "LUT as memory",
        "LUT as shift register",
        "FF",
        "DSP",
        "BRAM18",
        "BRAM36",
    )
    for column in columns:
        *parts, whole = (int(cell.replace(",", "")) for cell in column)
        assert sum(parts) == whole
    assert [row[0] for row in rtl_tables.resources(found[1]).rows] == ["all"]
    assert "the netlist, simulated on 52 windows: 0 mismatches in 104 codes" in rtl_tables.tools(found[0])
    assert "the netlist was not simulated" in rtl_tables.tools(found[1])


def test_bars_are_shares_of_the_whole() -> None:
    bars = rtl_bars.draw(_rtl(FIGURES).syntheses[0])
    assert bars is not None
    assert [row.name for row in bars.rows] == ["LUT", "FF", "DSP", "BRAM18"]
    for row in bars.rows:
        assert sum(segment.width for segment in row.segments) == pytest.approx(rtl_bars.PLOT, abs=0.1)
        for one, other in itertools.pairwise(row.segments):
            assert one.x + one.width == pytest.approx(other.x, abs=0.02)
    memory = bars.rows[-1]
    assert [segment.text for segment in memory.segments] == [
        "decoder_0, BRAM18: 2, 40.0%",
        "encoder_0, BRAM18: 3, 60.0%",
    ]
    assert rtl_bars.draw(_rtl(FIGURES).syntheses[1]) is None


def test_more_blocks_than_colours_share_the_last_key() -> None:
    synthesis = _rtl(FIGURES).syntheses[0]
    block = next(iter(synthesis.blocks.values()))
    blocks = {f"block_{k}": block.model_copy(update={"lut": 100 - k}) for k in range(13)}
    bars = rtl_bars.draw(synthesis.model_copy(update={"blocks": blocks}))
    assert bars is not None
    assert [key.name for key in bars.legend] == [*(f"block_{k}" for k in range(9)), "others"]
    assert [key.colour for key in bars.legend] == list(range(10))


def test_the_timeline_is_that_of_the_simulation() -> None:
    simulation = _rtl(FIGURES).simulation
    assert simulation is not None
    found = rtl_timeline.draw(simulation)
    assert found is not None
    assert [row.name for row in found.rows] == ["samples in", "vectors out", "result"]
    assert [bar.text for bar in found.rows[2].bars] == [
        "result, window 1: cycle 1,900",
        "result, window 2: cycle 2,740",
        "result, window 3: cycle 3,580",
    ]
    assert [each.text for each in found.dimensions] == [
        "latency of the first window: 1,900 cycles",
        "to the next window's: 840 cycles",
    ]
    # A design that gives nothing but results has no vectors to show; one that shows neither has no timeline.
    silent = simulation.model_copy(
        update={"stamps": tuple(each.model_copy(update={"outputs": None}) for each in simulation.stamps)}
    )
    drawn = rtl_timeline.draw(silent)
    assert drawn is not None
    assert [row.name for row in drawn.rows] == ["samples in", "result"]


@pytest.mark.parametrize("name", ["rtl_cycles", "rtl_resources"])
def test_every_text_has_room(name: str) -> None:
    root = parse(drawings(_report(FIGURES))[name])
    written = texts(root)
    assert written
    for text in written:
        assert text.within(view(root)), text
    for one, other in itertools.combinations(written, 2):
        assert not one.overlaps(other), (one, other)
