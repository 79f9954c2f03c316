"""Balanced reuse: for a budget, the reuse factors with which no layer waits for another.

In a dataflow the slowest layer sets the interval from one window to the next; multipliers that make another layer faster than
that are wasted. So for a target interval every layer takes the cheapest factors that reach it, and the least target that the
budget allows is the answer. Cost falls as the target rises, so that it is found by bisection; no other assignment is faster. A
decoder's product with the repeated latent vector is computed once a window, and ends up with a large factor by itself.

Source: Que et al., "Accelerating Recurrent Neural Networks for Gravitational Wave Experiments" (2021), balanced initiation
intervals.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace

from hw_trigger.errors import UserError
from hw_trigger.estimate.dsp import operands
from hw_trigger.explore.designs import Budget
from hw_trigger.explore.layer_options import Option, Options, options
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.parts.database import Database


class BudgetError(UserError):
    """A budget that not even the largest reuse factors keep."""


def balance(program: Program, settings: HlsSettings, budget: Budget, parts: Database) -> HlsSettings:
    """Return the settings with the factors of every layer that give the least interval within the budget.

    Raises
    ------
    BudgetError
        The least that the program needs is more.
    """
    multiplier = operands(parts.find(settings.part))
    choices = options(program, budget.resource, settings.strategy, settings.clock_ns, multiplier)
    # Nothing is gained where scaling and trigger, or the fastest that a layer can be, are slower still.
    least = max([choices.cycles, *(layer[0].cycles for layer in choices.layers.values())])
    times = {option.cycles for layer in choices.layers.values() for option in layer}
    targets = sorted({least, *(time for time in times if time > least)})
    at = bisect_left(targets, True, key=lambda target: _cost(choices, target) <= budget.amount)
    if at == len(targets):
        needed = _cost(choices, targets[-1])
        raise BudgetError(
            f"the budget {budget} is too small for program {program.name!r}: with the strategy {settings.strategy} it needs "
            f"{needed:g} at least"
        )
    chosen = {name: _cheapest(layer, targets[at]) for name, layer in choices.layers.items()}
    kinds = {layer.name: isinstance(layer, Lstm) for layer in program.layers}
    return replace(settings, layers={name: _reuse(option, kinds[name]) for name, option in chosen.items()})


def _cost(choices: Options, target: int) -> float:
    return choices.cost + sum(_cheapest(layer, target).cost for layer in choices.layers.values())


def _cheapest(layer: tuple[Option, ...], target: int) -> Option:
    """Return the cheapest option that takes no longer than the target: the last one, as they become cheaper and slower."""
    return layer[bisect_right(layer, target, key=lambda option: option.cycles) - 1]


def _reuse(option: Option, recurrent: bool) -> LayerReuse:
    reuse = option.reuse
    if not recurrent:
        return LayerReuse(reuse.reuse_factor)
    return LayerReuse(reuse.reuse_factor, reuse.recurrent_reuse_factor, reuse.gate_unroll)
