"""A dense layer: a product of every vector of a stream, rounded."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense
from hw_trigger.rtl.arithmetic import extended, quantize, rounding_offset
from hw_trigger.rtl.flow import Queue, counter
from hw_trigger.rtl.product_unit import ProductUnit, sum_width
from hw_trigger.rtl.schedule import ProductSchedule
from hw_trigger.rtl.streams import vector


class DenseEngine(wiring.Component):
    """Gives ``y = output(W x + b)`` of every vector x; stream `input` of the format `source`, stream `output`.

    Parameters
    ----------
    members
        The layer of every channel, or one for all.
    """

    def __init__(self, members: tuple[Dense, ...], source: Format, schedule: ProductSchedule, *, pack: bool) -> None:
        self.layer, self.schedule = members[0], schedule
        layer = self.layer
        self.fraction = layer.accumulator.fraction
        offset = rounding_offset(self.fraction, layer.output)
        shift = self.fraction - layer.bias_format.fraction
        product_fraction = layer.input.fraction + layer.weight_format.fraction
        accumulators = [member.accumulator for member in members]
        self.sum_bits = sum_width(accumulators, offset, self.fraction - product_fraction)
        self.product = ProductUnit(
            tuple(member.weight for member in members),
            tuple((member.bias << shift) + np.int64(offset) for member in members),
            source,
            layer.input,
            schedule,
            product_fraction=product_fraction,
            sum_fraction=self.fraction,
            sum_bits=self.sum_bits,
            pack=pack,
        )
        layout = vector(layer.output, layer.n_outputs)
        # What is on its way when the first result is taken, and two to take it up again.
        self.queue = Queue(layout, 2 + -(-(self.product.latency + 3) // self.product.plan.slots))
        super().__init__(
            {"input": In(stream.Signature(vector(source, layer.n_inputs))), "output": Out(stream.Signature(layout))}
        )

    def elaborate(self, _platform: object) -> Module:
        """Connect the product, the rounding of its sums, and the queue of results."""
        m = Module()
        m.submodules.product_unit = product = self.product
        m.submodules.results = queue = self.queue
        wiring.connect(m, wiring.flipped(self.input), product.input)
        wiring.connect(m, queue.output, wiring.flipped(self.output))
        m.d.comb += [product.allowed.eq(queue.free), queue.reserve.eq(product.taken)]
        codes = [self._rounded(product.sums, row) for row in range(self.schedule.rows)]
        groups, width = product.plan.groups, self.layer.output.width
        gathered = gather(m, product.done, Cat(codes), groups)
        _, last = counter(m, product.done, groups, "gathered_groups")
        m.d.sync += queue.push.eq(product.done & last)
        m.d.comb += queue.pushed.eq(gathered[: self.layer.n_outputs * width])
        return m

    def _rounded(self, sums: Value, row: int) -> Value:
        value = sums[row * self.sum_bits :][: self.sum_bits].as_signed()
        return extended(quantize(value, self.fraction, self.layer.output, offset_added=True), self.layer.output.width)


def gather(m: Module, enable: Value, words: Value, count: int) -> Signal:
    """Return what came in the last `count` cycles with `enable`, the first in the lowest bits."""
    gathered = Signal(count * len(words), name="gathered", reset_less=True)
    with m.If(enable):
        m.d.sync += gathered.eq(Cat(gathered, words)[len(words) :])
    return gathered
