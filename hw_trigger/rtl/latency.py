"""When each beat of a window passes each block, in cycles, without simulation: latencies from first and last sample to result.

A block is three numbers: how often it takes a beat, how long the beat is on its way, and how many it holds. When a beat is taken
follows from when those before it were, here and in the next block, by sums and maxima alone (a timed event graph: Baccelli et
al., "Synchronization and Linearity", 1992). The numbers follow from :mod:`hw_trigger.rtl.schedule`, from which the hardware is
built; simulation finds the same cycle for every beat.
"""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.rtl.scaling import SCALING_CYCLES
from hw_trigger.rtl.schedule import N_GATES, ProductSchedule, Schedule
from hw_trigger.rtl.triggers import decision_cycles

QUEUE_CYCLES = 2
"""From when a result's last codes are there to when it can be taken: gathered, and written to the queue."""


@dataclass(frozen=True)
class Passage:
    """Cycles of a window of all channels, the first after a reset, in a stream without pauses, from its first sample.

    Attributes
    ----------
    samples, outputs
        Cycle in which each sample is taken, and each vector is put out, in the order step, then channel.
    result
        Cycle of the first channel's result; ``None`` without a trigger.
    layers
        By layer: the cycle in which it takes its first vector, and the one from which its last result can be taken.
    """

    samples: tuple[int, ...]
    outputs: tuple[int, ...]
    result: int | None
    layers: dict[str, tuple[int, int]]
    channels: int

    @property
    def after_last_sample(self) -> int | None:
        """Cycles from the first channel's last sample to its result; ``None`` without a trigger."""
        return None if self.result is None else self.result - self.samples[-self.channels]


def passage(program: Program, schedule: Schedule) -> Passage:
    """Return when the beats of a window pass."""
    channels = schedule.channels
    source = _Source(SCALING_CYCLES if program.scaling is not None else 0)
    engines: list[_Product | _Loop] = []
    giver: _Source | _Loop = source
    section: list[_Product | _Loop] = []
    beats = channels * program.steps
    for layer, _, _ in program.flow():
        engine = _Loop(layer, schedule) if isinstance(layer, Lstm) else _dense(layer, schedule)
        engines.append(engine)
        section.append(engine)
        if isinstance(engine, _Loop) and (engine.repeats or not engine.gives_all):
            # Behind it come more beats, or fewer.
            for beat in range(beats):
                _send(giver, section, beat)
            giver, section = engine, []
            beats = channels * (program.steps if engine.gives_all else 1)
    outputs = []
    for beat in range(beats):
        last = _send(giver, section, beat)
        outputs.append(last.offer(beat))
        last.gives.append(outputs[-1])
    result = None
    if program.trigger is not None:
        result = outputs[-channels] + decision_cycles(program.trigger, channels)
    names = [layer.name for layer in program.layers]
    return Passage(
        samples=tuple(source.taken(channels * program.steps)),
        outputs=tuple(outputs),
        result=result,
        layers={name: (engine.takes[0], engine.offers[-1]) for name, engine in zip(names, engines, strict=True)},
        channels=channels,
    )


def _send(giver: _Source | _Product | _Loop, engines: list[_Product | _Loop], beat: int) -> _Source | _Product | _Loop:
    """Send a beat through blocks, and return the last of them, in which it is."""
    for engine in engines:
        giver.gives.append(engine.take(giver.offer(beat)))
        giver = engine
    return giver


def product_latency(product: ProductSchedule, n_rows: int, n_columns: int) -> int:
    """Return the cycles from when a vector is taken to when its last sums are there.

    Its slots, and behind the last one: operands and weights, those selected, products, adder tree, accumulators.
    """
    return product.slots(n_rows, n_columns) + 4 + len(product.tree(n_rows, n_columns))


class _Source:
    """Samples, one on offer in every cycle, and their scaling, a pipeline that moves when its last beat is taken."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.gives: list[int] = []

    def offer(self, beat: int) -> int:
        return self.gives[beat - 1] + 1 if beat else self.depth

    def taken(self, beats: int) -> list[int]:
        """Return when each sample was taken: while the pipeline fills up in every cycle, then when a beat leaves it."""
        return [*range(self.depth), *self.gives][:beats]


class _Product:
    """A dense layer, or the product of an LSTM's input: takes a vector every `slots` cycles, and holds `depth` of them."""

    def __init__(self, slots: int, latency: int, depth: int) -> None:
        self.slots, self.latency, self.depth = slots, latency, depth
        self.takes: list[int] = []
        self.offers: list[int] = []
        self.gives: list[int] = []

    def take(self, offered: int) -> int:
        """Take a vector that is offered from a cycle on, as soon as may be, and return when."""
        number = len(self.takes)
        cycle = max(offered, self.takes[-1] + self.slots) if number else offered
        if number >= self.depth:
            cycle = max(cycle, self.gives[number - self.depth] + 1)
        self.takes.append(cycle)
        self.offers.append(cycle + self.latency)
        return cycle

    def offer(self, beat: int) -> int:
        return self.offers[beat]


def _dense(layer: Dense, schedule: Schedule) -> _Product:
    product = schedule.product(layer)
    slots = product.slots(layer.n_outputs, layer.n_inputs)
    latency = product_latency(product, layer.n_outputs, layer.n_inputs)
    return _Product(slots, latency + QUEUE_CYCLES, dense_depth(layer, schedule))


def dense_depth(layer: Dense, schedule: Schedule) -> int:
    """Return how many results of a dense layer may be on their way and waiting, as its queue has room for."""
    product = schedule.product(layer)
    latency = product_latency(product, layer.n_outputs, layer.n_inputs) + 1
    return 2 + -(-(latency + 3) // product.slots(layer.n_outputs, layer.n_inputs))


class _Loop:
    """An LSTM: the product of its input, and steps that begin when it is there, in turn by channels."""

    def __init__(self, layer: Lstm, schedule: Schedule) -> None:
        timing = schedule.timing(layer)
        self.channels, self.steps, self.spacing = timing.channels, layer.steps, timing.spacing
        self.repeats, self.gives_all = layer.repeat_input, layer.return_sequence
        latency = product_latency(timing.schedule.input, N_GATES * layer.n_units, layer.n_inputs)
        self.input = _Product(timing.input_slots, latency + 1, loop_entries(layer, schedule))
        # From a step's begin to the last cycle of the gate lanes, and to when its result can be taken.
        self.lanes = timing.slots + timing.product_cycles + 1 + timing.batches - 1
        self.latency = self.lanes + timing.gate_cycles + 1
        self.depth = loop_depth(layer, schedule)
        self.begins: list[int] = []
        self.offers: list[int] = []
        self.gives: list[int] = []

    @property
    def takes(self) -> list[int]:
        return self.input.takes

    def take(self, offered: int) -> int:
        """Take a vector of the input; unless it is a window's, its step begins as soon as may be."""
        cycle = self.input.take(offered)
        if not self.repeats:
            self._begin(len(self.begins))
        return cycle

    def offer(self, beat: int) -> int:
        """Return when a result can be taken; where the input is a window's, that makes the result's step begin."""
        if self.repeats:
            self._begin(beat)
        return self.offers[beat]

    def _begin(self, step: int) -> None:
        cycle = self.begins[-1] + self.spacing if step else 0
        if not self.repeats or step < self.channels:
            cycle = max(cycle, self.input.offers[step])
        if self.gives_all or step >= self.channels * (self.steps - 1):
            number = len(self.offers)
            if number >= self.depth:
                cycle = max(cycle, self.gives[number - self.depth] + 1)
            self.offers.append(cycle + self.latency)
        self.begins.append(cycle)
        if not self.repeats:  # the gate lanes read the vector's sums a cycle ahead
            self.input.gives.append(cycle + self.lanes - 1)


def loop_entries(layer: Lstm, schedule: Schedule) -> int:
    """Return how many vectors of an LSTM's input may be taken and not used up, as its memory has room for."""
    timing = schedule.timing(layer)
    if layer.repeat_input:
        return 2 * timing.channels
    ahead = product_latency(timing.schedule.input, N_GATES * layer.n_units, layer.n_inputs) + 1
    alive = ahead + 3 + timing.slots + _state_latency(layer, schedule) + timing.batches
    return 2 + -(-alive // timing.spacing)


def loop_depth(layer: Lstm, schedule: Schedule) -> int:
    """Return how many results of an LSTM may be on their way and waiting, as its queue has room for."""
    timing = schedule.timing(layer)
    if not layer.return_sequence:
        return 2 * timing.channels
    step = (
        1 + timing.slots + _state_latency(layer, schedule) + timing.holds_sums + timing.batches + timing.gate_cycles + 2
    )
    return 2 + -(-step // timing.spacing)


def _state_latency(layer: Lstm, schedule: Schedule) -> int:
    """Return the cycles from when a slot is issued to when its sums are there."""
    timing = schedule.timing(layer)
    return 1 + timing.product_cycles - timing.holds_sums
