"""What a schedule says of itself: cycles and multipliers of every layer, in closed form, for whoever shows them.

The figures follow from :mod:`hw_trigger.rtl.schedule`, from which the hardware is built; simulation confirms them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.rtl.schedule import LstmSchedule, ProductSchedule, Schedule, layer_interval


@dataclass(frozen=True)
class LayerCycles:
    """A layer in cycles.

    Attributes
    ----------
    name, kind
        In the program; ``"lstm"`` or ``"dense"``.
    shape
        Multiplications a cycle as they are to be shown, rows by columns of each product.
    multipliers
        Multiplications a cycle.
    step_cycles
        From a step to the next one, of whichever channel; of a dense layer from a vector to the next one.
    interval_cycles
        From a window to the next one of all channels, were the layer alone.
    busy
        Share of the cycles in which multipliers of the longest product work on weights, at the layer's own interval.
    """

    name: str
    kind: str
    shape: str
    multipliers: int
    step_cycles: int
    interval_cycles: int
    busy: float


def layer_cycles(program: Program, schedule: Schedule) -> tuple[LayerCycles, ...]:
    """Return the cycles of every layer, in the order of the data."""
    found = []
    for layer, sequence, _ in program.flow():
        interval = layer_interval(layer, schedule, sequence)
        if isinstance(layer, Lstm):
            timing = schedule.timing(layer)
            found.append(
                LayerCycles(
                    layer.name,
                    "lstm",
                    shape(timing.schedule),
                    timing.schedule.multipliers,
                    timing.spacing,
                    interval,
                    timing.busy,
                )
            )
            continue
        product = schedule.product(layer)
        slots = product.slots(layer.n_outputs, layer.n_inputs)
        useful = layer.n_outputs * layer.n_inputs / (product.multipliers * slots)
        found.append(LayerCycles(layer.name, "dense", shape(product), product.multipliers, slots, interval, useful))
    return tuple(found)


def shape(schedule: LstmSchedule | ProductSchedule) -> str:
    """Return a layer's multiplications a cycle as text, ``"input 4 x 1, state 64 x 4"``."""
    if isinstance(schedule, ProductSchedule):
        return f"{schedule.rows} x {schedule.columns}"
    return f"input {shape(schedule.input)}, state {shape(schedule.state)}"


def bottleneck(program: Program, schedule: Schedule) -> str:
    """Return the name of the layer that sets the time between windows; ``"input"`` where it is a sample a cycle."""
    interval = schedule.interval(program)
    return next((each.name for each in layer_cycles(program, schedule) if each.interval_cycles == interval), "input")


def output_step(program: Program, schedule: Schedule) -> int | None:
    """Return the cycles from one vector that the network puts out to the next of the same window and channel.

    The slowest layer behind the last that gives one vector a window sets them. ``None`` where a window has one vector only.
    """
    cycles: list[int] = []
    for each, (_, _, output_shape) in zip(layer_cycles(program, schedule), program.flow(), strict=True):
        cycles = [*cycles, each.step_cycles] if len(output_shape) == 2 else []
    return schedule.channels * max(cycles) if cycles and program.steps > 1 else None
