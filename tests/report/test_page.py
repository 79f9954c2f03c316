"""The HTML page: one file that needs nothing else, whole, and with the numbers of the JSON file."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from support.reports import bare_report, classifier_report, sample_report

from hw_trigger.estimate.program import estimate
from hw_trigger.files import to_json
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report import design_tables, tables
from hw_trigger.report.data import ReportData
from hw_trigger.report.document import to_report
from hw_trigger.report.headlines import headlines
from hw_trigger.report.render import CAPTIONS, draw, markdown, page
from hw_trigger.report.schema import Report
from hw_trigger.report.section import ORIGINS

VOID = {"meta", "br", "hr", "img", "link", "input"}


class _Page(HTMLParser):
    """Checks that elements are closed in order, and gathers what is in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, tag  # only there may an element end itself
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attributes in self.tags for key, value in attributes.items() if key == name]

    def elements(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


def _page(data: ReportData) -> str:
    return page(to_report(data, {}), draw(data))


@pytest.fixture(scope="module")
def full() -> str:
    return _page(sample_report())


def test_stands_alone(full: str) -> None:
    found = _Page(full)
    assert full.startswith("<!DOCTYPE html>")
    for name in ("src", "href", "xlink:href", "srcset", "action", "poster", "data"):
        assert [value for value in found.attributes(name) if not value.startswith("#")] == []
    assert found.elements("script", "link", "iframe", "object", "img", "base") == []
    assert re.findall(r"@import|@font-face", full) == []
    assert [target for target in re.findall(r"url\(([^)]*)\)", full) if not target.startswith("#")] == []
    # Nor is there an address anywhere, but for the names of the SVG namespaces.
    assert set(re.findall(r"\w+://[^\s\"'<]*", full)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_references_within_the_page_lead_somewhere(full: str) -> None:
    found = _Page(full)
    ids = found.attributes("id")
    assert len(ids) == len(set(ids))
    targets = [value.removeprefix("#") for name in ("href", "xlink:href") for value in found.attributes(name)]
    targets += re.findall(r"url\(#([^)]*)\)", full)
    targets += [name for value in found.attributes("aria-labelledby") for name in value.split()]
    assert len(targets) > 20
    assert set(targets) <= set(ids)


def test_can_be_read_by_machine_and_ear(full: str) -> None:
    found = _Page(full)
    (root,) = found.elements("html")
    assert root["lang"] == "en"
    assert {each.get("name") for each in found.elements("meta")} >= {"viewport", "color-scheme"}
    assert all(each.get("role") == "img" for each in found.elements("svg"))
    assert all(each.get("aria-label") or each.get("aria-labelledby") for each in found.elements("svg"))
    assert all(each.get("scope") in {"col", "row"} for each in found.elements("th"))
    assert len(found.elements("caption")) == len(found.elements("table")) > 8
    assert len(found.elements("title")) > len(found.elements("svg"))
    for name, caption in CAPTIONS.items():
        assert (caption in full) == (name != "confusion")
    assert "@media print" in full
    assert "prefers-color-scheme: dark" in full
    # Text of plots is text: a title of Matplotlib's is found in the page.
    assert any("causal score of the integer program" in text for text in found.text)


def test_is_rendered_from_the_json(full: str) -> None:
    data = sample_report()
    report = to_report(data, {})
    read = Report.model_validate_json(to_json(report.model_dump(mode="json")))
    assert page(read, draw(data)) == full
    assert markdown(read) == markdown(report)


def test_html_and_markdown_show_the_same_numbers(full: str) -> None:
    report = to_report(sample_report(), {})
    assert report.estimate is not None
    assert report.vendor is not None
    assert report.detection is not None
    shown = [
        tables.network(report.network),
        tables.detection(report.detection),
        tables.events(report.detection),
        tables.confusion(report.detection),
        tables.memory(report.memory),
        design_tables.resources(report.estimate),
        design_tables.times(report.estimate),
        design_tables.layer_times(report.estimate),
        design_tables.layer_resources(report.estimate),
        design_tables.errors(report.estimate),
        design_tables.vendor(report.vendor),
    ]
    written, text = markdown(report), " ".join(_Page(full).text)
    for cell in {cell for table in shown for row in table.rows for cell in row}:
        assert cell in text
        assert cell in written
    for item in headlines(report):
        for figure in (item.label, item.value, item.detail):
            assert figure in text
            assert figure in written


def test_every_section_has_its_badge(full: str) -> None:
    badges = re.findall(r'<h2 id="(\w+)">(.*?)</h2>', full, re.DOTALL)
    assert {id_: " ".join(re.findall(r'class="badge (\w+)"', title)) for id_, title in badges if id_ != "summary"} == {
        "design": "exact estimated",
        "estimate": "estimated",
        "vendor": "synthesized",
        "rtl": "calculated simulated",
        "exploration": "estimated",
        "verification": "simulated",
        "detection": "measured",
        "training": "measured",
        "memory": "exact",
        "provenance": "recorded",
    }
    text = " ".join(_Page(full).text)
    for meaning in ORIGINS.values():
        assert meaning in text
    wanted = f"*Cycles and resources in the block diagram: estimated ({ORIGINS['estimated']}).*"
    assert wanted in markdown(to_report(sample_report(), {}))
    assert wanted not in markdown(to_report(bare_report(), {}))


def test_what_is_missing_names_its_command() -> None:
    text = _page(bare_report())
    _Page(text)
    heading = re.findall(r'<h2 id="design">(.*?)</h2>', text, re.DOTALL)
    assert re.findall(r'class="badge (\w+)"', *heading) == ["exact"]  # nothing is estimated
    for command in ("make qat", "make csim", "make hls", "make hls SYNTH=1", "hw-trigger explore", "make report"):
        assert f"Not there yet: <code>{command}</code> gives it." in text


def test_a_classifier() -> None:
    text = _page(classifier_report())
    found = _Page(text)
    for name in ("score", "curves", "confusion", "loss", "design"):
        assert CAPTIONS[name] in text
    for name in ("reconstruction", "windows"):
        assert CAPTIONS[name] not in text
    words = " ".join(found.text)
    assert "In the loss, the classes count 0.53, 8.2, in the order of the logits." in words
    assert "indow-spread" not in words
    assert "FIFO" not in words


def test_an_unknown_part_has_no_bars() -> None:
    settings = HlsSettings(part="xcvu999-x")
    found = estimate(sample_report().program, settings)
    text = page(to_report(replace(sample_report(), settings=settings, estimate=found), {}), {})
    _Page(text)
    assert CAPTIONS["utilization"] not in text
    assert "shares are not given: part xcvu999-x is not in the data base of parts" in text


def test_names_are_no_markup() -> None:
    evil = '<script>alert("x")</script>'
    data = replace(sample_report(), run=evil, provenance={evil: evil}, quantization=evil)
    text = page(to_report(data, {}), {})
    assert _Page(text).elements("script") == []
    assert "&lt;script&gt;" in text
