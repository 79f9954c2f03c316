"""Small sweeps: a space, and rows as the estimator gives them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hw_trigger.explore.space import Space

SMALL = Space(
    quant=("w4a8", "w8a8"),
    units=(4,),
    latent=(2,),
    window=(10,),
    strategy=("Latency", "Resource"),
    io_type=("io_stream",),
    part=("xc7z020",),
    clock_ns=(10.0,),
    reuse_factor=(1, 2, 3),
    recurrent_reuse_factor=(1, 4),
    dense_reuse_factor=(1,),
    gate_unroll=(1, 2),
    balanced_multipliers=(16,),
    balanced_dsp=(),
)


def small_space(**changes: Any) -> Space:
    """Return :data:`SMALL` with other lists."""
    return replace(SMALL, **changes)
