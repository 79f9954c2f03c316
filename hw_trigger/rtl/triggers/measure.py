"""What is measured of a window and its reconstruction, beat by beat: energy, and for the deviation trigger activity and excess.

The equations are those of :func:`hw_trigger.fixedpoint.decision.measure`. Energy and activity have their floors in them already
where the trigger has floors: the sums begin there, which saves adders behind them.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.triggers import DeviationTrigger, ErrorTrigger
from hw_trigger.rtl.arithmetic import align, shape_of, total
from hw_trigger.rtl.streams import Pipeline, Position, index, vector
from hw_trigger.rtl.triggers.common import ChannelStore, greatest, tree, tree_stages

SQUARE_MOVES = 2
"""Registers that a square takes: those of a DSP, or those between the halves of it in LUTs."""

LUT_BITS = 9
"""Terms of at most so many bits are squared in LUTs, wider ones in DSPs (:mod:`hw_trigger.rtl.synthesis.multipliers` chooses)."""


def measure_layout(trigger: ErrorTrigger | DeviationTrigger, channels: int) -> data.StructLayout:
    """Return the payload of measures: codes, floors included, and the channel's number."""
    fields = {"energy": shape_of(trigger.energy), "channel": index(channels)}
    if isinstance(trigger, DeviationTrigger):
        fields["energy"] = unsigned((trigger.energy.high + trigger.energy_floor).bit_length())
        fields["activity"] = unsigned((trigger.activity.high + trigger.activity_floor).bit_length())
        fields["excess"] = shape_of(trigger.excess)
    return data.StructLayout(fields)


def measure_cycles(trigger: ErrorTrigger | DeviationTrigger) -> int:
    """Return the cycles from the one in which a window's last beat is taken to the one in which its measures are valid."""
    return 3 + SQUARE_MOVES + tree_stages(trigger.n_features)


class Measure(wiring.Component):
    """Measures windows, one beat of both streams a cycle, taken together.

    Ports: ``x`` and ``output``, streams of vectors of codes of the network's input and of the reconstruction; ``measured``, a
    stream of one beat a window and channel.
    """

    def __init__(self, trigger: ErrorTrigger | DeviationTrigger, channels: int) -> None:
        self.trigger, self.channels = trigger, channels
        self.layout = measure_layout(trigger, channels)
        super().__init__(
            {
                "x": In(stream.Signature(vector(trigger.input, trigger.n_features))),
                "output": In(stream.Signature(vector(trigger.reconstruction, trigger.n_features))),
                "measured": Out(stream.Signature(self.layout)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the pipeline: taken | subtracted | squared || summed over features, in a tree | summed over steps."""
        m = Module()
        trigger = self.trigger
        # The pipeline stops only where a window ends and the measures of the one before have not been taken.
        ends = Signal()
        pipe = Pipeline(m, ~ends | ~self.measured.valid | self.measured.ready)
        m.submodules.position = position = Position(trigger.steps, self.channels)
        taken = pipe.advance & self.x.valid & self.output.valid
        m.d.comb += [
            self.x.ready.eq(pipe.advance & self.output.valid),
            self.output.ready.eq(pipe.advance & self.x.valid),
            position.advance.eq(taken),
        ]
        tags = self._tags(pipe, position, taken)
        x = pipe.keep(self.x.payload, "x")
        reconstruction = pipe.keep(self.output.payload, "reconstruction")
        measures = {"channel": tags[-1].channel}
        floors = {"energy": 0}
        terms = {"energy": self._errors(pipe, x, reconstruction)}
        if isinstance(trigger, DeviationTrigger):
            floors = {"energy": trigger.energy_floor, "activity": trigger.activity_floor}
            terms["activity"] = self._differences(pipe, trigger, position.channel, tags[0], x)
            measures["excess"] = _excess(pipe, trigger, x)
        for name, values in terms.items():
            measures[name] = self._sum_of_squares(pipe, tags, values, floors[name], name)
        m.d.comb += ends.eq(tags[-1].valid & tags[-1].last)
        with m.If(ends & pipe.advance):
            m.d.sync += self.measured.valid.eq(1)
            m.d.sync += [self.measured.payload[name].eq(value) for name, value in measures.items()]
        with m.Elif(self.measured.ready):
            m.d.sync += self.measured.valid.eq(0)
        return m

    def _tags(self, pipe: Pipeline, position: Position, taken: Value) -> list[data.View]:
        """Return what is known of the beat in every stage: whether there is one, and its place."""
        layout = data.StructLayout({"valid": 1, "first": 1, "last": 1, "channel": index(self.channels)})
        tag = Signal(layout, name="tag")
        pipe.module.d.comb += [
            tag.valid.eq(taken),
            tag.first.eq(position.first),
            tag.last.eq(position.last),
            tag.channel.eq(position.channel),
        ]
        tags = []
        for stage in range(measure_cycles(self.trigger) - 1):
            tag = pipe.keep(tag, f"tag_{stage}", reset=True)
            tags.append(tag)
        return tags

    def _errors(self, pipe: Pipeline, x: data.View, reconstruction: data.View) -> list[Value]:
        """Return x less the reconstruction, a move later."""
        trigger = self.trigger
        fraction = trigger.error.fraction
        errors = []
        for k in range(trigger.n_features):
            wanted = align(x[k], trigger.input.fraction, fraction)
            found = align(reconstruction[k], trigger.reconstruction.fraction, fraction)
            error = pipe.keep(wanted - found, f"error_{k}", _narrower(wanted - found, trigger.error))
            # Yosys 0.70 makes the difference before a DSP's register a pre-adder, though it is squared: one factor gets lost.
            error.attrs["keep"] = 1
            errors.append(error)
        return errors

    def _differences(
        self, pipe: Pipeline, trigger: DeviationTrigger, coming: Value, tag: data.View, x: data.View
    ) -> list[Value]:
        """Return x less x of the step before, a move later; 0 at a window's first step. `coming` is the next beat's channel."""
        m = pipe.module
        m.submodules.previous = previous = ChannelStore(vector(trigger.input, trigger.n_features), self.channels)
        m.d.comb += [
            previous.fetch.eq(pipe.advance),
            previous.fetch_channel.eq(coming),
            previous.store.eq(pipe.advance & tag.valid),
            previous.store_channel.eq(tag.channel),
            previous.store_data.eq(x),
        ]
        differences = []
        for k in range(trigger.n_features):
            difference = x[k] - previous.data[k]
            shape = _narrower(difference, trigger.difference)
            differences.append(pipe.keep(Mux(tag.first, 0, difference), f"difference_{k}", shape))
        return differences

    def _sum_of_squares(
        self, pipe: Pipeline, tags: list[data.View], terms: list[Value], floor: int, name: str
    ) -> Value:
        """Return the floor and the sum of squares over features and steps up to the beat in the last stage."""
        m = pipe.module
        squares = [_square(pipe, term, f"{name}_square_{k}") for k, term in enumerate(terms)]
        value = tree(pipe, squares, total, name)
        layout = data.StructLayout({"sum": Shape.cast(self.layout[name].shape)})
        sums = m.submodules[f"{name}_sums"] = ChannelStore(layout, self.channels)
        before, tag = tags[-2:]
        result = Signal(layout["sum"].shape, name=name)
        m.d.comb += [
            result.eq(Mux(tag.first, floor, sums.data.sum) + value),
            sums.fetch.eq(pipe.advance),
            sums.fetch_channel.eq(before.channel),
            sums.store.eq(pipe.advance & tag.valid),
            sums.store_channel.eq(tag.channel),
            sums.store_data.sum.eq(result),
        ]
        return result


def _narrower(value: Value, number_format: Format) -> Shape:
    """Return the narrower of two shapes that hold a value: its own, and that of the format that is known to."""
    return min(value.shape(), shape_of(number_format), key=lambda shape: shape.width)


def _square(pipe: Pipeline, term: Value, name: str) -> Value:
    """Return the square, :data:`SQUARE_MOVES` later; in LUTs, each half of the term multiplies it, and a second stage adds."""
    width = term.shape().width
    shape = unsigned(2 * width - 1)
    if width > LUT_BITS:
        return pipe.keep(pipe.keep(term * term, f"{name}_product", shape), name)
    half = width // 2
    low = pipe.keep(term * term[:half], f"{name}_low")
    high = pipe.keep(term * term[half:].as_signed(), f"{name}_high")
    return pipe.keep(low + (high << half), name, shape)


def _excess(pipe: Pipeline, trigger: DeviationTrigger, x: data.View) -> Value:
    """Return by how much the farthest feature of a beat is beyond 1, 0 where none is, as late as its squares are summed."""
    shape, one = shape_of(trigger.excess), trigger.one
    beyond = []
    for k in range(trigger.n_features):
        # |x| - 1, in one adder: -x - 1 where x is negative.
        distance = pipe.keep(Mux(x[k] < 0, -one - x[k], x[k] - one), f"distance_{k}")
        positive = pipe.keep(Mux(distance < 0, 0, distance), f"beyond_{k}", shape)
        for move in range(SQUARE_MOVES - 1):
            positive = pipe.keep(positive, f"beyond_{k}_{move}")
        beyond.append(positive)
    return tree(pipe, beyond, greatest, "excess")
