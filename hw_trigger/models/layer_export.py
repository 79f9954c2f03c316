"""Quantized layers as layers of a fixed-point program: their integer codes, as Brevitas' own quantizers give them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Dense, Lstm
from hw_trigger.models.spec import DenseFormats, LstmFormats

_GATES = ("input", "forget", "cell", "output")
"""Brevitas' names of the gates i, f, g, o."""


def lstm_formats(layer: Lstm) -> LstmFormats:
    """Return the formats of a layer that `lstm_layers` made."""
    i, _, g, _ = layer.activations
    return LstmFormats(
        layer.input, layer.weight_format, layer.bias_format, layer.gates[0], i, g, layer.cell, layer.hidden
    )


def dense_formats(layer: Dense) -> DenseFormats:
    """Return the formats of a layer that `dense_layer` made."""
    return DenseFormats(layer.input, layer.weight_format, layer.bias_format, layer.output)


def numbered(kind: str, count: int) -> list[str]:
    """Return the names of so many layers of a kind: its own of one alone."""
    return [kind] if count == 1 else [f"{kind}_{index}" for index in range(count)]


def lstm_layers(
    kind: str,
    lstms: nn.ModuleList,
    formats: tuple[LstmFormats, ...],
    steps: int,
    *,
    repeat_input: bool = False,
    return_sequence: bool,
) -> list[Lstm]:
    """Return a stack of layers; `repeat_input` is the first one's, `return_sequence` the last one's."""
    last = len(formats) - 1
    return [
        _lstm_layer(
            name,
            lstm,
            given,
            steps,
            repeat_input=repeat_input and index == 0,
            return_sequence=return_sequence or index < last,
        )
        for index, (name, lstm, given) in enumerate(zip(numbered(kind, len(formats)), lstms, formats, strict=True))
    ]


def _lstm_layer(
    name: str, lstm: Any, formats: LstmFormats, steps: int, *, repeat_input: bool, return_sequence: bool
) -> Lstm:
    layer = lstm.layers[0][0]
    gates = [getattr(layer, f"{gate}_gate_params") for gate in _GATES]
    weight = [_codes(gate.input_weight(), formats.weight, f"{name}.weight") for gate in gates]
    recurrent = [_codes(gate.hidden_weight(), formats.weight, f"{name}.recurrent_weight") for gate in gates]
    bias = [_codes(gate.bias_quant(gate.bias), formats.bias, f"{name}.bias") for gate in gates]
    return Lstm(
        name=name,
        steps=steps,
        repeat_input=repeat_input,
        return_sequence=return_sequence,
        input=formats.input,
        weight_format=formats.weight,
        weight=np.concatenate(weight),
        recurrent_format=formats.weight,
        recurrent_weight=np.concatenate(recurrent),
        bias_format=formats.bias,
        bias=np.concatenate(bias),
        gates=(formats.gate,) * 4,
        activations=(formats.sigmoid, formats.sigmoid, formats.tanh, formats.sigmoid),
        cell=formats.cell,
        cell_tanh=formats.tanh,
        hidden=formats.hidden,
    )


def dense_layer(name: str, linear: Any, formats: DenseFormats, steps: int) -> Dense:
    """Return a linear layer, on `steps` vectors."""
    return Dense(
        name=name,
        steps=steps,
        input=formats.input,
        weight_format=formats.weight,
        weight=_codes(linear.quant_weight(), formats.weight, f"{name}.weight"),
        bias_format=formats.bias,
        bias=_codes(linear.bias_quant(linear.bias), formats.bias, f"{name}.bias"),
        output=formats.output,
    )


def _codes(tensor: Any, number_format: Format, name: str) -> Codes:
    """Return the codes of a Brevitas tensor, after a check that it is quantized as its format says."""
    found: tuple[Any, ...] = (
        float(tensor.scale),
        float(tensor.zero_point),
        float(tensor.bit_width),
        bool(tensor.signed),
    )
    codes: NDArray[np.float64] = tensor.int(float_datatype=True).detach().double().numpy()
    inside = (codes >= number_format.low) & (codes <= number_format.high)
    if found != (number_format.step, 0.0, number_format.width, number_format.signed) or not inside.all():
        raise RuntimeError(f"Brevitas quantizes tensor {name!r} as {found}, and not as {number_format}")
    return np.asarray(codes, np.int64)
