"""The golden model compiled: the same codes and saturation counts, fast enough for whole test sets.

Integers are held in floating point, where sums of integer products are exact as long as no sum needs more bits than the
mantissa has (24 in float32, 53 in float64) and BLAS does them many times faster than integers. Rounding half to even is then
``rint`` of a product with a power of two. Layers with other rounding or overflow modes than Brevitas' go to the plain
reference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding
from hw_trigger.fixedpoint.golden import Execution, Saturations
from hw_trigger.fixedpoint.kernels import Reals, run_lstm
from hw_trigger.fixedpoint.precision import product_bits
from hw_trigger.fixedpoint.program import EXACT_BITS, FLOAT32_BITS, GATES, Dense, Layer, Lstm, Program

CHUNK = 48
"""Windows computed together: enough for BLAS, few enough for the caches."""


def run(
    program: Program,
    raw: Codes,
    *,
    trace: bool = False,
    state: Codes | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Execution:
    """Execute the program on windows of raw codes; equals :func:`hw_trigger.fixedpoint.golden.run`.

    The network computes chunks of windows in any order; the trigger, which may remember earlier windows, follows them all.

    Parameters
    ----------
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    trace
        Keep the output of every layer (much memory for many windows).
    state
        What the trigger remembers of the stream so far; by default it starts with the first window.
    threads
        Chunks of windows computed at a time; by default one a core.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    raw = golden.check_windows(program, raw)
    chunks = [raw[start : start + CHUNK] for start in range(0, len(raw), CHUNK)] or [raw]
    plans = [_plan(layer) for layer in program.layers]

    def execute(chunk: Codes) -> tuple[Execution, Codes | None]:
        result = _run_chunk(program, plans, chunk, trace)
        if progress is not None:
            progress(len(chunk))
        return result

    # Threads share out the windows; BLAS would otherwise start its own in each of them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        parts, measures = zip(*pool.map(execute, chunks), strict=True)
    measured = [item for item in measures if item is not None]
    return golden.finish(program, _join(parts), np.concatenate(measured) if measured else None, state)


def _join(parts: Sequence[Execution]) -> Execution:
    total = Saturations()
    for part in parts:
        total.update(part.saturations)
    return Execution(
        np.concatenate([part.output for part in parts]),
        None,
        None,
        {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs},
        dict(total),
    )


def _run_chunk(
    program: Program, plans: list[_LstmPlan | _DensePlan | None], raw: Codes, trace: bool
) -> tuple[Execution, Codes | None]:
    """Return what the network computes of some windows, and what the trigger measures of them."""
    saturations = Saturations()
    outputs: dict[str, Codes] = {}
    x = raw
    if program.scaling is not None:
        x = outputs[program.scaling.name] = golden.scale(program.scaling, raw, saturations)
    lanes, data_format, shape = _to_lanes(x), program.input, x.shape[1:]
    for (layer, _, output_shape), plan in zip(program.flow(), plans, strict=True):
        if plan is None:
            lanes = _run_reference(layer, _from_lanes(lanes, shape), data_format, saturations)
        else:
            saturations[f"{layer.name}.input"] += 0
            if data_format != layer.input:
                codes = lanes.astype(np.int64)
                lanes = saturations.quantize(codes, data_format.fraction, layer.input, f"{layer.name}.input")
            lanes = plan.run(lanes.astype(plan.dtype, copy=False), saturations)
        data_format, shape = layer.output, output_shape
        if trace:
            outputs[layer.name] = _from_lanes(lanes, shape)
    output = _from_lanes(lanes, shape)
    measures = None if program.trigger is None else measure(program.trigger, x, output)
    return Execution(output, None, None, outputs if trace else {}, dict(saturations)), measures


def _to_lanes(codes: Codes) -> Reals:
    """Put the windows last, ``(steps or 1, features, windows)``: the loops over a tensor of a step run along them."""
    return np.ascontiguousarray((codes if codes.ndim == 3 else codes[:, None]).transpose(1, 2, 0))


def _from_lanes(lanes: Reals, shape: tuple[int, ...]) -> Codes:
    """Return codes with the windows first, ``(n, steps, features)`` or ``(n, features)``, as a window's shape says."""
    return lanes.transpose(2, 0, 1).astype(np.int64, order="C").reshape(-1, *shape)


def _run_reference(layer: Layer, data: Codes, data_format: Format, saturations: Saturations) -> Reals:
    if isinstance(layer, Lstm):
        return _to_lanes(golden.lstm(layer, data, data_format, saturations))
    return _to_lanes(golden.dense(layer, data, data_format, saturations))


@dataclass(frozen=True, eq=False)
class _DensePlan:
    """A dense layer's constants as floats, in units of the accumulator's last place."""

    layer: Dense
    dtype: type[np.floating[Any]]
    weight: Reals
    bias: Reals

    def run(self, x: Reals, saturations: Saturations) -> Reals:
        target = self.layer.output
        scale = self.dtype(2.0 ** (target.fraction - self.layer.accumulator.fraction))
        rounded = np.rint((np.matmul(self.weight, x) + self.bias) * scale)
        low = -np.inf if self.layer.rectifies else target.low
        outside = np.count_nonzero((rounded < low) | (rounded > target.high))
        saturations[f"{self.layer.name}.output"] += int(outside)
        return np.asarray(np.clip(rounded, target.low, target.high))


@dataclass(frozen=True, eq=False)
class _LstmPlan:
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


def _plan(layer: Layer) -> _LstmPlan | _DensePlan | None:
    """Return what the fast path needs, or ``None`` where the layer's modes or widths are not its."""
    return _plan_lstm(layer) if isinstance(layer, Lstm) else _plan_dense(layer)


def _is_brevitas(*formats: Format) -> bool:
    """Tell whether all formats round half to even and saturate."""
    return all(
        item.rounding is Rounding.RND_CONV and item.overflow in {Overflow.SAT, Overflow.SAT_SYM} for item in formats
    )


def _dtype(bits: int) -> type[np.floating[Any]]:
    return np.float32 if bits <= FLOAT32_BITS else np.float64


def _plan_dense(layer: Dense) -> _DensePlan | None:
    if not _is_brevitas(layer.output):
        return None
    acc = layer.accumulator
    bits = max(acc.width, layer.output.width)
    if bits > EXACT_BITS:
        return None
    dtype = _dtype(bits)
    shift = acc.fraction - layer.input.fraction - layer.weight_format.fraction
    bias = layer.bias[:, None] << (acc.fraction - layer.bias_format.fraction)
    return _DensePlan(layer, dtype, (layer.weight << shift).astype(dtype), bias.astype(dtype))


def _plan_lstm(layer: Lstm) -> _LstmPlan | None:
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
    return _LstmPlan(
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
