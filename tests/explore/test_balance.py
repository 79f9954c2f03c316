"""Balanced reuse: within the budget, and no other assignment is faster."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from support.programs import random_classifier, random_program, with_deviation

from hw_trigger.config.compose import load_config
from hw_trigger.estimate.program import estimate
from hw_trigger.explore.balance import BudgetError, balance
from hw_trigger.explore.designs import Budget, Resource
from hw_trigger.explore.layer_options import options, staircase
from hw_trigger.explore.networks import untrained_program
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.reuse import allowed_reuse_factors
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.models.spec import Architecture, QuantSpec, TensorSpec
from hw_trigger.parts.database import known_parts

PARTS = known_parts()
TINY = Architecture("tiny", 1, 6, (2,), 2, (1,))
WIDE = QuantSpec(weight=TensorSpec(12, narrow=True), hidden=TensorSpec(12, 1), cell=TensorSpec(12))


def used(program: Program, settings: HlsSettings, resource: Resource) -> tuple[int, float]:
    """Interval and cost by the estimator."""
    found = estimate(program, settings)
    return found.interval_cycles, found.multipliers if resource == "multipliers" else found.dsp_at_most


def choices(layer: Any, strategy: str) -> list[LayerReuse]:
    """Every choice that a layer has."""
    if not isinstance(layer, Lstm):
        return [LayerReuse(factor) for factor in allowed_reuse_factors(layer.n_inputs, layer.n_outputs, strategy)]
    rows, units = 4 * layer.n_units, layer.n_units
    return [
        LayerReuse(*factors)
        for factors in itertools.product(
            allowed_reuse_factors(layer.n_inputs, rows, strategy),
            allowed_reuse_factors(units, rows, strategy),
            [number for number in range(1, units + 1) if units % number == 0],
        )
    ]


@pytest.mark.parametrize("strategy", ["Latency", "Resource"])
@pytest.mark.parametrize("quant", [QuantSpec(), WIDE], ids=["8 bits", "12 bits"])
def test_no_other_assignment_is_faster(strategy: str, quant: QuantSpec) -> None:
    """All assignments of a tiny network."""
    program = untrained_program(TINY, quant)
    base = HlsSettings(strategy=strategy)
    every: list[tuple[int, float, float]] = []
    for chosen in itertools.product(*(choices(layer, strategy) for layer in program.layers)):
        layers = dict(zip((layer.name for layer in program.layers), chosen, strict=True))
        found = estimate(program, HlsSettings(strategy=strategy, layers=layers))
        every.append((found.interval_cycles, found.multipliers, found.dsp_at_most))
    for resource, column in (("multipliers", 1), ("dsp", 2)):
        costs = sorted({item[column] for item in every})
        for amount in costs[:: max(1, len(costs) // 12)]:
            budget = Budget(resource, int(amount))  # type: ignore[arg-type]
            best = min((item[0] for item in every if item[column] <= int(amount)), default=None)
            if best is None:
                with pytest.raises(BudgetError):
                    balance(program, base, budget, PARTS)
                continue
            interval, cost = used(program, balance(program, base, budget, PARTS), resource)  # type: ignore[arg-type]
            assert cost <= amount
            assert interval <= best


@pytest.mark.parametrize("model", ["lstm16", "lstm64", "lstm32x16"])
@pytest.mark.parametrize("strategy", ["Latency", "Resource"])
@pytest.mark.parametrize("resource", ["multipliers", "dsp"])
def test_no_layer_waits_more_than_a_step_of_its_factors(model: str, strategy: str, resource: Resource) -> None:
    config = load_config([f"model={model}"])
    program = untrained_program(config.autoencoder(), config.quant)
    base = HlsSettings(strategy=strategy, part="xczu7ev-ffvc1156-2-e")
    before = None
    for amount in (40, 100, 300, 1000, 3000):
        settings = balance(program, base, Budget(resource, amount), PARTS)
        assert {name: getattr(settings, name) for name in ("strategy", "part", "clock_ns")} == {
            name: getattr(base, name) for name in ("strategy", "part", "clock_ns")
        }
        found = estimate(program, settings)
        cost = found.multipliers if resource == "multipliers" else found.dsp_at_most
        assert cost <= amount
        times = {layer.name: layer.interval_cycles for layer in found.layers}
        ladder = options(program, resource, strategy, base.clock_ns, (27, 18)).layers
        for name, steps in ladder.items():
            assert times[name] in {option.cycles for option in steps}
            # The next cheaper choice would hold up the others, or there is none.
            slower = [option.cycles for option in steps if option.cycles > times[name]]
            assert not slower or min(slower) > found.interval_cycles
        assert before is None or found.interval_cycles <= before
        before = found.interval_cycles


def test_the_repeated_vector_is_multiplied_slowly() -> None:
    config = load_config(["model=lstm64"])
    program = untrained_program(config.autoencoder(), config.quant)
    layers = balance(program, HlsSettings(strategy="Resource"), Budget("multipliers", 100), PARTS).layers
    decoder, encoder = layers["decoder"], layers["encoder"]
    assert decoder.reuse_factor is not None
    assert encoder.recurrent_reuse_factor is not None
    assert decoder.reuse_factor >= encoder.recurrent_reuse_factor
    assert layers["latent"] == LayerReuse(640)


def test_faster_than_equal_factors() -> None:
    """Of the settings that all layers share, none is as fast with as many multipliers."""
    config = load_config(["model=lstm64"])
    program = untrained_program(config.autoencoder(), config.quant)
    shared = HlsSettings(strategy="Resource", reuse_factor=2, recurrent_reuse_factor=64, dense_reuse_factor=1)
    found = estimate(program, shared)
    balanced = estimate(program, balance(program, shared, Budget("multipliers", found.multipliers), PARTS))
    assert balanced.interval_cycles < found.interval_cycles / 2


def test_too_small_a_budget() -> None:
    """What is needed is what the largest factors take."""
    program = untrained_program(TINY, QuantSpec())
    slowest = {layer.name: choices(layer, "Resource")[-1] for layer in program.layers}
    slowest = {name: replace(reuse, gate_unroll=1 if reuse.gate_unroll else None) for name, reuse in slowest.items()}
    _, needed = used(program, HlsSettings(strategy="Resource", layers=slowest), "multipliers")
    message = (
        f"the budget multipliers={needed - 1} is too small for program 'tiny': with the strategy Resource it needs "
        f"{needed} at least"
    )
    with pytest.raises(BudgetError, match=f"^{re.escape(message)}$"):
        balance(program, HlsSettings(strategy="Resource"), Budget("multipliers", int(needed) - 1), PARTS)
    enough = balance(program, HlsSettings(strategy="Resource"), Budget("multipliers", int(needed)), PARTS)
    assert used(program, enough, "multipliers")[1] == needed


def test_balancing_is_quick() -> None:
    """Of the default model: the second budget of a network takes no more than the bisection."""
    config = load_config([])
    program = untrained_program(config.autoencoder(), config.quant)
    settings = HlsSettings(strategy="Resource")
    balance(program, settings, Budget("multipliers", 50), PARTS)
    start = time.perf_counter()
    for amount in range(100, 200):
        balance(program, settings, Budget("multipliers", amount), PARTS)
    assert time.perf_counter() - start < 100 * 0.05


def test_a_staircase() -> None:
    steps = [(5, 3.0, "a"), (2, 9.0, "b"), (2, 8.0, "c"), (7, 3.0, "d"), (9, 1.0, "e"), (3, 8.5, "f")]
    assert staircase(steps) == [(2, 8.0, "c"), (5, 3.0, "a"), (9, 1.0, "e")]


@pytest.mark.parametrize(
    "program", [with_deviation(random_program(1)), random_classifier(1)], ids=["deviation", "margin"]
)
def test_every_trigger_has_its_share(program: Program) -> None:
    """What has no factors is counted with the estimator's own figures."""
    found = options(program, "multipliers", "Latency", 5.0, (27, 18))
    parts = estimate(program, HlsSettings()).layers
    fixed = [part for part in parts if part.kind in {"scaling", "trigger"}]
    assert found.cost == sum(part.multipliers for part in fixed)
    assert found.cycles == max(part.interval_cycles for part in fixed)
    assert list(found.layers) == [layer.name for layer in program.layers]
