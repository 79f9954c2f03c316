"""The quantized autoencoder as a fixed-point program: its integer codes, as Brevitas' own quantizers give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Layer, Lstm, Program, Scaling
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.spec import DenseFormats, LstmFormats, NetworkFormats

_GATES = ("input", "forget", "cell", "output")
"""Brevitas' names of the gates i, f, g, o."""


def to_program(model: QuantAutoencoder, *, name: str, scaling: Scaling | None = None) -> Program:
    """Return the program that computes what the model computes; :func:`with_trigger` adds the trigger.

    Layers are called ``encoder``, ``latent``, ``decoder`` and ``output``, or ``encoder_0``, ``encoder_1``, .. where there are
    several.

    Raises
    ------
    ProgramError
        The scaling does not give what the network takes.
    FormatTooWideError
        A sum is too wide to be exact.
    """
    architecture, formats = model.architecture, model.formats
    steps = architecture.window
    layers: list[Layer] = []
    for index, (lstm, lstm_formats) in enumerate(zip(model.encoder, formats.encoder, strict=True)):
        last = index == len(model.encoder) - 1
        layer = _name("encoder", index, len(model.encoder))
        layers.append(_lstm(layer, lstm, lstm_formats, steps, repeat_input=False, return_sequence=not last))
    layers.append(_dense("latent", model.latent, formats.latent, 1))
    for index, (lstm, lstm_formats) in enumerate(zip(model.decoder, formats.decoder, strict=True)):
        layer = _name("decoder", index, len(model.decoder))
        layers.append(_lstm(layer, lstm, lstm_formats, steps, repeat_input=index == 0, return_sequence=True))
    layers.append(_dense("output", model.output, formats.output, steps))
    return Program(name, steps, architecture.n_features, formats.input, tuple(layers), scaling)


def with_trigger(program: Program, mean_square: float = 0.0) -> Program:
    """Return the program with a trigger behind it, in place of one that it may have.

    Parameters
    ----------
    mean_square
        The threshold of the mean over steps and features of the squared error, in units of the scaled samples squared. It is
        known once training windows have been scored, for which the program with any threshold will do.
    """
    trigger = ErrorTrigger("trigger", program.steps, program.n_features, program.input, program.output, 0)
    return replace(program, trigger=replace(trigger, threshold=trigger.threshold_code(mean_square)))


def network_formats(program: Program) -> NetworkFormats:
    """Return the formats that a model must have to compute a program that `to_program` made: its inverse, for the formats."""
    layers = {layer.name: layer for layer in program.layers}
    stacks = {
        kind: tuple(
            _lstm_formats(layer) for name, layer in layers.items() if isinstance(layer, Lstm) and name.startswith(kind)
        )
        for kind in ("encoder", "decoder")
    }
    latent, output = (_dense_formats(layers[name]) for name in ("latent", "output"))
    return NetworkFormats(program.input, stacks["encoder"], latent, stacks["decoder"], output)


def _lstm_formats(layer: Lstm) -> LstmFormats:
    i, _, g, _ = layer.activations
    return LstmFormats(
        layer.input, layer.weight_format, layer.bias_format, layer.gates[0], i, g, layer.cell, layer.hidden
    )


def _dense_formats(layer: Layer) -> DenseFormats:
    if not isinstance(layer, Dense):
        raise TypeError(f"layer {layer.name!r} is no dense layer")
    return DenseFormats(layer.input, layer.weight_format, layer.bias_format, layer.output)


def _name(kind: str, index: int, count: int) -> str:
    return kind if count == 1 else f"{kind}_{index}"


def _lstm(name: str, lstm: Any, formats: LstmFormats, steps: int, *, repeat_input: bool, return_sequence: bool) -> Lstm:
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


def _dense(name: str, linear: Any, formats: DenseFormats, steps: int) -> Dense:
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
