"""The trigger as data and as words: every kind, with its threshold, settings and formats."""

from __future__ import annotations

import pytest
from support.programs import Sizes, random_classifier, random_program, with_deviation
from support.reports import classifier_report, error_report, sample_report

from hw_trigger.fixedpoint.program import Program
from hw_trigger.report import tables
from hw_trigger.report.data import ReportData
from hw_trigger.report.document import to_report
from hw_trigger.report.schema import Network
from hw_trigger.report.trigger_schema import Deviation, Trigger
from hw_trigger.report.trigger_section import trigger_section


def _section(program: Program) -> Trigger:
    assert program.trigger is not None
    return trigger_section(program.trigger)


def _network(program: Program) -> Network:
    return to_report(ReportData("random", program), {}).network


def _rows(program: Program) -> dict[str, str]:
    return {row[0]: row[1] for row in tables.network(_network(program)).rows}


def test_error() -> None:
    program = random_program(1, Sizes(steps=5, n_features=2))
    found, trigger = _section(program), program.trigger
    assert trigger is not None
    assert (found.kind, found.code, found.unit) == ("error", trigger.threshold, "scaled units squared")
    assert found.value * 10 == pytest.approx(trigger.threshold * trigger.score.step)
    assert (found.deviation, found.positive) == (None, None)
    assert list(found.formats) == ["error", "score"]
    assert found.formats["score"] == found.score == str(trigger.score)


def test_deviation() -> None:
    settings = {
        "threshold": 3 * 256 + 128,
        "settle": 7,
        "baseline": 4,
        "weight": 1,
        "excess_decay": 5,
        "record_decay": 9,
    }
    program = with_deviation(random_program(2), **settings, floor=3)
    found = _section(program)
    assert (found.kind, found.code, found.value, found.unit) == ("deviation", 896, 3.5, "octaves")
    assert found.deviation == Deviation(
        adaptive=True,
        settle_windows=7,
        baseline_windows=16,
        excess_octaves=2,
        excess_windows=32,
        record_windows=512,
        floor=0.125,
    )
    names = ["error", "energy", "difference", "activity", "excess", "mean", "held", "record", "score"]
    assert found.formats == {name: str(getattr(program.trigger, name)) for name in names}
    assert len(set(found.formats.values())) > 4


def test_margin() -> None:
    program = random_classifier(3, n_classes=3)
    found = _section(program)
    assert (found.kind, found.value, found.unit, found.positive) == ("margin", 0.0, "logits", 2)
    assert (list(found.formats), found.deviation) == (["score"], None)


def test_kinds_in_words() -> None:
    score = f"ap_ufixed<{sample_report().program.trigger.score.width}"  # type: ignore[union-attr]
    rows = _rows(sample_report().program)
    assert rows["trigger"] == "deviation of the window's error and activity from their running means, in octaves"
    assert rows["trigger threshold"].startswith(f"3 octaves (code 768 of {score}")
    assert rows["alarm"] == "a score above all earlier ones, which are forgotten in 65,536 windows"
    assert rows["running means"] == "over 2,048 windows; none fires in the first 256"
    assert rows["samples out of range"] == "4 octaves for each unit beyond the trained range, fading in 64 windows"
    assert rows["floor"] == "a mean square of 0.0009766, of errors and of activity"
    steady = with_deviation(random_program(2), adaptive=False)
    assert _rows(steady)["alarm"] == "every score above the threshold"
    rows = _rows(error_report().program)
    assert rows["trigger"] == "squared error of the window, in scaled units squared"
    assert "alarm" not in rows
    rows = _rows(classifier_report().program)
    assert rows["trigger"] == "logit 1 over the greatest of the others, in logits"
    assert rows["trigger threshold"].startswith("-0.25 logits (code -16 of ap_fixed<")


def test_formats_of_the_trigger_are_listed() -> None:
    network = _network(with_deviation(random_program(2)))
    assert network.trigger is not None
    listed = {row[1]: row[2] for row in tables.formats(network).rows if row[0] == "trigger"}
    assert listed == network.trigger.formats
