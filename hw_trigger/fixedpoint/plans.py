"""A layer's constants as the compiled path computes with them.

Integers are held in floating point, where sums of integer products are exact as long as no sum needs more bits than the
mantissa has (24 in float32, 53 in float64) and BLAS does them many times faster than integers. Rounding half to even is then
``rint`` of a product with a power of two. So a layer with other rounding or overflow modes than Brevitas' has no plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.golden import Saturations
from hw_trigger.fixedpoint.kernels import Reals, run_lstm
from hw_trigger.fixedpoint.precision import product_bits
from hw_trigger.fixedpoint.program import EXACT_BITS, FLOAT32_BITS, GATES, Dense, Layer, Lstm


@dataclass(frozen=True, eq=False)
class DensePlan:
    """A dense layer's constants as floats, in units of the accumulator's last place."""

    layer: Dense
    dtype: type[np.floating[Any]]
    weight: Reals
    bias: Reals

    def run(self, x: Reals, saturations: Saturations) -> Reals:
        """Return the output of inputs ``(steps or 1, features, windows)``, codes in `dtype`."""
        target = self.layer.output
        scale = self.dtype(2.0 ** (target.fraction - self.layer.accumulator.fraction))
        rounded = np.rint((np.matmul(self.weight, x) + self.bias) * scale)
        low = -np.inf if self.layer.rectifies else target.low
        outside = np.count_nonzero((rounded < low) | (rounded > target.high))
        saturations[f"{self.layer.name}.output"] += int(outside)
        return np.asarray(np.clip(rounded, target.low, target.high))


@dataclass(frozen=True, eq=False)
class LstmPlan:
    """An LSTM layer's constants as floats, weights and bias in units of the accumulator's last place."""

    layer: Lstm
    dtype: type[np.floating[Any]]
    weight: Reals
    recurrent_weight: Reals
    bias: Reals
    tables: Reals  # of the gates one after another, then tanh of the cell state; index 0 is the least code
    starts: NDArray[np.int64]
    limits: Reals  # rows: gates i, f, g, o, forget product, input product, cell, hidden; columns: scale, low, high

    def run(self, x: Reals, saturations: Saturations) -> Reals:
        """Return the states of inputs ``(steps or 1, features, windows)``, codes in `dtype`."""
        layer = self.layer
        # What is the same at every step: the bias, and what comes of a repeated input.
        constant = np.matmul(self.weight, x[0]) if layer.repeat_input else np.zeros((1, x.shape[2]), self.dtype)
        weights = [self.recurrent_weight] if layer.repeat_input else [self.weight, self.recurrent_weight]
        output = np.empty((layer.steps if layer.return_sequence else 1, layer.n_units, x.shape[2]), self.dtype)
        counts = run_lstm(
            np.ascontiguousarray(x[:, : 0 if layer.repeat_input else layer.n_inputs]),
            layer.steps,
            np.hstack(weights),
            self.bias + constant,
            self.tables,
            self.starts,
            self.limits,
            output,
        )
        tensors = [*(f"gate_{letter}" for letter in GATES), "forget_product", "input_product", "cell", "hidden"]
        for tensor, count in zip(tensors, counts.tolist(), strict=True):
            saturations[f"{layer.name}.{tensor}"] += count
        return output


Plan = LstmPlan | DensePlan


def plan(layer: Layer) -> Plan | None:
    """Return what the fast path needs, or ``None`` where the layer's modes or widths are not its."""
    return _plan_lstm(layer) if isinstance(layer, Lstm) else _plan_dense(layer)


def _is_brevitas(*formats: Format) -> bool:
    """Tell whether all formats round half to even and saturate."""
    return all(
        item.rounding is Rounding.RND_CONV and item.overflow in {Overflow.SAT, Overflow.SAT_SYM} for item in formats
    )


def _dtype(bits: int) -> type[np.floating[Any]]:
    return np.float32 if bits <= FLOAT32_BITS else np.float64


def _plan_dense(layer: Dense) -> DensePlan | None:
    if not _is_brevitas(layer.output):
        return None
    acc = layer.accumulator
    bits = max(acc.width, layer.output.width)
    if bits > EXACT_BITS:
        return None
    dtype = _dtype(bits)
    shift = acc.fraction - layer.input.fraction - layer.weight_format.fraction
    bias = layer.bias[:, None] << (acc.fraction - layer.bias_format.fraction)
    return DensePlan(layer, dtype, (layer.weight << shift).astype(dtype), bias.astype(dtype))


def _plan_lstm(layer: Lstm) -> LstmPlan | None:
    acc, cell, hidden = layer.accumulator, layer.cell, layer.hidden
    if not _is_brevitas(*layer.gates, cell, hidden):
        return None
    i, f, g, o = layer.activations
    bits = max(acc.width, hidden.width, *(bits for _, bits in product_bits(layer)))
    if bits > EXACT_BITS:
        return None
    dtype = _dtype(bits)
    weight = layer.weight << (acc.fraction - layer.input.fraction - layer.weight_format.fraction)
    recurrent_weight = layer.recurrent_weight << (acc.fraction - hidden.fraction - layer.recurrent_format.fraction)
    bias = layer.bias[:, None] << (acc.fraction - layer.bias_format.fraction)
    # A table by bit pattern, rolled so that index 0 is the least two's complement code.
    tables = [
        np.roll(table, len(table) // 2) if argument.signed else table
        for table, argument in zip([*layer.gate_tables, layer.cell_table], [*layer.gates, cell], strict=True)
    ]
    lengths = [len(table) for table in tables]
    zero = [
        len(table) // 2 if argument.signed else 0 for table, argument in zip(tables, [*layer.gates, cell], strict=True)
    ]
    targets = [*layer.gates, cell, cell, cell, hidden]
    fractions = [acc.fraction] * 4 + [
        f.fraction + cell.fraction,
        i.fraction + g.fraction,
        cell.fraction,
        o.fraction + layer.cell_tanh.fraction,
    ]
    return LstmPlan(
        layer=layer,
        dtype=dtype,
        weight=weight.astype(dtype),
        recurrent_weight=recurrent_weight.astype(dtype),
        bias=bias.astype(dtype),
        tables=np.concatenate(tables).astype(dtype),
        starts=np.cumsum([0, *lengths[:-1]]) + np.array(zero),
        limits=np.array(
            [
                (2.0 ** (target.fraction - fraction), target.low, target.high)
                for target, fraction in zip(targets, fractions, strict=True)
            ],
            dtype,
        ),
    )
