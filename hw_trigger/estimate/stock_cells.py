"""What hls4ml's stock LSTM and GRU cost: ``lstm_static``, ``gru_static`` of ``nnet_recurrent.h`` and the loops around them."""

from __future__ import annotations

import math
from dataclasses import replace

from hw_trigger.estimate import activations, products
from hw_trigger.estimate import operators as op
from hw_trigger.estimate.calibration import Calibration
from hw_trigger.estimate.constants import expected
from hw_trigger.estimate.dsp import product_dsps
from hw_trigger.estimate.products import Product
from hw_trigger.estimate.resources import Cost, Resources
from hw_trigger.estimate.stock import StockActivation, StockProduct, StockRecurrent

PRODUCTS_A_UNIT = 3
"""Products of a unit behind the two matrix products: f*c, i*g, o*tanh(c) in an LSTM; z*h, (1 - z)*g, r*(R h) in a GRU."""

CELL_CYCLES = {"gru": 7, "lstm": 13}
"""Cycles of a step behind its matrix products: sums, activations, products, activation, product. GRU: recorded (6 to 7). LSTM:
from the one figure known, 353 cycles for 20 steps at reuse factor 1."""

REGISTERS_A_UNIT = {"gru": 10, "lstm": 14}
"""Words held a unit in the course of a step. GRU: recorded, 8 to 12; LSTM: counted from the source in the same way."""


def product_of(product: StockProduct, gain: float, *, held: bool) -> Product:
    """Return a stock product as the cost functions take it, its weights expected to spread as `gain` says."""
    spread = gain / math.sqrt(product.n_in)
    constants = expected(
        product.n_in,
        product.n_out,
        product.weight.fraction,
        product.weight.width,
        spread=spread,
        reuse_factor=product.reuse_factor,
    )
    return Product(
        n_in=product.n_in,
        n_out=product.n_out,
        reuse_factor=product.reuse_factor,
        strategy=product.strategy,
        data=product.data.width,
        weight=product.weight.width,
        total=product.total.width,
        constants=constants,
        nonzeros=product.nonzeros,
        held=held,
    )


def matrix_products(layer: StockRecurrent, calibration: Calibration) -> tuple[Product, Product]:
    """Return the products with the input and with the state."""
    return (
        product_of(layer.input_product, calibration.input_gain, held=False),
        product_of(layer.state_product, calibration.state_gain, held=False),
    )


def activations_of(layer: StockRecurrent) -> tuple[StockActivation, StockActivation]:
    """Return the activation of the gates and that of the candidate, as wide as they are built.

    The LSTM's second tanh, of the cell state, is computed after the first: HLS gives both the same hardware.
    """
    gates = (3 if layer.kind == "lstm" else 2) * layer.n_units
    return replace(layer.gate, n_in=gates), replace(layer.activation, n_in=layer.n_units)


def cell(layer: StockRecurrent, multiplier: tuple[int, int], calibration: Calibration) -> Cost:
    """Return the resources of one step, and of the loop over the steps, without the data's way in."""
    width, n = layer.data.width, layer.n_units
    inputs, states = matrix_products(layer, calibration)
    gate, candidate = activations_of(layer)
    total = products.cost(inputs, multiplier, calibration) + products.cost(states, multiplier, calibration)
    total += activations.activation(gate, multiplier) + activations.activation(candidate, multiplier)
    dsp = product_dsps(width, width, multiplier)
    total += PRODUCTS_A_UNIT * n * op.multiplier(width, width, dsp)
    total += inputs.n_out * op.adder(width)  # product with the input and product with the state
    total += n * op.adder(width + 1)  # 1 - z, or the sum of the cell state
    total += (1 if layer.kind == "gru" else 2) * n * op.select(width)  # 0 in a window's first step
    total += n * op.register(REGISTERS_A_UNIT[layer.kind] * width + width + layer.data.fraction)
    if layer.kind == "lstm":
        total += n * op.state_mux(width, calibration, inputs=3)  # the one tanh has two arguments
    machine = op.lut(60, 40) + op.register(30)
    return total + machine + n * op.register(width)


def if_wide(layer: StockRecurrent, multiplier: tuple[int, int], calibration: Calibration) -> tuple[float, float]:
    """Return a cell's DSP slices if narrow products got some too, and the LUTs that would be saved by that."""
    width, behind = layer.data.width, PRODUCTS_A_UNIT * layer.n_units
    matrix = matrix_products(layer, calibration)
    slices = sum(products.dsps(product, multiplier, narrow_in_lut=False) for product in matrix)
    luts = sum(products.narrow_luts(product, multiplier) for product in matrix)
    return (
        slices + behind * product_dsps(width, width, multiplier, narrow_in_lut=False),
        luts + behind * op.narrow_luts(width, width, multiplier),
    )


def data_way(layer: StockRecurrent, *, streamed: bool) -> Cost:
    """Return the resources of the way of a step's data out of the window's.

    In io_parallel the window is one wide word, of which a step's part is cut out by shifting; where the elements' width is a
    power of two, HLS takes a general, larger form of it (recorded: 8280 LUTs an element at 16 bits, 2171 at 18).
    """
    width = layer.data.width
    registers = layer.n_in * op.register(width)
    if streamed:
        return registers
    window = layer.n_in * layer.steps * width
    one = op.shift(window)
    if width & (width - 1) == 0:
        one += Cost(one.c_synthesis + Resources(lut=2 * window + 60), Resources())
    return layer.n_in * one + registers


def step_cycles(layer: StockRecurrent, clock_ns: float, calibration: Calibration) -> int:
    """Return the cycles of a step: the slower product, what is behind it, and the loop."""
    inputs, states = matrix_products(layer, calibration)
    slowest = max(products.cycles(inputs, clock_ns), products.cycles(states, clock_ns))
    loop = 3 if inputs.unrolled and states.unrolled else 2  # recorded
    return slowest + CELL_CYCLES[layer.kind] + loop
