"""How long a chain of processes takes: a step, a layer, a window, in clock cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GATE_CYCLES = 9
"""Stages behind the products: sum, requantize, table, products f*c and i*g, requantize and add, requantize, table, product
with o, requantize."""

STEP_CYCLES = 3
"""What the loop over the steps adds. Recorded for hls4ml's own loop: 3 at reuse factor 1, 2 above."""

LOOP_CYCLES = 2
"""What entering and leaving a pipelined loop adds."""

PIPELINE_CYCLES = 4
"""Stages of the scaling and of the trigger: read, multiply, round or add up, write."""


DECISION_CYCLES = 8
"""Stages behind the last step of a trigger that remembers: floor, leading one, shift, distance from the mean, sum of the score,
comparisons, shift and addition of the mean, write. Counted from the source."""


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

    @property
    def first_output(self) -> int:
        """Cycles from the first input to the first output, with a word ready whenever it is wanted."""
        return self.interval if self.gives_one else self.setup + self.step + self.depth


def gate_cycles(n_units: int, gate_unroll: int) -> int:
    """Return the cycles of the loop over the units: pipelined, ``gate_unroll`` units a cycle, :data:`GATE_CYCLES` deep."""
    trips = n_units // gate_unroll
    return GATE_CYCLES + trips - 1 + (LOOP_CYCLES if trips > 1 else 0)


def schedule(stages: Sequence[Stage], *, streamed: bool) -> list[tuple[int, int]]:
    """Return when each stage begins and ends with a window that enters a sample a cycle: first cycle, and the one after the last.

    In io_parallel a stage begins when the one before has ended. In io_stream it begins with the first word: a stage that takes
    a sequence ends a step after its last word came, or when it has worked through all steps, whichever is later. The
    encoder gives its last state only (the first word is then the last, too), so that latent layer and decoder begin when it has
    seen the whole window.
    """
    times = []
    first, last = 0, stages[0].steps - 1
    for stage in stages:
        if not streamed:
            times.append((first, first + stage.interval))
            first += stage.interval
            continue
        done = max(first + stage.setup + stage.steps * stage.step, last + stage.step) + stage.depth
        times.append((first, done))
        first = done if stage.gives_one else first + stage.setup + stage.step + stage.depth
        last = done
    return times


def window_interval(stages: Sequence[Stage]) -> int:
    """Return the cycles from one window to the next: those of the slowest stage."""
    return max(stage.interval for stage in stages)
