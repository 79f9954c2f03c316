"""The scaling of raw samples: ``x = output(raw * gain + offset)``, one beat a cycle."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Value, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.layers import Scaling
from hw_trigger.rtl.arithmetic import align, quantize, rounding_offset, shape_of
from hw_trigger.rtl.streams import Pipeline, Position, vector

SCALING_CYCLES = 3
"""Cycles from the one in which a raw beat is taken to the one in which its x is valid: taken, multiplied, rounded."""


class Scaler(wiring.Component):
    """Scales the beats of a stream.

    Ports: ``input``, a stream of vectors of raw codes; ``output``, a stream of vectors of codes of x.

    Parameters
    ----------
    members
        The scaling of all channels, or one for each, in common formats; channel k's is ``members[k % len(members)]``.
    channels
        Channels whose beats are interleaved.

    Raises
    ------
    RuntimeError
        The members have different formats.
    """

    def __init__(self, members: tuple[Scaling, ...], channels: int) -> None:
        first = members[0]
        for member in members[1:]:
            if _formats(member) != _formats(first):
                raise RuntimeError(f"scalings {first.name!r} and {member.name!r} have different formats")
        self.members, self.channels = members, channels
        # Formats in common give a common fraction; the widest sum has room for all.
        self.fraction = first.accumulator.fraction
        self.half = rounding_offset(self.fraction, first.output)
        widest = max(member.accumulator.width for member in members)
        self.sum_shape = signed(max(widest, self.half.bit_length() + 1) + 1)
        super().__init__(
            {
                "input": In(stream.Signature(vector(first.raw, first.n_features))),
                "output": Out(stream.Signature(vector(first.output, first.n_features))),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build three stages: one takes the sample, one multiplies, one adds, rounds and saturates."""
        m = Module()
        first = self.members[0]
        pipe = Pipeline(m, ~self.output.valid | self.output.ready)
        m.d.comb += self.input.ready.eq(pipe.advance)
        taken = pipe.keep(self.input.valid, "taken", reset=True)
        multiplied = pipe.keep(taken, "multiplied", reset=True)
        raw = pipe.keep(self.input.payload, "raw")
        gains, offsets = self._constants(m, pipe)
        products = [pipe.keep(raw[k] * gains[k], f"product_{k}") for k in range(first.n_features)]
        fraction = first.raw.fraction + first.gain_format.fraction
        with m.If(pipe.advance):
            m.d.sync += self.output.valid.eq(multiplied)
            for k, product in enumerate(products):
                # The offset is the sum's only other term: it takes in what rounding adds.
                total = (align(product, fraction, self.fraction) + offsets[k])[: self.sum_shape.width].as_signed()
                m.d.sync += self.output.payload[k].eq(quantize(total, self.fraction, first.output, offset_added=True))
        return m

    def _constants(self, m: Module, pipe: Pipeline) -> tuple[list[Value], list[Value]]:
        """Return the gains of the beat that is multiplied, and the offsets of the one behind it, with what rounding adds."""
        shift = self.fraction - self.members[0].offset_format.fraction
        gains = [member.gain.tolist() for member in self.members]
        offsets = [[(code << shift) + self.half for code in member.offset.tolist()] for member in self.members]
        gain_shape = shape_of(self.members[0].gain_format)
        if len(self.members) == 1:
            return [Const(gain, gain_shape) for gain in gains[0]], [Const(code, self.sum_shape) for code in offsets[0]]
        m.submodules.position = position = Position(1, self.channels)
        m.d.comb += position.advance.eq(self.input.valid & pipe.advance)
        # A memory is a register behind its address: the offset's is read a stage later.
        later = pipe.keep(position.channel, "channel")
        roms = []
        for name, shape, rows, channel in (
            ("gains", gain_shape, gains, position.channel),
            ("offsets", self.sum_shape, offsets, later),
        ):
            layout = data.ArrayLayout(shape, len(rows[0]))
            words = [rows[number % len(rows)] for number in range(self.channels)]
            rom = m.submodules[name] = memory.Memory(shape=layout, depth=self.channels, init=words)
            port = rom.read_port()
            m.d.comb += [port.addr.eq(channel), port.en.eq(pipe.advance)]
            roms.append([port.data[k] for k in range(len(rows[0]))])
        return roms[0], roms[1]


def _formats(scaling: Scaling) -> tuple[int, Format, Format, Format, Format]:
    """Return what all members have in common."""
    return scaling.n_features, scaling.raw, scaling.gain_format, scaling.offset_format, scaling.output
