"""Recorded designs of hls4ml's stock recurrent layers: what real tools said of them, the ground truth of the estimator.

``recorded.json`` holds facts read from the reports of C-synthesis (Vivado HLS 2019.2) and logic synthesis (Vivado 2019.2) in the
public repository github.com/uw-acme/HLS4ML_VS_MANUAL: sizes, types and reuse factors of each layer, and the measured figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from hw_trigger.estimate.hls4ml_design import parse_design
from hw_trigger.estimate.stock import StockDesign


@dataclass(frozen=True)
class Recorded:
    """A design and its measured figures.

    Attributes
    ----------
    source
        Repository, commit and folder.
    c_synthesis, logic
        Resources by name; `logic` is empty where logic synthesis was not recorded. C-synthesis has ``latency_cycles`` and
        ``interval_cycles`` too, the longest where they vary.
    products
        ``dsp`` and ``ff`` of each matrix product in C-synthesis, by its name.
    """

    design: StockDesign
    source: str
    c_synthesis: Mapping[str, int]
    logic: Mapping[str, int]
    products: Mapping[str, Mapping[str, int]]


@lru_cache(maxsize=1)
def recorded_designs() -> tuple[Recorded, ...]:
    """Return all recorded designs."""
    document = json.loads(files("hw_trigger.estimate").joinpath("recorded.json").read_text("utf-8"))
    return tuple(_recorded(name, entry) for name, entry in document.items())


def _recorded(name: str, entry: Mapping[str, Any]) -> Recorded:
    return Recorded(
        parse_design(name, entry["description"]),
        entry["source"],
        entry["c_synthesis"],
        entry["logic"],
        entry["products"],
    )
