"""What hls4ml's activations cost: a table look-up for each element side by side."""

from __future__ import annotations

from hw_trigger.estimate import operators as op
from hw_trigger.estimate.dsp import product_dsps
from hw_trigger.estimate.memory import bram18, memory, rom_copies
from hw_trigger.estimate.resources import Cost
from hw_trigger.estimate.stock import StockActivation, StockDesignError

ACTIVATION_LEFT = 0.5
"""Share of the LUTs of a table's index computation that logic synthesis leaves: additions and comparisons of constants and bits
that are known. Assumed, as no report separates it."""

TABLE_RANGE_BITS = {"sigmoid": 4, "tanh": 3}
"""Log2 of the range of the argument that a table covers: 16 and 8 (hls4ml's ``nnet_activation.h``)."""

_TABLE_WIDTH = {"sigmoid": 0, "tanh": 1}
"""Bits of a table's word beyond those of its fraction: results of sigmoid are below 1 and positive, those of tanh have a sign."""

PLAIN = ("relu", "linear")
"""Activations without a table."""

TABLES = ("sigmoid", "tanh")
SOFTMAX = ("softmax",)


def activation(layer: StockActivation, multiplier: tuple[int, int]) -> Cost:
    """Return the resources of an activation.

    Raises
    ------
    StockDesignError
        There is no formula for it.
    """
    if layer.kind in TABLES:
        return _table(layer)
    if layer.kind == "relu":
        width = layer.data.width
        return layer.n_in * (op.comparator(width) + op.select(width - 1, ACTIVATION_LEFT))
    if layer.kind == "linear":
        return Cost()
    if layer.kind in SOFTMAX:
        return _softmax(layer, multiplier)
    known = ", ".join((*TABLES, *PLAIN, *SOFTMAX))
    raise StockDesignError(
        f"activation {layer.name!r} is of the kind {layer.kind!r}, and the estimator has formulas for {known}"
    )


def cycles(layer: StockActivation) -> int:
    """Return the latency: a table is read in one cycle, softmax in four; relu needs none. Recorded."""
    if layer.kind in PLAIN:
        return 0
    return 4 if layer.kind in SOFTMAX else 1


def table_blocks(layer: StockActivation) -> int:
    """Return the block RAMs of an activation's tables."""
    if layer.kind in PLAIN:
        return 0
    if layer.kind in SOFTMAX:
        exponents = bram18(layer.table_size, layer.table.width - 1)
        return rom_copies(layer.n_in) * exponents + bram18(layer.table_size, layer.table.width)
    return rom_copies(layer.n_in) * bram18(layer.table_size, _word(layer))


def _word(layer: StockActivation) -> int:
    return layer.table.fraction + _TABLE_WIDTH[layer.kind]


def _table(layer: StockActivation) -> Cost:
    """Scale the argument to an index, clip it at both ends, look it up; recorded, within 1 LUT an element."""
    index = op.index_bits(layer.table_size)
    scaled = layer.data.width - layer.data.fraction + index - TABLE_RANGE_BITS[layer.kind]
    one = op.adder(scaled) + 2 * op.adder(scaled + 1)  # shift to the table's middle, round towards zero
    one += op.comparator(4) + op.comparator(32) + op.comparator(index)
    one += op.select(scaled) + op.select(index) + 2 * op.select(scaled + 1)
    trimmed = Cost(one.c_synthesis, one.logic * ACTIVATION_LEFT)
    return layer.n_in * trimmed + rom_copies(layer.n_in) * memory(layer.table_size, _word(layer))


def _softmax(layer: StockActivation, multiplier: tuple[int, int]) -> Cost:
    """Exponentials of the differences from the largest, their sum, its inverse, and a product each."""
    width, n = layer.data.width, layer.n_in
    dsp = product_dsps(layer.table.width, layer.table.width, multiplier)
    one = op.adder(width) + op.comparator(width) + op.select(width) + op.adder(width + 1) + 3 * op.select(11)
    one += op.gate_logic(8) + op.register(2.5 * width) + op.multiplier(width, width, dsp)
    tables = rom_copies(n) * memory(layer.table_size, layer.table.width - 1)
    return n * one + tables + memory(layer.table_size, layer.table.width)
