"""The shares of counted operators that synthesis leaves: fitted on recorded designs, one for each kind of block."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.optimize import nnls

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.counted import Counted

FILE = "calibration.json"

LSTM, DENSE, TRIGGER, OTHER = "lstm", "dense", "trigger", "other"
KINDS = (LSTM, DENSE, TRIGGER, OTHER)
"""Kinds of blocks; what is the same in every design, or small, is of the last one."""


@dataclass(frozen=True)
class Share:
    """What synthesis leaves of a kind of block: of its LUTs, by what they are, and of its flip-flops."""

    tables: float
    operators: float
    registers: float


Calibration = Mapping[str, Share]


@lru_cache(maxsize=1)
def calibration() -> dict[str, Share]:
    """Return the shares that were fitted on all recorded designs."""
    document = json.loads(files("hw_trigger.estimate.rtl").joinpath(FILE).read_text("utf-8"))
    return {kind: Share(**document[kind]) for kind in KINDS}


def expected(counted: Counted, share: Share) -> Resources:
    """Return the resources that are expected of a block."""
    luts = share.tables * counted.tables + share.operators * counted.operators
    return counted.fixed + Resources(lut=luts, ff=share.registers * counted.registers)


def fit(pairs: Iterable[tuple[str, Counted, Resources]]) -> dict[str, Share]:
    """Return the shares of the least squared relative error.

    Parameters
    ----------
    pairs
        Of each recorded block its kind, what is counted of it, and what synthesis made of it.
    """
    luts: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    registers: dict[str, list[tuple[float]]] = {kind: [] for kind in KINDS}
    for kind, counted, recorded in pairs:
        left = recorded.lut - counted.fixed.lut
        if left > 0:
            luts[kind].append((counted.tables / left, counted.operators / left))
        if recorded.ff and counted.registers:
            registers[kind].append((counted.registers / recorded.ff,))
    return {kind: Share(*_lut_shares(luts[kind], apart=kind == LSTM), *_shares(registers[kind], 1)) for kind in KINDS}


def _lut_shares(ratios: Sequence[tuple[float, float]], *, apart: bool) -> list[float]:
    """Return the shares of tables and of operators; one for both where blocks have few tables."""
    if apart:
        return _shares(ratios, 2)
    return _shares([(sum(each),) for each in ratios], 1) * 2


def _shares(ratios: Sequence[tuple[float, ...]], count: int) -> list[float]:
    """Return the factors with which counted over recorded adds up to 1, nearly; 0 for what there is none of."""
    return [float(share) for share in nnls(np.array(ratios).reshape(-1, count), np.ones(len(ratios)))[0]]
