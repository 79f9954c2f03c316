"""The same network made of hls4ml's stock layers, to see what this project's kernels cost beside them.

It would not compute the same: the stock LSTM has one type for state and cell state, and truncates. The hardware is compared.
"""

from __future__ import annotations

import numpy as np

from hw_trigger.estimate.stock import (
    Number,
    StockActivation,
    StockDesign,
    StockLayer,
    StockProduct,
    StockRecurrent,
)
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings, ResolvedReuse

TABLE_SIZE, TABLE = 1024, Number(18, 8)
"""hls4ml's defaults for the tables of sigmoid and tanh."""


def stock_twin(program: Program, settings: HlsSettings) -> StockDesign:
    """Return the program's network with stock layers of the same sizes and reuse factors.

    A layer's one type is as wide as its widest of state, cell state and gates. Scaling and trigger have no stock layers, nor has
    the repetition of the latent vector a cost.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    """
    reuse = resolve(program, settings)
    layers: list[StockLayer] = []
    for layer in program.layers:
        factors = reuse[layer.name]
        layers.append(_lstm(layer, factors, settings) if isinstance(layer, Lstm) else _dense(layer, factors, settings))
    return StockDesign(f"{program.name}, stock", settings.part, settings.clock_ns, settings.io_type, tuple(layers))


def _lstm(layer: Lstm, reuse: ResolvedReuse, settings: HlsSettings) -> StockRecurrent:
    widest = max((layer.hidden, layer.cell, *layer.gates), key=lambda number_format: number_format.width)
    data = Number(widest.width, widest.integer)
    rows = 4 * layer.n_units
    sizes = {"input": (layer.n_inputs, reuse.reuse_factor), "state": (layer.n_units, reuse.recurrent_reuse_factor)}
    weights = {
        "input": (layer.weight, layer.weight_format),
        "state": (layer.recurrent_weight, layer.recurrent_format),
    }
    products = {
        which: StockProduct(
            name=f"{layer.name}, {which}",
            n_in=n_in,
            n_out=rows,
            strategy=settings.strategy,
            reuse_factor=factor,
            data=data,
            weight=_number(weights[which][1]),
            total=_number(layer.accumulator),
            nonzeros=_nonzeros(weights[which][0]),
        )
        for which, (n_in, factor) in sizes.items()
    }
    return StockRecurrent(
        name=layer.name,
        kind="lstm",
        n_in=layer.n_inputs,
        n_units=layer.n_units,
        steps=layer.steps,
        return_sequence=layer.return_sequence,
        input_product=products["input"],
        state_product=products["state"],
        gate=StockActivation(f"{layer.name}, gates", "sigmoid", layer.n_units, TABLE_SIZE, data, TABLE),
        activation=StockActivation(f"{layer.name}, tanh", "tanh", layer.n_units, TABLE_SIZE, data, TABLE),
        data=data,
    )


def _dense(layer: Dense, reuse: ResolvedReuse, settings: HlsSettings) -> StockProduct:
    return StockProduct(
        name=layer.name,
        n_in=layer.n_inputs,
        n_out=layer.n_outputs,
        strategy=settings.strategy,
        reuse_factor=reuse.reuse_factor,
        data=_number(layer.input),
        weight=_number(layer.weight_format),
        total=_number(layer.accumulator),
        nonzeros=_nonzeros(layer.weight),
        steps=layer.steps,
    )


def _number(number_format: Format) -> Number:
    return Number(number_format.width, number_format.integer)


def _nonzeros(weights: Codes) -> int:
    return int(np.count_nonzero(weights))
