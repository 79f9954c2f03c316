"""The designs of a space: all that can be, each once, the same sample for the same seed."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest
from support.sweeps import small_space

from hw_trigger.errors import UserError
from hw_trigger.explore.designs import Budget, Design, Factors
from hw_trigger.explore.networks import untrained_program
from hw_trigger.explore.space import FACTORS, Base, Grid, SpaceError
from hw_trigger.hls.reuse import ReuseFactorError, resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.spec import Architecture
from hw_trigger.parts.database import UnknownPartError

WIDE = small_space(
    units=(4, "6x4", "4:6"),
    latent=(2, 3),
    part=("xc7z020", "ZCU104"),
    clock_ns=("typical", 5),
    reuse_factor=("1..8",),
    recurrent_reuse_factor=("1..64*2", 3),
    dense_reuse_factor=(1, 2, 3, 7),
    gate_unroll=(1, 2, 3),
    balanced_multipliers=(64,),
    balanced_dsp=(32,),
)


def test_exactly_the_factors_that_layers_can_have(base: Base) -> None:
    """Every combination is tried on a program, as the HLS project would."""
    grid = Grid(WIDE, base)
    found = list(grid)
    platforms = {(design.part, design.clock_ns) for design in found}
    # 5 ns is typical of the ZCU104.
    assert platforms == {
        ("xc7z020clg400-1", 10.0),
        ("xc7z020clg400-1", 5.0),
        ("xczu7ev-ffvc1156-2-e", 5.0),
    }
    expected: set[tuple[Architecture, str, Factors | Budget]] = set()
    wrong = 0
    numbers = [
        WIDE.numbers(name) for name in ("reuse_factor", "recurrent_reuse_factor", "dense_reuse_factor", "gate_unroll")
    ]
    for architecture, strategy in {(design.architecture, design.strategy) for design in found}:
        quant = next(design.quant for design in found)
        program = untrained_program(architecture, quant)
        for factors in itertools.product(*numbers):
            settings = HlsSettings(
                strategy=strategy,
                reuse_factor=factors[0],
                recurrent_reuse_factor=factors[1],
                dense_reuse_factor=factors[2],
                gate_unroll=factors[3],
            )
            try:
                resolve(program, settings)
            except ReuseFactorError:
                wrong += 1
                continue
            expected.add((architecture, strategy, Factors(*factors)))
        expected |= {(architecture, strategy, budget) for budget in (Budget("multipliers", 64), Budget("dsp", 32))}
    assert {(design.architecture, design.strategy, design.reuse) for design in found} == expected
    assert len(found) == len(grid) == len(expected) * len(platforms) * len(WIDE.quant)
    assert grid.skipped == wrong * len(platforms) * len(WIDE.quant)
    assert len({design.id for design in found}) == len(found)


def test_sampling(base: Base) -> None:
    grid = Grid(WIDE, base)
    some = grid.sample(50, seed=3)
    assert len(some) == 50
    assert some == grid.sample(50, seed=3)
    assert some != grid.sample(50, seed=4)
    every = {design: place for place, design in enumerate(grid)}
    places = [every[design] for design in some]
    assert places == sorted(set(places))
    assert grid.sample(len(grid), seed=0) == list(grid)
    nested = [{design.id for design in grid.sample(most, seed=3)} for most in (1, 49, 50, len(grid) - 1, len(grid))]
    assert [len(ids) for ids in nested] == [1, 49, 50, len(grid) - 1, len(grid)]
    assert all(smaller < larger for smaller, larger in itertools.pairwise(nested))
    with pytest.raises(IndexError):
        grid[len(grid)]


def test_a_huge_space_is_sampled_at_once(base: Base) -> None:
    factors = dict.fromkeys(FACTORS, ("1..1024*2",))
    space = small_space(units=(64,), latent=(8,), window=("2..300",), clock_ns=tuple(range(1, 200)), **factors)
    grid = Grid(space, base)
    assert len(grid) > 10**7
    assert len({design.id for design in grid.sample(20, 0)}) == 20


def test_configured_choices(base: Base) -> None:
    lists = dict.fromkeys(("quant", "units", "latent", "window", "part", "clock_ns"), ("configured",))
    configured = HlsSettings(part="xczu7ev-ffvc1156-2-e", clock_ns=4.0)
    found = list(Grid(small_space(**lists), replace(base, hls=configured)))
    assert {(design.part, design.clock_ns) for design in found} == {("xczu7ev-ffvc1156-2-e", 4.0)}
    assert {design.quant for design in found} == {base.quant}
    (architecture,) = {design.architecture for design in found}
    assert replace(architecture, name="tiny") == base.architecture
    assert architecture.name == "lstm4-l2-t10"


def test_balanced_designs_only(base: Base) -> None:
    space = small_space(reuse_factor=(), recurrent_reuse_factor=(), dense_reuse_factor=(), gate_unroll=())
    grid = Grid(space, base)
    assert {design.reuse for design in grid} == {Budget("multipliers", 16)}
    assert grid.skipped == 0


def test_the_identity_is_that_of_the_design(base: Base) -> None:
    one = next(iter(Grid(small_space(), base)))
    again = next(iter(Grid(small_space(strategy=("Latency",), part=("PYNQ-Z2", "zcu104")), base)))
    assert again.id == one.id
    assert Design(**{**vars_of(one), "clock_ns": 5.0}).id != one.id
    assert Design(**{**vars_of(one), "reuse": Budget("dsp", 1)}).id != one.id
    assert re.fullmatch("[0-9a-f]{16}", one.id)


def vars_of(design: Design) -> dict[str, Any]:
    return {name: getattr(design, name) for name in design.__dataclass_fields__}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": ()}, "the sweep's units is empty, and needs one choice at least"),
        (
            {"reuse_factor": ()},
            (
                "the sweep's reuse_factor is empty, and needs one choice at least; leave all four factors empty for balanced "
                "designs only"
            ),
        ),
        (
            {"reuse_factor": (), "balanced_multipliers": ()},
            "the sweep's reuse_factor is empty, and needs one choice at least",
        ),
        (
            {"strategy": ("Resorce",)},
            "the sweep's strategy has 'Resorce', and may have Latency and Resource; did you mean 'Resource'?",
        ),
        (
            {"io_type": ("io_streem",)},
            "the sweep's io_type has 'io_streem', and may have io_stream and io_parallel; did you mean 'io_stream'?",
        ),
        (
            {"clock_ns": (0.01,)},
            "the sweep's clock_ns has 0.01, and each must be 0.1 to 1000 nanoseconds, 'typical' or 'configured'",
        ),
        (
            {"clock_ns": ("fast",)},
            "the sweep's clock_ns has 'fast', and each must be 0.1 to 1000 nanoseconds, 'typical' or 'configured'",
        ),
        ({"window": (1,)}, "the sweep's window has 1, and each must be 2 to 100000 samples"),
    ],
)
def test_lists_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=f"^{re.escape(message)}$"):
        small_space(**changes)


def test_an_unknown_part(base: Base) -> None:
    with pytest.raises(
        UnknownPartError, match=r"^the part 'xc7z021' is not known; did you mean 'xc7z020'\?; known are "
    ):
        Grid(small_space(part=("xc7z021",)), base)


def test_texts_are_checked_when_the_grid_is_made(base: Base) -> None:
    for changes in ({"units": ("4y",)}, {"quant": ("w8",)}):
        with pytest.raises(UserError, match=r"^the sweep's (units have '4y'|quant has 'w8')"):
            Grid(small_space(**changes), base)
