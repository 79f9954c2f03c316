"""Figures within a page: in its colours, with identifiers of their own, and the same for the same data."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from support.reports import sample_report

from hw_trigger.report import figures
from hw_trigger.report.style import inline_svg


def _losses(name: str) -> str:
    return inline_svg(figures.loss_curves(sample_report().losses), name, "a < b")


def test_is_an_element_with_a_name() -> None:
    root = ET.fromstring(_losses("loss"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("role"), root.get("aria-label"), root.get("class")) == ("img", "a < b", "plot")
    assert root[0].text == "a < b"
    assert "<metadata" not in _losses("loss")


def test_takes_the_colours_of_the_page() -> None:
    text = _losses("loss")
    assert set(re.findall(r"var\(--(\w+)\)", text)) >= {"ink", "blue", "orange", "green", "grid", "soft", "paper"}
    assert re.findall(r"[:\"] ?#[0-9a-fA-F]{3,6}\b", text.replace('href="#', "")) == []


def test_identifiers_are_its_own_and_the_same_each_time() -> None:
    one, other = _losses("one"), _losses("other")
    ids = re.findall(r'\bid="([^"]*)"', one)
    assert len(ids) == len(set(ids)) > 10
    assert all(name.startswith("one-") for name in ids)
    assert set(ids).isdisjoint(re.findall(r'\bid="([^"]*)"', other))
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', one)
    assert {first or second for first, second in used} <= set(ids)
    assert _losses("one") == one
