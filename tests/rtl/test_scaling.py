"""The scaling block against the golden model."""

from __future__ import annotations

import gc
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.streaming import Streams, simulate

from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding
from hw_trigger.fixedpoint.golden import Saturations, scale
from hw_trigger.fixedpoint.layers import Scaling
from hw_trigger.rtl.scaling import SCALING_CYCLES, Scaler


def random_scalings(seed: int, count: int) -> tuple[Scaling, ...]:
    """Return scalings of random common formats."""
    rng = np.random.default_rng(seed)
    features = int(rng.integers(1, 5))
    raw, gain, offset, output = (
        Format(
            int(rng.integers(2, 11)),
            int(rng.integers(-3, 8)),
            bool(rng.random() < 0.7),
            list(Rounding)[rng.integers(len(Rounding))],
            list(Overflow)[rng.integers(len(Overflow))],
        )
        for _ in range(4)
    )

    def codes(number_format: Format) -> Codes:
        return rng.integers(number_format.low, number_format.high, features, endpoint=True)

    return tuple(Scaling(f"scaling_{k}", raw, gain, codes(gain), offset, codes(offset), output) for k in range(count))


def run(
    members: tuple[Scaling, ...], channels: int, raw: Codes, *, count: int | None = None, **options: Any
) -> tuple[list[list[int]], Streams]:
    """Return the x of raw beats ``(n, features)``, channels in turn."""
    wanted = {"output": len(raw) if count is None else count}
    streams = simulate(Scaler(members, channels), {"input": raw.tolist()}, wanted, **options)
    return [[int(code) for code in payload] for payload in streams.sinks["output"].payloads], streams


def expected(members: tuple[Scaling, ...], channels: int, raw: Codes) -> list[list[int]]:
    """Return what the golden model makes of the beats."""
    return [
        scale(members[beat % channels % len(members)], sample, Saturations()).tolist()
        for beat, sample in enumerate(raw)
    ]


def random_raw(scaling: Scaling, count: int, seed: int) -> Codes:
    """Return beats of any codes, the ends of the format among them."""
    codes = np.random.default_rng(seed).integers(
        scaling.raw.low, scaling.raw.high, (count, scaling.n_features), endpoint=True
    )
    codes[0], codes[-1] = scaling.raw.low, scaling.raw.high
    return codes


@pytest.mark.parametrize("stall", [0.0, 0.4])
@pytest.mark.parametrize(("n_members", "channels"), [(1, 1), (1, 3), (2, 2), (5, 5)])
def test_x_is_that_of_the_golden_model(n_members: int, channels: int, stall: float) -> None:
    for seed in range(6):
        members = random_scalings(seed, n_members)
        raw = random_raw(members[0], 20, seed)
        found, _ = run(members, channels, raw, stall=stall, seed=seed)
        assert found == expected(members, channels, raw)


def test_members_are_told_apart() -> None:
    one, other = random_scalings(2, 2)
    raw = random_raw(one, 20, 0)
    assert expected((one, other), 2, raw) != expected((one,), 2, raw)


def test_a_beat_a_cycle() -> None:
    members = random_scalings(1, 2)
    _, streams = run(members, 2, random_raw(members[0], 16, 1))
    assert streams.sources["input"].cycles == list(range(16))
    assert streams.sinks["output"].cycles == list(range(SCALING_CYCLES, SCALING_CYCLES + 16))


def test_a_reset_begins_with_the_first_channel() -> None:
    members = random_scalings(2, 3)
    raw = random_raw(members[0], 20, 0)
    found, _ = run(members, 3, raw, stall=0.3, reset_after=8, count=12)
    assert found == expected(members, 3, raw[8:])


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")  # the block that is refused
def test_members_have_common_formats() -> None:
    one, other = random_scalings(3, 2)
    other = replace(other, output=replace(other.output, rounding=Rounding.TRN, integer=other.output.integer + 1))
    message = "scalings 'scaling_0' and 'scaling_1' have different formats"
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        Scaler((one, other), 2)
    gc.collect()
