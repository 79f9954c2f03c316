"""Rows of the report's tables, by hand."""

from __future__ import annotations

from support.reports import sample_report

from hw_trigger.report import design_tables, tables
from hw_trigger.report.document import to_report
from hw_trigger.report.tables import Table


def test_tables_are_rectangular_and_their_numbers_too() -> None:
    report = to_report(sample_report(), {})
    assert report.channel is not None
    assert report.detection is not None
    assert report.training is not None
    assert report.verification is not None
    assert report.estimate is not None
    assert report.vendor is not None
    assert report.exploration is not None
    assert report.saturations is not None
    found: list[Table] = [
        tables.network(report.network),
        tables.formats(report.network),
        tables.channel(report.channel),
        tables.detection(report.detection),
        tables.training(report.training),
        tables.verification(report.verification),
        tables.memory(report.memory),
        tables.saturations(report.saturations),
        tables.recorded(report.provenance, "value"),
        design_tables.resources(report.estimate),
        design_tables.times(report.estimate),
        design_tables.layer_resources(report.estimate),
        design_tables.layer_times(report.estimate),
        design_tables.errors(report.estimate),
        design_tables.vendor(report.vendor),
        design_tables.exploration(report.exploration),
    ]
    assert len({table.title for table in found}) == len(found)
    for table in found:
        assert table.rows, table.title
        assert {len(row) for row in table.rows} == {len(table.headers)}, table.title
        assert all(column < len(table.headers) for column in (*table.numbers, *table.code))


def test_layers_and_their_sum() -> None:
    estimate = to_report(sample_report(), {}).estimate
    assert estimate is not None
    *layers, total = design_tables.layer_resources(estimate).rows
    assert total[0] == "all"
    assert total[1] == f"{estimate.multipliers:,}"
    assert total[5] == f"{estimate.c_synthesis.lut.value:,}"
    assert total[10] == f"{estimate.logic.lut.value:,}"
    # Each is rounded for itself.
    luts = sum(int(row[10].replace(",", "")) for row in layers)
    assert abs(luts - estimate.logic.lut.value) <= len(layers) / 2
    assert [row[0] for row in design_tables.layer_times(estimate).rows] == [
        layer.name for layer in estimate.layers if layer.kind != "fifo"
    ]


def test_only_the_front_and_this_design_are_listed() -> None:
    exploration = to_report(sample_report(), {}).exploration
    assert exploration is not None
    table = design_tables.exploration(exploration)
    assert table.headers == ("design", "latency (µs)", "LUT", "AUC-ROC", "on the front", "this design")
    assert [row[0] for row in table.rows] == ["lstm8", "lstm16", "lstm32"]
    assert table.rows[2] == ("lstm32", "900", "9,500", "0.6", "no", "yes")
