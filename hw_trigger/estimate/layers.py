"""What each part of this project's own designs costs: scaling, the way of x to the trigger, LSTM, dense layer.

The kernels are those of :mod:`hw_trigger.hls` (``hwt_*.h``); their matrix products are hls4ml's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hw_trigger.estimate import operators as op
from hw_trigger.estimate import products, timing
from hw_trigger.estimate.calibration import Calibration
from hw_trigger.estimate.constants import Constants, of_weights
from hw_trigger.estimate.dsp import constant_dsps, product_dsps
from hw_trigger.estimate.memory import memory, rom_copies
from hw_trigger.estimate.products import Product
from hw_trigger.estimate.resources import Cost
from hw_trigger.estimate.timing import Stage
from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense, Lstm, Program, Scaling
from hw_trigger.hls.fifo import trigger_depth
from hw_trigger.hls.settings import HlsSettings, ResolvedReuse

GATE_PRODUCTS = 3
"""Multiplications of one unit's gates: f*c, i*g, and o by tanh of the cell state."""

GATE_REGISTERS = 6
"""Words that the pipeline of the gates holds a unit in each of two stages, counted from the source."""


@dataclass(frozen=True)
class Part:
    """One part of a design: its resources and, where it takes part in the pipeline, its times.

    Attributes
    ----------
    dsp_if_wide
        DSP slices of C-synthesis if products of narrow operands went to DSP slices too.
    narrow_luts
        LUTs that would be saved by that.
    """

    name: str
    kind: str
    cost: Cost
    multipliers: int = 0
    dsp_if_wide: float = 0.0
    narrow_luts: float = 0.0
    weights: int = 0
    tables: int = 0
    buffers: int = 0
    reuse: str = ""
    stage: Stage | None = None


@dataclass(frozen=True)
class Target:
    """What all parts of a design share.

    Attributes
    ----------
    multiplier
        Operand widths of the device's DSP slices.
    """

    settings: HlsSettings
    steps: int
    multiplier: tuple[int, int]
    calibration: Calibration

    @property
    def streamed(self) -> bool:
        """Whether words go through FIFOs, not through arrays that hold a window."""
        return self.settings.io_type == "io_stream"


def scaling(layer: Scaling, target: Target) -> Part:
    """One product by a constant a feature, a step a cycle."""
    constants = of_weights(np.reshape(layer.gain, (1, -1)), 1)
    dsp = constant_dsps(constants, _signed(layer.raw), target.multiplier)
    total = layer.accumulator.width
    one = op.adder(total) + _requantize(total, layer.output) + op.register(timing.PIPELINE_CYCLES * total)
    buffer = _buffer(target, target.steps, layer.n_features, layer.output.width)
    return Part(
        layer.name,
        "scaling",
        op.slices(dsp) + layer.n_features * one + buffer,
        multipliers=round(constants.count),
        dsp_if_wide=constant_dsps(constants, _signed(layer.raw), target.multiplier, narrow_in_lut=False),
        buffers=round(buffer.c_synthesis.bram18),
        stage=pipeline(layer.name, target.steps),
    )


def copy(program: Program, target: Target) -> Part:
    """Two ways for x: to the network and, through the long FIFO, to the trigger."""
    features, width = program.n_features, program.input.width
    to_network = _buffer(target, target.steps, features, width)
    to_trigger = memory(trigger_depth(program), features * width) if target.streamed else to_network
    total = to_network + to_trigger
    return Part("copy of x", "fifo", total, buffers=round(total.c_synthesis.bram18))


def lstm(layer: Lstm, reuse: ResolvedReuse, target: Target) -> Part:
    """Two products side by side, then the gates, `gate_unroll` units a cycle."""
    unroll = reuse.gate_unroll
    inputs, states = lstm_products(layer, reuse, target.settings.strategy)
    gates, tables = _gates(layer, unroll, target.multiplier, target.calibration)
    words = target.steps if layer.return_sequence else 1
    buffer = _buffer(target, words, layer.n_units, layer.hidden.width)
    matrix = [products.cost(product, target.multiplier, target.calibration) for product in (inputs, states)]
    held = op.register(layer.n_inputs * layer.input.width)
    return Part(
        layer.name,
        "lstm",
        matrix[0] + matrix[1] + gates + held + buffer,
        multipliers=inputs.multipliers + states.multipliers + GATE_PRODUCTS * unroll,
        dsp_if_wide=sum(products.dsps(product, target.multiplier, narrow_in_lut=False) for product in (inputs, states))
        + unroll * gate_dsps(layer, target.multiplier, narrow_in_lut=False),
        narrow_luts=sum(products.narrow_luts(product, target.multiplier) for product in (inputs, states)),
        weights=inputs.weight_blocks + states.weight_blocks,
        tables=tables,
        buffers=round(buffer.c_synthesis.bram18),
        reuse=f"{inputs.reuse_factor}, {states.reuse_factor}, gates {unroll}",
        stage=lstm_stage(layer, reuse, target.settings),
    )


def lstm_products(layer: Lstm, reuse: ResolvedReuse, strategy: str) -> tuple[Product, Product]:
    """Return the products with the input and with the state."""
    return _lstm_products(layer, reuse.reuse_factor, reuse.recurrent_reuse_factor, strategy)


def lstm_stage(layer: Lstm, reuse: ResolvedReuse, settings: HlsSettings) -> Stage:
    """Return the times of an LSTM; a repeated input gives the same product at every step, which is computed once a window."""
    inputs, states = lstm_products(layer, reuse, settings.strategy)
    x, h = products.cycles(inputs, settings.clock_ns), products.cycles(states, settings.clock_ns)
    gates = timing.gate_cycles(layer.n_units, reuse.gate_unroll)
    return Stage(
        layer.name,
        setup=x if layer.repeat_input else 0,
        step=(h if layer.repeat_input else max(x, h)) + gates + timing.STEP_CYCLES,
        steps=layer.steps,
        gives_one=not layer.return_sequence,
    )


def dense(layer: Dense, reuse: ResolvedReuse, target: Target, *, sequence: bool) -> Part:
    """One product a step."""
    product = dense_product(layer, reuse, target.settings.strategy)
    buffer = _buffer(target, layer.steps if sequence else 1, layer.n_outputs, layer.output.width)
    outputs = layer.n_outputs * (_requantize(layer.accumulator.width, layer.output) + op.register(layer.output.width))
    held = op.register(layer.n_inputs * layer.input.width)
    return Part(
        layer.name,
        "dense",
        products.cost(product, target.multiplier, target.calibration) + outputs + held + buffer,
        multipliers=product.multipliers,
        dsp_if_wide=products.dsps(product, target.multiplier, narrow_in_lut=False),
        narrow_luts=products.narrow_luts(product, target.multiplier),
        weights=product.weight_blocks,
        buffers=round(buffer.c_synthesis.bram18),
        reuse=str(product.reuse_factor),
        stage=dense_stage(layer, reuse, target.settings, sequence=sequence),
    )


def dense_product(layer: Dense, reuse: ResolvedReuse, strategy: str) -> Product:
    """Return the product of a dense layer."""
    return _dense_product(layer, reuse.reuse_factor, strategy)


def dense_stage(layer: Dense, reuse: ResolvedReuse, settings: HlsSettings, *, sequence: bool) -> Stage:
    """Return the times of a dense layer."""
    product = dense_product(layer, reuse, settings.strategy)
    return Stage(
        layer.name,
        setup=0,
        step=products.cycles(product, settings.clock_ns) + timing.STEP_CYCLES,
        steps=layer.steps,
        gives_one=not sequence,
    )


@lru_cache(maxsize=4096)  # what a sweep over reuse factors asks for again and again
def _gates(layer: Lstm, unroll: int, dsp_operands: tuple[int, int], calibration: Calibration) -> tuple[Cost, int]:
    """Return the resources behind the two products, and the block RAMs of the tables among them."""
    n, cell = layer.n_units, layer.cell
    total = layer.accumulator.width
    cost = Cost()
    for gate in layer.gates:  # the sums of all units at once; each is requantized when its turn comes
        cost += n * (op.adder(total) + op.register(total))
        cost += unroll * (op.read_mux(n // unroll, total) + _requantize(total, gate))
    cost += n * op.register(cell.width) + unroll * op.read_mux(n // unroll, cell.width)
    arguments, results = (*layer.gates, cell), (*layer.activations, layer.cell_tanh)
    tables = Cost()
    for argument, result in zip(arguments, results, strict=True):
        tables += rom_copies(unroll) * memory(1 << argument.width, result.width)
    i, f, g, o = layer.activations
    for first, second, result in ((f, cell, cell), (i, g, cell), (o, layer.cell_tanh, layer.hidden)):
        dsp = product_dsps(_signed(first), _signed(second), dsp_operands)
        wide = first.width + second.width
        cost += unroll * (op.multiplier(_signed(first), _signed(second), dsp) + _requantize(wide, result))
    cost += unroll * (op.adder(cell.width + 1) + _requantize(cell.width + 1, cell))
    cost += unroll * op.register(2 * GATE_REGISTERS * cell.width)
    state = op.state_mux(cell.width, calibration) + op.state_mux(layer.hidden.width, calibration)
    cost += n * (state + op.register(cell.width + layer.hidden.width))
    machine = op.lut(80, 50) + op.register(40)
    return cost + tables + machine, round(tables.c_synthesis.bram18)


def gate_dsps(layer: Lstm, multiplier: tuple[int, int], *, narrow_in_lut: bool = True) -> int:
    """Return the DSP slices of the three products of a unit's gates."""
    i, f, g, o = layer.activations
    return sum(
        product_dsps(_signed(first), _signed(second), multiplier, narrow_in_lut=narrow_in_lut)
        for first, second in ((f, layer.cell), (i, g), (o, layer.cell_tanh))
    )


def _requantize(width: int, result: Format) -> Cost:
    """Return the cost of rounding and saturating a number of `width` bits to a format."""
    cost = Cost()
    if result.rounding is not Rounding.TRN:
        cost += op.adder(result.width + 1)
    if result.overflow is not Overflow.WRAP:
        cost += 2 * (op.comparator(max(width - result.width, 1)) + op.select(result.width))
    return cost


def _buffer(target: Target, words: int, features: int, width: int) -> Cost:
    """Return the cost of what is between a part and the next one."""
    if target.streamed:
        return op.small_fifo(features * width)
    if words == 1:  # a single vector is kept in registers
        return op.register(2 * features * width)
    # A pair of arrays, one being filled while the other is read.
    return 2 * features * memory(words, width)


def pipeline(name: str, steps: int, *, depth: int = timing.PIPELINE_CYCLES, gives_one: bool = False) -> Stage:
    """Return the stage of a part that is pipelined: a step a cycle."""
    return Stage(name, setup=0, step=1, steps=steps, depth=depth, gives_one=gives_one)


# Sweeps estimate the same layers with many settings: what depends on the weights is worked out once a layer and factor.


@lru_cache(maxsize=4096)
def _lstm_products(layer: Lstm, factor: int, recurrent: int, strategy: str) -> tuple[Product, Product]:
    total = layer.accumulator.width
    return (
        _product(layer, "input", factor, strategy, total),
        _product(layer, "state", recurrent, strategy, total),
    )


@lru_cache(maxsize=4096)
def _dense_product(layer: Dense, factor: int, strategy: str) -> Product:
    return _product(layer, "input", factor, strategy, layer.accumulator.width)


def _product(layer: Lstm | Dense, which: str, factor: int, strategy: str, total: int) -> Product:
    if which == "state" and isinstance(layer, Lstm):
        weights, weight, data = layer.recurrent_weight, layer.recurrent_format, layer.hidden
    else:
        weights, weight, data = layer.weight, layer.weight_format, layer.input
    return Product(
        n_in=weights.shape[1],
        n_out=weights.shape[0],
        reuse_factor=factor,
        strategy=strategy,
        data=_signed(data),
        weight=_signed(weight),
        total=total,
        constants=_constants(layer, which, factor),
        nonzeros=int(np.count_nonzero(weights)),
        held=False,
    )


@lru_cache(maxsize=4096)
def _constants(layer: Lstm | Dense, which: str, factor: int) -> Constants:
    weights = layer.recurrent_weight if which == "state" and isinstance(layer, Lstm) else layer.weight
    return of_weights(weights, factor)


def _signed(number_format: Format) -> int:
    """Return the width of an operand of a signed multiplier: an unsigned number needs a bit more."""
    return number_format.width + (not number_format.signed)
