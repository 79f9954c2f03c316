"""The published schema is that of the reports, and a report is all there is to know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from support.reports import bare_report, classifier_report, error_report, sample_report

from hw_trigger.files import to_json
from hw_trigger.report.data import ReportData
from hw_trigger.report.document import to_report
from hw_trigger.report.schema import Report, schema_text
from hw_trigger.report.section import ORIGINS, Origin

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def _json(data: ReportData) -> str:
    return to_json(to_report(data, {"loss": "loss.png"}).model_dump(mode="json"))


def test_the_published_schema_is_the_generated_one() -> None:
    assert PUBLISHED.read_text("utf-8") == schema_text(), "see hw_trigger/report/schema.py for how to write it anew"


@pytest.mark.parametrize(
    "data",
    [sample_report(), error_report(), classifier_report(), bare_report()],
    ids=["full", "error", "classifier", "bare"],
)
def test_a_report_read_back_is_the_same(data: ReportData) -> None:
    text = _json(data)
    report = Report.model_validate_json(text)
    assert report == to_report(data, {"loss": "loss.png"})
    assert to_json(report.model_dump(mode="json")) == text


def test_the_schema_asks_for_all_that_a_report_has() -> None:
    schema = json.loads(PUBLISHED.read_text("utf-8"))
    document = json.loads(_json(sample_report()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for name, part in {"Report": schema, **schema["$defs"]}.items():
        # Three of them have defaults for those who make them.
        if "properties" in part and name not in {"DesignPoint", "Objective", "ResolvedReuse"}:
            assert set(part["required"]) == set(part["properties"]), name
    assert list(schema["properties"]) == list(document)
    for kind in ("network", "memory", "provenance"):
        definition = schema["$defs"][schema["properties"][kind]["$ref"].removeprefix("#/$defs/")]
        assert list(definition["properties"]) == list(document[kind])
        assert definition["additionalProperties"] is False
    assert schema["$defs"]["Amount"]["properties"]["share"]["anyOf"] == [{"type": "number"}, {"type": "null"}]
    assert "description" in schema["$defs"]["EstimatedLayer"]["properties"]["busy"]


def test_nothing_unknown_and_no_other_version() -> None:
    document = json.loads(_json(bare_report()))
    for change in ({"more": 1}, {"version": 2}, {"format": "x"}, {"network": document["network"] | {"more": 1}}):
        with pytest.raises(ValidationError):
            Report.model_validate(document | change)


def test_every_origin_has_its_meaning() -> None:
    assert set(ORIGINS) == set(get_args(Origin))
