"""One look for all plots, and files whose bytes depend on nothing but the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by the colour-blind too (jfly.uni-koeln.de/color).
BLACK = "#000000"
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
SHADE = "#F0C808"
GREY = "#6B6B6B"

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
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in this look, whatever the user's own configuration says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


def png(figure: Figure) -> bytes:
    """Return a figure as PNG; equal figures give equal bytes (no date, no version of the software)."""
    stream = BytesIO()
    with look():
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
