"""A design as the sections of a configuration that make it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hw_trigger.explore.designs import Budget, Design

FACTORS = ("reuse_factor", "recurrent_reuse_factor", "gate_unroll")


def overrides(design: Design, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the sections ``model``, ``quant`` and ``hls`` of a design, as nested dictionaries; of ``hls`` what the sweep varies.

    Parameters
    ----------
    row
        Its row in the table, which has the factors that were chosen for a budget.
    """
    architecture = design.architecture
    hls = {
        "backend": design.backend,
        "part": design.part,
        "clock_ns": design.clock_ns,
        "io_type": design.io_type,
        "strategy": design.strategy,
    }
    if isinstance(design.reuse, Budget):
        chosen: dict[str, list[int]] = json.loads(row["layers"])
        hls["layers"] = {layer: dict(zip(FACTORS, factors, strict=False)) for layer, factors in chosen.items()}
    else:
        hls |= {**asdict(design.reuse), "layers": {}}
    return {
        "model": {
            "name": architecture.name,
            "window": architecture.window,
            "encoder": list(architecture.encoder),
            "latent": architecture.latent,
            "decoder": list(architecture.decoder),
        },
        "quant": asdict(design.quant),
        "hls": hls,
    }
