"""Rows of the report's tables, by hand."""

from __future__ import annotations

from dataclasses import replace

from support.reports import classifier_report, sample_report

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
        tables.events(report.detection),
        tables.confusion(report.detection),
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


def test_events_and_confusion_by_hand() -> None:
    detection = to_report(sample_report(), {}).detection
    assert detection is not None
    item = detection[2]
    row = tables.events(detection).rows[2]
    assert row[:8] == ("integer program", "causal", "1 of 3", "0", "1.000", "0.333", "0.500", "0")
    assert row[8:] == ("0", "0.1%", f"{item.events.vus_roc:.3f}", f"{item.events.vus_pr:.3f}")
    # 216 samples are anomalous, and 3577 have a score; 2 of 5 alarms are right.
    assert tables.confusion(detection).rows[2] == ("integer program", "causal", "2", "214", "3", "3,358")


def test_protocol_in_words() -> None:
    detection = to_report(sample_report(), {}).detection
    assert detection is not None
    text = tables.protocol(detection)
    assert "alarms with 24 samples or fewer between them are one predicted event" in text
    assert "in samples, of which a day has 1,440." in text
    assert text.endswith("VUS: volumes over tolerances of up to 20 samples.")


def test_split_by_hand() -> None:
    split = to_report(classifier_report(), {}).split
    assert split is not None
    assert tables.split(split).rows[1:] == (
        ("validation", "1,440 to 2,519", "1,057", "937", "120", "11.4%"),
        ("test", "2,520 to 3,599", "1,057", "967", "90", "8.5%"),
    )
    several = replace(classifier_report().split[0], stretches=((0, 10), (20, 1234)))
    found = split.model_copy(update={"parts": (several,)})
    assert tables.split(found).rows[0][1] == "0 to 9, 20 to 1,233"
    assert tables.weights(split) == "In the loss, the classes count 0.53, 8.2, in the order of the logits."
    assert tables.weights(split.model_copy(update={"class_weights": ()})) == "Every window counts the same in the loss."


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
