"""The golden model: the fixed-point program on exact integers, as plain NumPy that reads like the contract.

Every other executor is compared with this one, code for code. :mod:`hw_trigger.fixedpoint.compiled` computes the same faster.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.decision import decide, measure
from hw_trigger.fixedpoint.formats import Codes, Format, align, overflows, quantize_codes
from hw_trigger.fixedpoint.program import GATES, Dense, Lstm, Program, Scaling


class WindowsError(UserError):
    """Windows that the program cannot take: a wrong shape, or codes outside the raw format."""


@dataclass(frozen=True, eq=False)
class Execution:
    """What a program computed of n windows.

    Attributes
    ----------
    output
        Codes of ``program.output``, shape ``(n, *program.output_shape)``: reconstructions or logits.
    score
        Codes of ``program.trigger.score``, shape ``(n,)``; ``None`` without a trigger.
    trigger
        Whether the score exceeds the threshold, shape ``(n,)``; ``None`` without a trigger.
    outputs
        When traced: the output codes of the scaling and of every layer, by name; sequences ``(n, steps, features)``, vectors
        ``(n, features)``.
    saturations
        How many codes of each tensor were saturated (or wrapped) by its format, by ``layer.tensor``.
    state
        What the trigger remembers behind the last window (:data:`hw_trigger.fixedpoint.decision.STATE`); ``None`` where it
        remembers nothing.
    """

    output: Codes
    score: Codes | None
    trigger: NDArray[np.bool_] | None
    outputs: dict[str, Codes] = field(default_factory=dict)
    saturations: dict[str, int] = field(default_factory=dict)
    state: Codes | None = None


class Saturations(Counter[str]):
    """Requantizes codes and counts, for each tensor, those that did not fit its format."""

    def quantize(self, codes: Codes, fraction: int, target: Format, tensor: str) -> Codes:
        """Bring codes with `fraction` fractional bits to `target`: one rounding, one overflow."""
        self[tensor] += overflows(codes, fraction, target)
        return quantize_codes(codes, fraction, target)


def run(program: Program, raw: Codes, *, trace: bool = False, state: Codes | None = None) -> Execution:
    """Execute the program on windows of raw codes, which follow each other in a stream where the trigger remembers.

    Parameters
    ----------
    raw
        Codes of ``program.raw``, shape ``(n, steps, n_features)``.
    trace
        Keep the output of every layer.
    state
        What the trigger remembers of the stream so far; by default it starts with the first window.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    raw = check_windows(program, raw)
    saturations = Saturations()
    outputs: dict[str, Codes] = {}
    x = raw
    if program.scaling is not None:
        x = outputs[program.scaling.name] = scale(program.scaling, raw, saturations)
    data, data_format = x, program.input
    for layer in program.layers:
        data = (
            lstm(layer, data, data_format, saturations)
            if isinstance(layer, Lstm)
            else dense(layer, data, data_format, saturations)
        )
        data_format = layer.output
        outputs[layer.name] = data
    measures = None if program.trigger is None else measure(program.trigger, x, data)
    return finish(program, Execution(data, None, None, outputs if trace else {}, dict(saturations)), measures, state)


def finish(program: Program, network: Execution, measures: Codes | None, state: Codes | None) -> Execution:
    """Return an execution of the network with the trigger's decision on what it measured, ``(n, k)``."""
    if program.trigger is None or measures is None:
        return network
    decision = decide(program.trigger, measures, state)
    return replace(network, score=decision.score, trigger=decision.trigger, state=decision.state)


def check_windows(program: Program, raw: Codes) -> Codes:
    """Return raw windows as int64 after checking their shape and range.

    Raises
    ------
    WindowsError
        The shape is not the program's, or a code is outside the raw format.
    """
    wanted = (program.steps, program.n_features)
    raw = np.asarray(raw)
    if raw.ndim != 3 or raw.shape[1:] != wanted:
        raise WindowsError(
            f"windows have the shape {raw.shape}, and program {program.name!r} takes (n, {wanted[0]}, {wanted[1]})"
        )
    if not np.issubdtype(raw.dtype, np.integer):
        raise WindowsError(f"windows are {raw.dtype}, and a program takes integer codes of {program.raw}")
    outside = int(np.count_nonzero((raw < program.raw.low) | (raw > program.raw.high)))
    if outside:
        raise WindowsError(
            f"windows have {outside} codes outside the raw format {program.raw}; quantize the samples to it first"
        )
    return raw.astype(np.int64, copy=False)


def scale(layer: Scaling, raw: Codes, saturations: Saturations) -> Codes:
    """Return x of raw samples, shape unchanged."""
    fraction = layer.accumulator.fraction
    product = align(raw * layer.gain, layer.raw.fraction + layer.gain_format.fraction, fraction)
    total = product + align(layer.offset, layer.offset_format.fraction, fraction)
    return saturations.quantize(total, fraction, layer.output, f"{layer.name}.output")


def lstm(layer: Lstm, data: Codes, data_format: Format, saturations: Saturations) -> Codes:
    """Return h of every step, ``(n, steps, units)``, or of the last, ``(n, units)``."""
    x = saturations.quantize(data, data_format.fraction, layer.input, f"{layer.name}.input")
    windows, units = len(x), layer.n_units
    h = np.zeros((windows, units), np.int64)
    c = np.zeros((windows, units), np.int64)
    sequence = []
    for step in range(layer.steps):
        h, c = lstm_step(layer, x if layer.repeat_input else x[:, step], h, c, saturations)
        sequence.append(h)
    return np.stack(sequence, axis=1) if layer.return_sequence else h


def lstm_step(layer: Lstm, x: Codes, h: Codes, c: Codes, saturations: Saturations) -> tuple[Codes, Codes]:
    """Return the next state and cell state; see :class:`~hw_trigger.fixedpoint.program.Lstm` for the equations."""
    name, fraction = layer.name, layer.accumulator.fraction
    acc = (
        align(x @ layer.weight.T, layer.input.fraction + layer.weight_format.fraction, fraction)
        + align(h @ layer.recurrent_weight.T, layer.hidden.fraction + layer.recurrent_format.fraction, fraction)
        + align(layer.bias, layer.bias_format.fraction, fraction)
    )
    i, f, g, o = (
        look_up(table, saturations.quantize(sums, fraction, gate, f"{name}.gate_{letter}"), gate)
        for letter, sums, gate, table in zip(
            GATES, np.split(acc, 4, axis=1), layer.gates, layer.gate_tables, strict=True
        )
    )
    i_format, f_format, g_format, o_format = layer.activations
    cell = layer.cell
    fc = saturations.quantize(f * c, f_format.fraction + cell.fraction, cell, f"{name}.forget_product")
    ig = saturations.quantize(i * g, i_format.fraction + g_format.fraction, cell, f"{name}.input_product")
    c = saturations.quantize(fc + ig, cell.fraction, cell, f"{name}.cell")
    tanh_c = look_up(layer.cell_table, c, cell)
    h = saturations.quantize(o * tanh_c, o_format.fraction + layer.cell_tanh.fraction, layer.hidden, f"{name}.hidden")
    return h, c


def dense(layer: Dense, data: Codes, data_format: Format, saturations: Saturations) -> Codes:
    """Return y, ``(..., n_outputs)``."""
    x = saturations.quantize(data, data_format.fraction, layer.input, f"{layer.name}.input")
    fraction = layer.accumulator.fraction
    acc = align(x @ layer.weight.T, layer.input.fraction + layer.weight_format.fraction, fraction)
    acc = acc + align(layer.bias, layer.bias_format.fraction, fraction)
    if layer.rectifies:  # that is no saturation, and is not counted as one
        acc = np.maximum(acc, 0)
    return saturations.quantize(acc, fraction, layer.output, f"{layer.name}.output")


def look_up(table: Codes, codes: Codes, argument: Format) -> Codes:
    """Read a table by the bit pattern of codes."""
    return np.asarray(table[codes & np.int64((1 << argument.width) - 1)])
