"""What every layer could be: the time that it takes and what it costs, for every choice of its factors that is worth a look.

Here, and only here, balancing asks the estimator.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from hw_trigger.estimate import layers as own
from hw_trigger.estimate import products
from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.layers import Target
from hw_trigger.estimate.products import Product
from hw_trigger.estimate.triggers import trigger
from hw_trigger.explore.designs import Resource
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.reuse import allowed_reuse_factors
from hw_trigger.hls.settings import HlsSettings, ResolvedReuse

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Option:
    """One choice of a layer's factors.

    Attributes
    ----------
    cycles
        From one window to the next, were the layer alone.
    cost
        Multipliers or DSP slices.
    """

    cycles: int
    cost: float
    reuse: ResolvedReuse


@dataclass(frozen=True)
class Options:
    """Choices of a whole program.

    Attributes
    ----------
    cycles, cost
        Of what has no factors, scaling and trigger: the slowest one's, and that of all.
    layers
        By the layer's name, from the fastest to the cheapest; each is cheaper than all faster ones.
    """

    cycles: int
    cost: float
    layers: dict[str, tuple[Option, ...]]


@lru_cache(maxsize=256)
def options(
    program: Program, resource: Resource, strategy: str, clock_ns: float, multiplier: tuple[int, int]
) -> Options:
    """Return the choices of a program. Those of one program are worked out once, whatever the budget.

    Parameters
    ----------
    multiplier
        Operand widths of the part's DSP slices.
    """
    settings = HlsSettings(strategy=strategy, clock_ns=clock_ns)
    target = Target(settings, program.steps, multiplier, calibration())
    fixed = []
    if program.scaling is not None:
        fixed.append(own.scaling(program.scaling, target))
    if program.trigger is not None:
        fixed.append(trigger(program.trigger, target))
    ask = _Ask(resource, settings, multiplier)
    return Options(
        max((part.stage.interval for part in fixed if part.stage is not None), default=0),
        sum(part.multipliers if resource == "multipliers" else part.dsp_if_wide for part in fixed),
        {
            layer.name: ask.lstm(layer) if isinstance(layer, Lstm) else ask.dense(layer, sequence)
            for layer, sequence, _ in program.flow()
        },
    )


@dataclass(frozen=True)
class _Ask:
    resource: Resource
    settings: HlsSettings
    multiplier: tuple[int, int]

    def lstm(self, layer: Lstm) -> tuple[Option, ...]:
        """Cycles grow with those of each product and of the gates, and costs add up: what is dominated there is so in all."""
        rows, strategy = 4 * layer.n_units, self.settings.strategy

        def products_of(factor: int, recurrent: int) -> tuple[Product, Product]:
            return own.lstm_products(layer, ResolvedReuse(factor, recurrent), strategy)

        inputs, states = (allowed_reuse_factors(size, rows, strategy) for size in (layer.n_inputs, layer.n_units))
        first = self._products((factor, products_of(factor, states[0])[0]) for factor in inputs)
        second = self._products((factor, products_of(inputs[0], factor)[1]) for factor in states)
        gates = own.GATE_PRODUCTS
        if self.resource == "dsp":
            gates = own.gate_dsps(layer, self.multiplier, narrow_in_lut=False)
        unrolls = [number for number in range(1, layer.n_units + 1) if layer.n_units % number == 0]
        found = []
        for (_, x_cost, x), (_, h_cost, h), unroll in itertools.product(first, second, unrolls):
            reuse = ResolvedReuse(x, h, unroll)
            stage = own.lstm_stage(layer, reuse, self.settings)
            found.append((stage.interval, x_cost + h_cost + gates * unroll, reuse))
        return tuple(itertools.starmap(Option, staircase(found)))

    def dense(self, layer: Dense, sequence: bool) -> tuple[Option, ...]:
        found = []
        for factor in allowed_reuse_factors(layer.n_inputs, layer.n_outputs, self.settings.strategy):
            reuse = ResolvedReuse(factor)
            product = own.dense_product(layer, reuse, self.settings.strategy)
            stage = own.dense_stage(layer, reuse, self.settings, sequence=sequence)
            found.append((stage.interval, self._cost(product), reuse))
        return tuple(itertools.starmap(Option, staircase(found)))

    def _products(self, candidates: Iterable[tuple[int, Product]]) -> list[tuple[int, float, int]]:
        clock = self.settings.clock_ns
        return staircase(
            [(products.cycles(product, clock), self._cost(product), factor) for factor, product in candidates]
        )

    def _cost(self, product: Product) -> float:
        if self.resource == "multipliers":
            return product.multipliers
        return products.dsps(product, self.multiplier, narrow_in_lut=False)


def staircase(choices: Iterable[tuple[int, float, Choice]]) -> list[tuple[int, float, Choice]]:
    """Return the choices ``(cycles, cost, what)`` that are cheaper than all that are as fast or faster, the fastest first."""
    found: list[tuple[int, float, Choice]] = []
    for choice in sorted(choices, key=lambda item: item[:2]):
        if not found or choice[1] < found[-1][1]:
            found.append(choice)
    return found
