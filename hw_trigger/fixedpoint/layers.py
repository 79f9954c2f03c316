"""The layers of a fixed-point program: their constants, the format of every tensor, and what follows from both.

Number formats: every array of a layer holds integer codes (int64) of the format beside it. Steps are counted in samples of a
window; a vector is one set of features, a sequence is one vector for every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw_trigger.fixedpoint.formats import (
    Codes,
    Format,
    Overflow,
    exact_format,
)
from hw_trigger.fixedpoint.tables import Activation, activation_table
from hw_trigger.fixedpoint.triggers import EXACT_BITS, ProgramError

GATES = ("i", "f", "g", "o")
"""Gate order of every array with 4 * units rows (PyTorch's): input, forget, cell, output."""

GATE_ACTIVATIONS = (Activation.SIGMOID, Activation.SIGMOID, Activation.TANH, Activation.SIGMOID)

FLOAT32_BITS = 24
"""Accumulators of at most this many bits are exact in float32 too, in any order of summation."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """``x = output(raw * gain + offset)`` for each feature, exact but for the one rounding and saturation.

    Attributes
    ----------
    raw
        Format of a raw sample, as the analogue-to-digital converter or the bus delivers it.
    gain, offset
        Codes, shape ``(n_features,)``, of `gain_format` and `offset_format`.
    output
        Format of the scaled sample.
    """

    name: str
    raw: Format
    gain_format: Format
    gain: Codes
    offset_format: Format
    offset: Codes
    output: Format

    def __post_init__(self) -> None:
        _freeze(self, "gain", self.gain_format, (len(self.gain),))
        _freeze(self, "offset", self.offset_format, (len(self.gain),))

    @property
    def n_features(self) -> int:
        """Features of a sample."""
        return len(self.gain)

    @cached_property
    def accumulator(self) -> Format:
        """The exact format of ``raw * gain + offset``."""
        product = self.raw.fraction + self.gain_format.fraction
        fraction = max(product, self.offset_format.fraction)
        magnitude = max(
            (self.raw.magnitude * abs(int(gain)) << (fraction - product))
            + (abs(int(offset)) << (fraction - self.offset_format.fraction))
            for gain, offset in zip(self.gain, self.offset, strict=True)
        )
        return exact_format(magnitude, fraction, f"{self.name}.accumulator", limit=EXACT_BITS)


@dataclass(frozen=True, eq=False)
class Lstm:
    """One LSTM layer; a step is, with the quantization points of Brevitas' ``QuantLSTM``::

        acc_k = W_k x + R_k h + b_k                    exact
        q_k   = gate_k(acc_k)                          one rounding and saturation
        i, f, g, o = activation_k(table_k[q_k])        g is tanh, the others sigmoid
        fc = cell(f * c);  ig = cell(i * g);  c = cell(fc + ig)
        h  = hidden(o * cell_tanh(table_c[c]))

    State and cell state begin a window at 0. The input is brought to `input` first; that is a no-op where the layer
    before has the same format.

    Attributes
    ----------
    weight, recurrent_weight, bias
        Codes, shapes ``(4 * n_units, n_inputs)``, ``(4 * n_units, n_units)``, ``(4 * n_units,)``; rows by gate i, f, g, o.
    steps
        Steps of a window.
    repeat_input
        The input is one vector, used at every step; else a sequence.
    return_sequence
        The output is h of every step; else of the last one.
    """

    name: str
    steps: int
    repeat_input: bool
    return_sequence: bool
    input: Format
    weight_format: Format
    weight: Codes
    recurrent_format: Format
    recurrent_weight: Codes
    bias_format: Format
    bias: Codes
    gates: tuple[Format, Format, Format, Format]
    activations: tuple[Format, Format, Format, Format]
    cell: Format
    cell_tanh: Format
    hidden: Format

    def __post_init__(self) -> None:
        units = self.recurrent_weight.shape[-1]
        _freeze(self, "weight", self.weight_format, (4 * units, self.weight.shape[-1]))
        _freeze(self, "recurrent_weight", self.recurrent_format, (4 * units, units), "recurrent_format")
        _freeze(self, "bias", self.bias_format, (4 * units,))

    @property
    def n_inputs(self) -> int:
        """Features of the input vector."""
        return int(self.weight.shape[1])

    @property
    def n_units(self) -> int:
        """Hidden units."""
        return int(self.recurrent_weight.shape[1])

    @property
    def n_outputs(self) -> int:
        """Features of an output vector: the hidden units."""
        return self.n_units

    @property
    def output(self) -> Format:
        """Format of the output."""
        return self.hidden

    @cached_property
    def accumulator(self) -> Format:
        """The exact format of the gates' sums, from the weights themselves."""
        return _sum_format(
            f"{self.name}.accumulator",
            [
                (self.weight, self.weight_format, self.input),
                (self.recurrent_weight, self.recurrent_format, self.hidden),
            ],
            self.bias,
            self.bias_format,
        )

    @cached_property
    def gate_tables(self) -> tuple[Codes, Codes, Codes, Codes]:
        """Activation tables of the gates i, f, g, o, each of shape ``(2**gate.width,)``, indexed by bit pattern."""
        i, f, g, o = (
            activation_table(activation, gate, result, f"{self.name}.gate_{letter}")
            for letter, activation, gate, result in zip(
                GATES, GATE_ACTIVATIONS, self.gates, self.activations, strict=True
            )
        )
        return i, f, g, o

    @cached_property
    def cell_table(self) -> Codes:
        """The table of tanh over the cell state, shape ``(2**cell.width,)``, indexed by bit pattern."""
        return activation_table(Activation.TANH, self.cell, self.cell_tanh, f"{self.name}.cell")


@dataclass(frozen=True, eq=False)
class Dense:
    """``y = output(W x + b)``, the sum exact; at every step alike where the input is a sequence.

    An unsigned output that saturates is a ReLU: what is negative becomes 0.

    Attributes
    ----------
    weight, bias
        Codes, shapes ``(n_outputs, n_inputs)`` and ``(n_outputs,)``.
    steps
        Vectors in the input: the steps of a sequence, or 1.
    """

    name: str
    steps: int
    input: Format
    weight_format: Format
    weight: Codes
    bias_format: Format
    bias: Codes
    output: Format

    def __post_init__(self) -> None:
        _freeze(self, "weight", self.weight_format, (len(self.bias), self.weight.shape[-1]))
        _freeze(self, "bias", self.bias_format, (len(self.weight),))

    @property
    def n_inputs(self) -> int:
        """Features of an input vector."""
        return int(self.weight.shape[1])

    @property
    def n_outputs(self) -> int:
        """Features of an output vector."""
        return int(self.weight.shape[0])

    @property
    def rectifies(self) -> bool:
        """Whether the output is a ReLU."""
        return not self.output.signed and self.output.overflow is Overflow.SAT

    @cached_property
    def accumulator(self) -> Format:
        """The exact format of the sums, from the weights themselves."""
        return _sum_format(
            f"{self.name}.accumulator", [(self.weight, self.weight_format, self.input)], self.bias, self.bias_format
        )


Layer = Lstm | Dense


def _sum_format(name: str, products: list[tuple[Codes, Format, Format]], bias: Codes, bias_format: Format) -> Format:
    """Return the exact format of ``sum of weight @ x + bias``: as wide as ``sum(|w|) * max|x| + |b|`` needs."""
    fractions = [weight_format.fraction + x.fraction for _, weight_format, x in products]
    fraction = max([*fractions, bias_format.fraction])
    # Python integers: the very check for too wide a sum must not overflow itself.
    magnitudes = [abs(int(b)) << (fraction - bias_format.fraction) for b in bias]
    for (weight, _, x), product in zip(products, fractions, strict=True):
        for row, codes in enumerate(weight.tolist()):
            magnitudes[row] += sum(map(abs, codes)) * x.magnitude << (fraction - product)
    return exact_format(max(magnitudes), fraction, name, limit=EXACT_BITS)


def _freeze(
    layer: object, attribute: str, number_format: Format, shape: tuple[int, ...], format_name: str = ""
) -> None:
    """Check an array of codes and make it int64 and read-only."""
    codes = np.array(getattr(layer, attribute), dtype=np.int64)
    label = f"{getattr(layer, 'name', '?')}.{attribute}"
    if codes.shape != shape:
        raise ProgramError(f"tensor {label!r} has the shape {codes.shape}, and {shape} is needed")
    if not codes.size:
        raise ProgramError(f"tensor {label!r} has the shape {codes.shape}, which holds nothing")
    outside = int(np.count_nonzero((codes < number_format.low) | (codes > number_format.high)))
    if outside:
        what = format_name or f"{attribute}_format"
        raise ProgramError(f"tensor {label!r} has {outside} codes outside its {what} {number_format}")
    codes.setflags(write=False)
    object.__setattr__(layer, attribute, codes)
