"""What the blocks of a design share: vectors of codes as payloads, pipelines, the place of a beat in its window.

Blocks are connected by :mod:`amaranth.lib.stream`; beats come in the order step, then channel.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Shape, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.rtl.arithmetic import shape_of


def vector(number_format: Format, count: int) -> data.ArrayLayout:
    """Return the layout of `count` codes of one format, the first in the lowest bits."""
    return data.ArrayLayout(shape_of(number_format), count)


def index(count: int) -> Shape:
    """Return the shape of a number from 0 to ``count - 1``, of a bit at least: Verilog has no narrower signals."""
    return unsigned(max(1, (count - 1).bit_length()))


class Pipeline:
    """Registers of a module, whose only pipeline it is, that all move together: in every cycle in which `advance` is 1.

    Data need no reset, as nobody looks at them before a bit that says they are valid, and that one is reset.
    """

    def __init__(self, module: Module, advance: Value) -> None:
        self.module, self.advance = module, Signal(name="advance")
        module.d.comb += self.advance.eq(advance)

    def keep(self, value: Any, name: str, shape: Shape | None = None, *, reset: bool = False) -> Any:
        """Return a value as it was one move earlier.

        Parameters
        ----------
        value
            Anything that is assigned to a signal, structures included.
        name
            Of the register.
        shape
            Of the register, where the value is known to fit a narrower one than its own.
        reset
            Whether a reset makes it 0.
        """
        register = Signal(value.shape() if shape is None else shape, name=name, reset_less=not reset)
        with self.module.If(self.advance):
            self.module.d.sync += register.eq(value)
        return register


class Position(wiring.Component):
    """Which channel's beat comes next, and whether it is of the first or the last step of its window.

    Ports: ``advance``, 1 in the cycle in which the beat is taken; ``channel``, ``first``, ``last``.
    """

    def __init__(self, steps: int, channels: int) -> None:
        self.steps, self.channels = steps, channels
        super().__init__({"advance": In(1), "channel": Out(index(channels)), "first": Out(1), "last": Out(1)})

    def elaborate(self, _platform: object) -> Module:
        """Count channels, and steps where they wrap."""
        m = Module()
        step = Signal(index(self.steps))
        m.d.comb += [self.first.eq(step == 0), self.last.eq(step == self.steps - 1)]
        with m.If(self.advance):
            with m.If(self.channel == self.channels - 1):
                m.d.sync += self.channel.eq(0)
                with m.If(self.last):
                    m.d.sync += step.eq(0)
                with m.Else():
                    m.d.sync += step.eq(step + 1)
            with m.Else():
                m.d.sync += self.channel.eq(self.channel + 1)
        return m
