"""One design estimated: its row of the table. Runs in a worker, which keeps the programs that it has made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import hw_trigger
from hw_trigger.errors import UserError
from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.result import Estimate
from hw_trigger.explore.balance import balance
from hw_trigger.explore.designs import Budget, Design, Factors
from hw_trigger.explore.networks import untrained_program
from hw_trigger.explore.sizes import units_text
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.reuse import doubts, resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.parts.database import Database

SOURCES = (
    "estimate",
    "explore",
    "fixedpoint",
    "hls",
    "models/integer_bits.py",
    "models/spec.py",
    "parts",
    "telemetry/scaling.py",
)
"""Packages and modules that make a row: the program that is drawn, its hardware, its estimate, and what the parts have."""


@dataclass(frozen=True)
class Evaluated:
    """What came of some designs: rows, and by its id why another one cannot be."""

    rows: tuple[dict[str, Any], ...]
    impossible: dict[str, str]


def evaluate(designs: Sequence[Design], parts: Database) -> Evaluated:
    """Return the rows of designs, in their order. Those of one network should follow each other: its program is made once."""
    rows, impossible = [], {}
    for design in designs:
        try:
            rows.append(row(design, parts))
        except UserError as error:  # formats that cannot be exact, a budget that is too small
            impossible[design.id] = str(error)
    return Evaluated(tuple(rows), impossible)


def settings_of(design: Design, program: Program, parts: Database) -> HlsSettings:
    """Return the settings of a design's project, the factors of a budget chosen.

    Raises
    ------
    BudgetError
        The budget is too small.
    """
    settings = design.settings()
    return balance(program, settings, design.reuse, parts) if isinstance(design.reuse, Budget) else settings


def row(design: Design, parts: Database) -> dict[str, Any]:
    """Return the row of a design; the columns of accuracy are not in it.

    Raises
    ------
    UserError
        The design cannot be.
    """
    architecture, quant = design.architecture, design.quant
    program = untrained_program(architecture, quant)
    settings = settings_of(design, program, parts)
    return {
        "id": design.id,
        "network": design.network,
        "model": architecture.name,
        "quant": quant.name,
        "n_features": architecture.n_features,
        "window": architecture.window,
        "units": units_text(architecture.encoder, architecture.decoder),
        "latent": architecture.latent,
        "weight_bits": quant.weight.width,
        "state_bits": quant.hidden.width,
        "backend": design.backend,
        "strategy": design.strategy,
        "io_type": design.io_type,
        "part": design.part,
        "clock_ns": design.clock_ns,
        **(asdict(design.reuse) if isinstance(design.reuse, Factors) else {"budget": str(design.reuse)}),
        "layers": _layers(program, settings),
        "doubts": "; ".join(doubts(program, settings)),
        **figures(estimate(program, settings, parts)),
        "estimator": estimator_version(),
    }


@lru_cache(maxsize=1)
def estimator_version() -> str:
    """Return what an estimate depends on beside the design, the estimator itself: results of another are not used again."""
    content = b"".join(path.read_bytes() for source in SOURCES for path in _files(source))
    return f"{hw_trigger.__version__} {sha256_bytes(content)[:8]}"


def _files(source: str) -> list[Traversable]:
    """Return a module's file, or those of a package."""
    found = files(hw_trigger).joinpath(*source.split("/"))
    if found.is_file():
        return [found]
    return sorted(
        (path for path in found.iterdir() if path.name.endswith((".py", ".json"))), key=lambda path: path.name
    )


def _layers(program: Program, settings: HlsSettings) -> str:
    """Return the factors of every layer as JSON."""
    reuse = resolve(program, settings)
    kinds = {layer.name: isinstance(layer, Lstm) for layer in program.layers}
    return json.dumps(
        {
            name: [item.reuse_factor, item.recurrent_reuse_factor, item.gate_unroll]
            if kinds[name]
            else [item.reuse_factor]
            for name, item in reuse.items()
        }
    )


def figures(found: Estimate) -> dict[str, Any]:
    """Return the columns that follow from an estimate."""
    device, tightest = found.device, found.tightest
    high = {name: found.range(name, "logic").high for name in RESOURCES}
    available = {name: 0 if device is None else getattr(device, name) for name in RESOURCES}
    shares_high = {name: high[name] / number for name, number in available.items() if number}
    tightest_high = max(shares_high, key=shares_high.__getitem__) if shares_high else None
    return {
        "multipliers": found.multipliers,
        **{name: getattr(found.logic, name) for name in RESOURCES},
        **{f"{name}_high": high[name] for name in RESOURCES},
        **{f"{name}_share": found.share(name) for name in RESOURCES},
        **{f"{name}_c_synthesis": getattr(found.c_synthesis, name) for name in RESOURCES},
        "tightest": tightest,
        "tightest_share": None if tightest is None else found.share(tightest),
        "tightest_high": tightest_high,
        "tightest_share_high": None if tightest_high is None else shares_high[tightest_high],
        "fits": found.fits,
        "fits_high": found.fits_at_worst,
        "latency_cycles": found.latency_cycles,
        "latency_us": found.latency_us,
        "interval_cycles": found.interval_cycles,
        "interval_us": found.interval_us,
        "windows_per_second": found.windows_per_second,
        "bottleneck": found.bottleneck,
    }
