"""How data flow between blocks: registers, counters, queues with credits, forks."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.rtl.streams import index


def counter(m: Module, enable: Value, limit: int, name: str) -> tuple[Signal, Value]:
    """Return a count of the cycles with `enable`, 0 to ``limit - 1`` over and over, and whether it is the last of these.

    Both come out of registers.
    """
    count = Signal(index(limit), name=name)
    if limit == 1:
        return count, Const(1, 1)
    last = Signal(name=f"{name}_is_last")
    with m.If(enable):
        m.d.sync += [count.eq(Mux(last, 0, count + 1)), last.eq(count == limit - 2)]
    return count, last


def later(m: Module, value: Value, name: str, *, reset: bool = False) -> Signal:
    """Return the value a cycle later, out of a register; with `reset` it is 0 after one."""
    register = Signal(Value.cast(value).shape(), name=name, reset_less=not reset)
    m.d.sync += register.eq(value)
    return register


def tally(m: Module, more: Value, fewer: Value, *, initial: int, limit: int, name: str) -> Signal:
    """Return a number up to `limit` that grows by one with `more` and shrinks by one with `fewer`."""
    number = Signal(range(limit + 1), init=initial, name=name)
    with m.If(more & ~fewer):
        m.d.sync += number.eq(number + 1)
    with m.Elif(fewer & ~more):
        m.d.sync += number.eq(number - 1)
    return number


class Queue(wiring.Component):
    """Results of a pipeline that cannot stop: a place is reserved before a computation begins, and filled when it ends.

    Ports: `free` (a place can be reserved), `reserve`, `push` with `pushed`, and the stream `output`.
    """

    def __init__(self, layout: data.ArrayLayout, depth: int) -> None:
        self.layout, self.depth = layout, depth
        super().__init__(
            {
                "free": Out(1),
                "reserve": In(1),
                "push": In(1),
                "pushed": In(unsigned(layout.size)),
                "output": Out(stream.Signature(layout)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Keep results in a memory, and count its places."""
        m = Module()
        m.submodules.words = words = fifo.SyncFIFO(width=self.layout.size, depth=self.depth)
        taken = self.output.valid & self.output.ready
        places = tally(m, taken, self.reserve, initial=self.depth, limit=self.depth, name="places")
        m.d.comb += [
            self.free.eq(places != 0),
            words.w_en.eq(self.push),
            words.w_data.eq(self.pushed),
            self.output.valid.eq(words.r_rdy),
            self.output.payload.as_value().eq(words.r_data),
            words.r_en.eq(self.output.ready),
        ]
        return m


class Fork(wiring.Component):
    """Gives every beat of a stream to `count` streams, each of which takes it when it will."""

    def __init__(self, layout: data.ArrayLayout, count: int) -> None:
        self.count = count
        outputs = {f"output_{number}": Out(stream.Signature(layout)) for number in range(count)}
        super().__init__({"input": In(stream.Signature(layout)), **outputs})

    def outputs(self) -> list[stream.Interface]:
        """Return the streams that it gives to."""
        return [getattr(self, f"output_{number}") for number in range(self.count)]

    def elaborate(self, _platform: object) -> Module:
        """Remember for each stream whether it has had the beat that waits."""
        m = Module()
        finished: Value | None = None
        taken = []
        for number, output in enumerate(self.outputs()):
            had = Signal(name=f"had_{number}")
            m.d.comb += [
                output.payload.as_value().eq(self.input.payload.as_value()),
                output.valid.eq(self.input.valid & ~had),
            ]
            done = output.ready | had
            finished = done if finished is None else finished & done
            taken.append((had, output.valid & output.ready))
        m.d.comb += self.input.ready.eq(finished)
        for had, takes in taken:
            m.d.sync += had.eq((had | takes) & ~(self.input.valid & self.input.ready))
        return m


class Buffer(wiring.Component):
    """A first-in first-out memory between two streams."""

    def __init__(self, layout: data.ArrayLayout, depth: int) -> None:
        self.layout, self.depth = layout, depth
        super().__init__({"input": In(stream.Signature(layout)), "output": Out(stream.Signature(layout))})

    def elaborate(self, _platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.words = words = fifo.SyncFIFOBuffered(width=self.layout.size, depth=self.depth)
        m.d.comb += [
            words.w_en.eq(self.input.valid),
            words.w_data.eq(self.input.payload.as_value()),
            self.input.ready.eq(words.w_rdy),
            self.output.valid.eq(words.r_rdy),
            self.output.payload.as_value().eq(words.r_data),
            words.r_en.eq(self.output.ready),
        ]
        return m
