"""Where the text of the report's drawings is, measured with the font that they ask for."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Extent:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def within(self, other: Extent) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )

    def overlaps(self, other: Extent) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)


def texts(element: ET.Element) -> list[Extent]:
    return [_text(each) for each in element.iter(f"{SVG}text")]


def blocks(root: ET.Element) -> Iterator[tuple[Extent, list[Extent]]]:
    """Yield each block's rectangle, and the texts in it but for its flag."""
    for group in root.iter(f"{SVG}g"):
        if group.get("class", "").startswith("block"):
            (rect,) = group.findall(f"{SVG}rect")
            yield (
                _rectangle(rect),
                [_text(each) for each in group.findall(f"{SVG}text") if each.get("class") != "flag"],
            )


def view(root: ET.Element) -> Extent:
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    return Extent("view", left, top, left + width, top + height)


def _rectangle(rect: ET.Element) -> Extent:
    x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return Extent("rect", x, y, x + width, y + height)


def _text(element: ET.Element) -> Extent:
    size, bold, mono = _look(element.get("class", "").split()[0])
    family = "DejaVu Sans Mono" if mono else "DejaVu Sans"
    content = element.text or ""
    font = FontProperties(family=family, weight="bold" if bold else "normal")
    extent = TextPath((0, 0), content, size=size, prop=font).get_extents()
    anchor = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
    left = float(element.attrib["x"]) - anchor * extent.width
    y = float(element.attrib["y"])
    return Extent(content, left, y - extent.y1, left + extent.width, y - extent.y0)


@lru_cache
def _look(name: str) -> tuple[float, bool, bool]:
    """Size, whether bold, whether monospaced: from the style sheet."""
    css = files("hw_trigger.report").joinpath("templates/drawing.css.jinja").read_text("utf-8")
    rules = re.findall(rf"\.{name}(?:, [^{{]*)? {{([^}}]*)}}", css)
    rule = " ".join(rules)
    size = re.search(r"font-size: ([\d.]+)px", rule)
    return float(size[1]) if size else 11.5, "bold" in rule, "Mono" in rule
