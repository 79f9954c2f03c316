"""What a schedule says of itself: cycles and multipliers of every layer, in closed form, for whoever shows them.

The figures follow from :mod:`hw_trigger.rtl.schedule`, from which the hardware is built; simulation confirms them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.rtl.schedule import N_GATES, LstmSchedule, ProductSchedule, Schedule, layer_interval
from hw_trigger.rtl.triggers import decision_interval


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
        Share of its multipliers' cycles that are multiplications of the layer, where windows follow at the design's interval. The
        rest is waiting, or fills up a last group or block.
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
    interval = window_interval(program, schedule)
    found = []
    for layer, sequence, _ in program.flow():
        if isinstance(layer, Lstm):
            timing = schedule.timing(layer)
            kind, chosen, step = "lstm", shape(timing.schedule), timing.spacing
        else:
            product = schedule.product(layer)
            kind, chosen, step = "dense", shape(product), product.slots(layer.n_outputs, layer.n_inputs)
        multipliers = schedule.layers[layer.name].multipliers
        found.append(
            LayerCycles(
                name=layer.name,
                kind=kind,
                shape=chosen,
                multipliers=multipliers,
                step_cycles=step,
                interval_cycles=layer_interval(layer, schedule, sequence),
                busy=schedule.channels * multiplications(layer, sequence) / (multipliers * interval),
            )
        )
    return tuple(found)


def multiplications(layer: Lstm | Dense, sequence: bool) -> int:
    """Return the multiplications with weights of a window; `sequence` says whether the layer's input is one."""
    if isinstance(layer, Lstm):
        vectors = 1 if layer.repeat_input else layer.steps
        return N_GATES * layer.n_units * (vectors * layer.n_inputs + layer.steps * layer.n_units)
    return (layer.steps if sequence else 1) * layer.n_outputs * layer.n_inputs


def busy(program: Program, schedule: Schedule) -> float:
    """Return the share of all multipliers' cycles that are multiplications with weights, in steady state."""
    total = sum(multiplications(layer, sequence) for layer, sequence, _ in program.flow())
    return schedule.channels * total / (schedule.multipliers * window_interval(program, schedule))


def shape(schedule: LstmSchedule | ProductSchedule) -> str:
    """Return a layer's multiplications a cycle as text, ``"input 4 x 1, state 64 x 4"``."""
    if isinstance(schedule, ProductSchedule):
        return f"{schedule.rows} x {schedule.columns}"
    return f"input {shape(schedule.input)}, state {shape(schedule.state)}"


def bottleneck(program: Program, schedule: Schedule) -> str:
    """Return what sets the time between windows: a layer's name, the trigger's, or ``"input"`` where it is a sample a cycle."""
    interval = schedule.interval(program)
    if program.trigger is not None and window_interval(program, schedule) > interval:
        return program.trigger.name
    return next((each.name for each in layer_cycles(program, schedule) if each.interval_cycles == interval), "input")


def output_step(program: Program, schedule: Schedule) -> int | None:
    """Return the cycles from one vector that the network puts out to the next of the same window and channel.

    The slowest layer behind the last that gives one vector a window sets them. ``None`` where a window has one vector only, and
    where its vectors do not follow each other evenly: the trigger holds them up, or those layers wait in each window for the
    channels' vectors, which come slower than they take them.
    """
    before: list[LayerCycles] = []
    behind: list[LayerCycles] = []
    for each, (_, _, output_shape) in zip(layer_cycles(program, schedule), program.flow(), strict=True):
        behind.append(each)
        if len(output_shape) == 1:
            before, behind = [*before, *behind], []
    if not behind or program.steps == 1 or window_interval(program, schedule) > schedule.interval(program):
        return None
    spacing, coming = _slowest_step(behind), _slowest_step(before)
    # Where all channels' vectors are there before the last window is done, nobody waits for the next one.
    interval = max(each.interval_cycles for each in behind)
    late = schedule.channels * coming >= interval or any(each.interval_cycles > interval for each in before)
    uneven = schedule.channels > 1 and coming > spacing and late
    return None if uneven else schedule.channels * spacing


def _slowest_step(layers: Sequence[LayerCycles]) -> int:
    return max((each.step_cycles for each in layers), default=0)


def window_interval(program: Program, schedule: Schedule) -> int:
    """Return the cycles from one window to the next, of all channels: those of the slowest layer, or of the decisions."""
    decisions = 0 if program.trigger is None else schedule.channels * decision_interval(program.trigger)
    return max(schedule.interval(program), decisions)
