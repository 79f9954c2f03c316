"""Which floating-point type computes a program exactly.

The executors that are not ours (PyTorch, ONNX Runtime, qonnx) compute in floating point. Integers are exact there up to 24
bits in float32 and 53 in float64; and the non-linear functions of a library may be off by some units in the last place, which
matters where a table's entry lies that close to the boundary between two codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import FLOAT32_BITS, GATE_ACTIVATIONS, GATES, Layer, Lstm, Program, Scaling
from hw_trigger.fixedpoint.tables import Activation, evaluate

FLOAT32_FUNCTION_ERROR = 4e-7
"""What a float32 sigmoid or tanh may be off by; the polynomial ones of ONNX Runtime come closest to it."""


def float64_reasons(program: Program) -> list[str]:
    """Return why a program needs float64, a line for each tensor; empty where float32 is exact."""
    reasons = []
    sums = [(f"{layer.name}.accumulator", layer.accumulator.width) for layer in program.layers]
    if program.scaling is not None:
        sums.append((f"{program.scaling.name}.accumulator", program.scaling.accumulator.width))
    for layer in program.layers:
        if isinstance(layer, Lstm):
            sums += product_bits(layer)
            reasons += _close_entries(layer)
    # Codes this wide are not reached by sums that narrow, but a saturation limit has to be a number too.
    parts = (*program.layers, *([program.scaling] if program.scaling is not None else []))
    sums += [(f"{part.name}.{tensor}", target.width) for part in parts for tensor, target in _formats(part)]
    return [f"{name} needs {bits} bits" for name, bits in sums if bits > FLOAT32_BITS] + reasons


def product_bits(layer: Lstm) -> list[tuple[str, int]]:
    """Return the bits that each product of a step, and the sum of two, needs."""
    i, f, g, o = layer.activations
    return [
        (f"{layer.name}.forget_product", f.width + layer.cell.width),
        (f"{layer.name}.input_product", i.width + g.width),
        (f"{layer.name}.cell", layer.cell.width + 1),
        (f"{layer.name}.hidden", o.width + layer.cell_tanh.width),
    ]


def _formats(part: Layer | Scaling) -> Iterator[tuple[str, Format]]:
    """Yield every format of a part of a program, by the name of its field."""
    for item in fields(part):
        value = getattr(part, item.name)
        for target in value if isinstance(value, tuple) else (value,):
            if isinstance(target, Format):
                yield item.name, target


def _close_entries(layer: Lstm) -> list[str]:
    """Name the tables with an entry that a float32 function could round to the neighbouring code."""
    tables = [
        (f"{layer.name}.gate_{letter}", activation, gate, result)
        for letter, activation, gate, result in zip(
            GATES, GATE_ACTIVATIONS, layer.gates, layer.activations, strict=True
        )
    ]
    tables.append((f"{layer.name}.cell", Activation.TANH, layer.cell, layer.cell_tanh))
    return [
        f"{name} has table entries within {FLOAT32_FUNCTION_ERROR:g} of two codes"
        for name, activation, argument, result in tables
        if _margin(activation, argument, result) < FLOAT32_FUNCTION_ERROR
    ]


def _margin(activation: Activation, argument: Format, result: Format) -> float:
    """Return the least distance of a function's value to a boundary between two codes of the result."""
    values = evaluate(activation, argument.values(argument.all_codes()))
    scaled = np.ldexp(values, result.fraction)
    if result.overflow in {Overflow.SAT, Overflow.SAT_SYM}:
        # Beyond the last code saturation decides, and nothing is close to it there.
        scaled = scaled[(scaled > result.low - 1) & (scaled < result.high + 1)]
    # Truncation has its boundaries at the codes, rounding to the nearest halfway between them.
    boundary = 0.0 if result.rounding in {Rounding.TRN, Rounding.TRN_ZERO} else 0.5
    distance = np.abs(scaled - boundary - np.rint(scaled - boundary))
    return float(np.min(distance, initial=1.0)) * result.step
