"""The firmware's dataflow region, token by token: processes that wait for streams, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.fifo import STREAM_DEPTH

ENDLESS = 10**9


class Deadlock(Exception):  # noqa: N818 - what it is
    """Every process that has not ended waits for another one."""


@dataclass
class Stream:
    """A FIFO that holds at most `depth` tokens."""

    depth: int
    tokens: int = 0
    most: int = 0


@dataclass(frozen=True)
class Read:
    stream: Stream

    def done(self) -> bool:
        if not self.stream.tokens:
            return False
        self.stream.tokens -= 1
        return True


@dataclass(frozen=True)
class Write:
    """Waits until all of the streams have room."""

    streams: tuple[Stream, ...]

    def done(self) -> bool:
        if any(stream.tokens >= stream.depth for stream in self.streams):
            return False
        for stream in self.streams:
            stream.tokens += 1
            stream.most = max(stream.most, stream.tokens)
        return True


@dataclass
class Work:
    cycles: int

    def done(self) -> bool:
        self.cycles -= 1
        return self.cycles <= 0


Process = Iterator[Read | Write | Work]


def run(
    program: Program,
    waiting: Stream,
    cycles: Mapping[str, int],
    windows: int,
    *,
    others: int = STREAM_DEPTH,
    head: int = 0,
) -> int:
    """Return the cycles in which the firmware of a program with a trigger computes some windows.

    `waiting` is the FIFO of x for the trigger, `others` the depth of every other one. `cycles` are those of one step, by layer;
    `head` those of the product with the latent vector, before the first step of a window.
    """
    steps = program.steps
    source, to_network = Stream(ENDLESS, windows * steps), Stream(others)
    processes = [_copy(source, to_network, waiting)]
    data = to_network
    for layer in program.layers:
        given = data
        data = Stream(others)
        if isinstance(layer, Lstm):
            processes.append(_lstm(layer, given, data, cycles[layer.name], head))
        else:
            processes.append(_dense(given, data, cycles[layer.name]))
    processes.append(_trigger(waiting, data, windows * steps))
    return _simulate(processes)


def _copy(given: Stream, first: Stream, second: Stream) -> Process:
    while True:
        yield Read(given)
        yield Write((first, second))


def _lstm(layer: Lstm, given: Stream, result: Stream, cycles: int, head: int) -> Process:
    while True:
        if layer.repeat_input:
            yield Read(given)
            yield Work(head)
        for _ in range(layer.steps):
            if not layer.repeat_input:
                yield Read(given)
            yield Work(cycles)
            if layer.return_sequence:
                yield Write((result,))
        if not layer.return_sequence:
            yield Write((result,))


def _dense(given: Stream, result: Stream, cycles: int) -> Process:
    while True:
        yield Read(given)
        yield Work(cycles)
        yield Write((result,))


def _trigger(x: Stream, reconstruction: Stream, words: int) -> Process:
    for _ in range(words):
        yield Read(x)
        yield Read(reconstruction)


def _simulate(processes: list[Process]) -> int:
    """Run until the last process has ended; the others never do."""
    at = [next(process) for process in processes]
    cycle = 0
    while True:
        cycle += 1
        moved = False
        for index, process in enumerate(processes):
            working = isinstance(at[index], Work)
            if at[index].done():
                following = next(process, None)
                if following is None:
                    return cycle
                at[index] = following
                moved = True
            moved |= working
        if not moved:
            raise Deadlock(f"no process can go on after {cycle} cycles")
