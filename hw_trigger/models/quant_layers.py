"""Brevitas layers that the quantized networks have in common, every tensor in a given format."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import brevitas.nn as qnn
from torch import nn

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.quantizers import activation_quantizer, bias_quantizer, weight_quantizer
from hw_trigger.models.spec import DenseFormats, LstmFormats


def lstm_stack(inputs: int, units: tuple[int, ...], formats: tuple[LstmFormats, ...]) -> nn.ModuleList:
    """Return quantized LSTM layers one behind the other, batch first."""
    return nn.ModuleList(
        [_lstm(before, after, item) for (before, after), item in zip(pairwise((inputs, *units)), formats, strict=True)]
    )


def _lstm(inputs: int, units: int, formats: LstmFormats) -> qnn.QuantLSTM:
    lstm = qnn.QuantLSTM(
        inputs,
        units,
        batch_first=True,
        weight_quant=weight_quantizer(formats.weight),
        bias_quant=bias_quantizer(formats.bias),
        io_quant=activation_quantizer(formats.hidden),
        gate_acc_quant=activation_quantizer(formats.gate),
        sigmoid_quant=activation_quantizer(formats.sigmoid),
        tanh_quant=activation_quantizer(formats.tanh),
        cell_state_quant=activation_quantizer(formats.cell),
    )
    # Brevitas would bring the input to the hidden state's format; here it comes in its own already.
    lstm.layers[0][0].quantize_output_only = True
    return lstm


def linear(inputs: int, outputs: int, formats: DenseFormats) -> qnn.QuantLinear:
    """Return a quantized linear layer. Where its output is unsigned, that is a ReLU: what is negative becomes 0."""
    return qnn.QuantLinear(
        inputs,
        outputs,
        bias=True,
        weight_quant=weight_quantizer(formats.weight),
        bias_quant=bias_quantizer(formats.bias),
        output_quant=activation_quantizer(formats.output),
    )


def requantizers(given: Format, layers: Iterable[LstmFormats | DenseFormats]) -> nn.ModuleList:
    """Return for each layer what brings its input to the format that it takes: `given` is the first one's, before that."""
    layers = list(layers)
    before = [given, *(layer.hidden if isinstance(layer, LstmFormats) else layer.output for layer in layers)]
    return nn.ModuleList([_requantizer(found, layer.input) for found, layer in zip(before, layers, strict=False)])


def load_layers(quantized: Any, source: Any) -> None:
    """Take over the weights of a float layer, or of a list of them; PyTorch's two biases of an LSTM become their sum."""
    pairs = zip(quantized, source, strict=True) if isinstance(source, nn.ModuleList) else [(quantized, source)]
    for target, layer in pairs:
        target.load_state_dict(layer.state_dict())


def _requantizer(given: Format, wanted: Format) -> nn.Module:
    return nn.Identity() if given == wanted else qnn.QuantIdentity(activation_quantizer(wanted))
