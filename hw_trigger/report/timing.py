"""Closed forms of how long things take, in clock cycles: a product, a step, a layer, a window.

Constants were read off Vivado HLS 2019.2 reports of hls4ml's stock recurrent designs ("recorded", see
:mod:`hw_trigger.report.resources`), at a clock of 5 ns on UltraScale+.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ADDER_NS = 0.9
"""Delay of one level of an adder tree. Recorded: products with 20 inputs, 5 levels with the bias, within a cycle of 4.3 ns."""

GATE_CYCLES = 9
"""Stages behind the products: sum, requantize, table, products f*c and i*g, requantize and add, requantize, table, product
with o, requantize."""

STEP_CYCLES = 3
"""What the loop over the steps adds. Recorded: 3 at reuse factor 1, 2 above."""

LOOP_CYCLES = 2
"""What entering and leaving a pipelined loop adds."""

PIPELINE_CYCLES = 4
"""Stages of the scaling and of the trigger: read, multiply, round or add up, write."""


@dataclass(frozen=True)
class Stage:
    """One process of the dataflow: it takes words, and gives words, each a vector of one step.

    Attributes
    ----------
    setup
        Cycles once a window, before the first step.
    step
        Cycles a step.
    steps
        Steps of a window.
    depth
        Cycles that a result is behind its step.
    gives_one
        It gives one vector a window, when the last step is done, not one a step.
    """

    name: str
    setup: int
    step: int
    steps: int
    depth: int = 0
    gives_one: bool = False

    @property
    def interval(self) -> int:
        """Cycles from the beginning of one window to that of the next."""
        return self.setup + self.steps * self.step + self.depth


def product_cycles(n_in: int, reuse_factor: int, strategy: str, clock_ns: float) -> int:
    """Return the latency of a matrix product: ``reuse + tree``.

    The multipliers are busy for as many cycles as they are used again. Then the adder tree: under Latency all n_in products of
    an output and its bias are added at the end; under Resource ``n_in / reuse`` of them are added to the accumulator in every
    cycle. As many levels fit into a cycle as :data:`ADDER_NS` allows. Recorded under Resource (n_in, reuse: cycles, this
    formula): 20, 20: 20 to 21, 21; 6, 30: 31 to 32, 31; 128, 32: 33 to 34, 33; 3, 24: 25 to 26, 25; 20, 1: 1, 2.
    """
    terms = n_in + 1 if strategy == "Latency" else math.ceil(n_in / reuse_factor) + 1
    levels = math.ceil(math.log2(terms))
    return reuse_factor + max(1, math.ceil(levels * ADDER_NS / clock_ns))


def gate_cycles(n_units: int, gate_unroll: int) -> int:
    """Return the cycles of the loop over the units: pipelined, ``gate_unroll`` units a cycle, :data:`GATE_CYCLES` deep."""
    trips = n_units // gate_unroll
    return GATE_CYCLES + trips - 1 + (LOOP_CYCLES if trips > 1 else 0)


def window_latency(stages: Sequence[Stage], *, streamed: bool) -> int:
    """Return the cycles from a window's first sample to the last result of the last stage; samples arrive one a cycle.

    In io_parallel a stage begins when the one before has ended. In io_stream it begins with the first word: a stage that takes
    a sequence ends a step after its last word came, or when it has worked through all steps, whichever is later. The
    encoder gives its last state only (the first word is then the last, too), so that latent layer and decoder begin when it has
    seen the whole window.
    """
    if not streamed:
        return sum(stage.interval for stage in stages)
    first, last = 0, stages[0].steps - 1
    for stage in stages:
        done = max(first + stage.setup + stage.steps * stage.step, last + stage.step) + stage.depth
        first = done if stage.gives_one else first + stage.setup + stage.step + stage.depth
        last = done
    return last


def window_interval(stages: Sequence[Stage]) -> int:
    """Return the cycles from one window to the next: those of the slowest stage."""
    return max(stage.interval for stage in stages)
