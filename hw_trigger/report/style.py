"""One look for all plots, and files whose bytes depend on nothing but the data."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

# Okabe and Ito's colours, told apart by the colour-blind too (jfly.uni-koeln.de/color).
BLACK = "#000000"
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
SHADE = "#F0C808"
GREY = "#6B6B6B"

_GRID = "#E3E3E3"

_THEME = {
    BLACK: "ink",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    SHADE: "shade",
    GREY: "soft",
    _GRID: "grid",
    "#ffffff": "paper",
}
"""The page's variables for colours, which are others in the dark."""

WIDTH = 10.0
"""Inches of a plot as wide as the page."""

_LOOK: dict[Any, Any] = {
    "figure.facecolor": "white",
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so is the same everywhere
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",  # text stays text, to be selected and searched
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in this look, whatever the user's own configuration says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


def label_decades(axes: Axes) -> None:
    """Label a logarithmic axis at 1, 2 and 5 where it spans few decades, so that it has numbers at all."""
    low, high = axes.get_ylim()
    if high / low < 100:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:.3g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def png(figure: Figure) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes (no date, no version of the software)."""
    stream = BytesIO()
    with look():
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def inline_svg(figure: Figure, name: str, title: str) -> str:
    """Return a figure as an SVG element for an HTML page, in the page's colours; equal figures give equal text.

    Parameters
    ----------
    name
        Goes before every identifier, so that several figures can be on one page.
    title
        What it shows, for those who do not see it.
    """
    stream = StringIO()
    with look(), mpl.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    text = text[text.index("<svg") :].rstrip()
    text = re.sub(r"<!--.*?-->\n?|<metadata>.*?</metadata>\n?", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for colour, variable in _THEME.items():
        text = re.sub(rf"{colour}\b", f"var(--{variable})", text, flags=re.IGNORECASE)
    text = re.sub(r"#000\b", "var(--ink)", text)
    # Text that says no colour is black.
    head, body = text.split(">", 1)
    label = html.escape(title)
    return f'{head} class="plot" role="img" aria-label="{label}" fill="var(--ink)">\n<title>{label}</title>{body}'
