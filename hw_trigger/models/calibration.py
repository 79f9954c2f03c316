"""Choosing the integer bits of every format from the float network: few enough to be fine, enough not to saturate much.

The rule is the least mean square error of the quantized values, over the powers of two that the scale may be. For the gates'
sums and the cell state the error is that of what follows, sigmoid or tanh: saturating where they are flat costs nothing, and a
few far values would make all others coarse.
A bias is no finer than the products that it is added to: more digits would widen the sum and decide nothing.
Source: the mean-square rule of Banner et al., "Post training 4-bit quantization" (2019), by search instead of a fitted density.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor, nn

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import FLOAT32_BITS
from hw_trigger.fixedpoint.tables import MAX_TABLE_BITS, Activation, evaluate
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.integer_bits import Values, least_error
from hw_trigger.models.networks import FloatNetwork
from hw_trigger.models.spec import (
    ClassifierFormats,
    DenseFormats,
    LstmFormats,
    NetworkFormats,
    QuantSpec,
    TensorSpec,
)
from hw_trigger.models.statistics import LstmValues, observe, observe_classifier

MOST_WINDOWS = 64
"""Windows that are looked at, spread evenly over those given."""

_TABLE_ARGUMENTS = {"gate", "cell"}
_MAY_BE_UNSIGNED = {"raw", "input", "sigmoid"}


class CalibrationError(UserError):
    """A width or sign that the quantized network cannot have, or values that no format fits."""


@overload
def calibrate(model: FloatAutoencoder, quant: QuantSpec, windows: Tensor) -> NetworkFormats: ...
@overload
def calibrate(model: FloatClassifier, quant: QuantSpec, windows: Tensor) -> ClassifierFormats: ...
def calibrate(model: FloatNetwork, quant: QuantSpec, windows: Tensor) -> NetworkFormats | ClassifierFormats:
    """Return the formats of every layer; integer bits that `quant` leaves open follow from the float network on `windows`.

    Parameters
    ----------
    windows
        Scaled training windows, ``(n, steps, n_features)``; at most :data:`MOST_WINDOWS` of them are used.

    Raises
    ------
    CalibrationError
        `quant` gives a tensor a width or a sign that it cannot have, or the network's values are not finite.
    """
    check_spec(quant)
    chosen = np.unique(np.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).round().astype(int))
    some = windows[torch.from_numpy(chosen)]
    return _autoencoder(model, quant, some) if isinstance(model, FloatAutoencoder) else _classifier(model, quant, some)


def _autoencoder(model: FloatAutoencoder, quant: QuantSpec, windows: Tensor) -> NetworkFormats:
    values = observe(model, windows)
    x = _fit("input", quant.input, values.input)
    encoder, data = _lstms("encoder", quant, model.encoder, values.encoder, x)
    latent = _dense("latent", (quant, quant.latent), model.latent, values.latent, data)
    decoder, data = _lstms("decoder", quant, model.decoder, values.decoder, latent.output)
    output = _dense("output", (quant, quant.output), model.output, values.output, data)
    return NetworkFormats(x, encoder, latent, decoder, output)


def _classifier(model: FloatClassifier, quant: QuantSpec, windows: Tensor) -> ClassifierFormats:
    values = observe_classifier(model, windows)
    x = _fit("input", quant.input, values.input)
    lstm, data = _lstms("lstm", quant, model.lstm, values.lstm, x)
    # No sign, and no code less where a symmetric range has one less: that is a ReLU.
    rectified = replace(quant.latent, signed=False, narrow=False)
    dense = []
    for index, (layer, observed) in enumerate(zip(model.dense, values.dense, strict=True)):
        dense.append(_dense(f"dense_{index}", (quant, rectified), layer, observed, data))
        data = dense[-1].output
    logits = _dense("logits", (quant, quant.output), model.logits, values.logits, data)
    return ClassifierFormats(x, lstm, tuple(dense), logits)


def check_spec(quant: QuantSpec) -> None:
    """Refuse widths and signs that the quantized network cannot have.

    Raises
    ------
    CalibrationError
        There is one; the message names the tensor.
    """
    for name, spec in vars(quant).items():
        if not isinstance(spec, TensorSpec):
            continue
        # Beyond float32's mantissa Brevitas' quantizers would round to other codes than the format's.
        most = MAX_TABLE_BITS if name in _TABLE_ARGUMENTS else FLOAT32_BITS
        if not 2 <= spec.width <= most:
            why = "an activation table has an entry for each code" if name in _TABLE_ARGUMENTS else "as float32 holds"
            raise CalibrationError(
                f"quant {quant.name!r}: tensor {name!r} has a width of {spec.width} bits, and 2 to {most} are possible ({why})"
            )
        if not spec.signed and name not in _MAY_BE_UNSIGNED:
            allowed = ", ".join(sorted(_MAY_BE_UNSIGNED))
            raise CalibrationError(
                f"quant {quant.name!r}: tensor {name!r} is unsigned, and its values are negative too; "
                f"only these may be unsigned: {allowed}"
            )


def _lstms(
    kind: str, quant: QuantSpec, layers: nn.ModuleList, values: tuple[LstmValues, ...], data: Format
) -> tuple[tuple[LstmFormats, ...], Format]:
    """Return the formats of a stack of layers, and that of its output."""
    formats: list[LstmFormats] = []
    for index, (layer, observed) in enumerate(zip(layers, values, strict=True)):
        formats.append(_lstm(f"{kind}_{index}", quant, layer, observed, data))
        data = formats[-1].hidden
    return tuple(formats), data


def _lstm(name: str, quant: QuantSpec, layer: Any, values: LstmValues, data: Format) -> LstmFormats:
    weights = torch.cat([layer.weight_ih_l0.flatten(), layer.weight_hh_l0.flatten()])
    weight = _fit(f"{name}.weight", quant.weight, weights)
    hidden = _fit(f"{name}.hidden", quant.hidden, values.hidden)
    finest = weight.fraction + max(data.fraction, hidden.fraction)
    return LstmFormats(
        input=data,
        weight=weight,
        bias=_fit(f"{name}.bias", quant.bias, layer.bias_ih_l0 + layer.bias_hh_l0, finest=finest),
        gate=_fit(f"{name}.gate", quant.gate, torch.stack(values.sums), _activate),
        sigmoid=_fit(f"{name}.sigmoid", quant.sigmoid, values.sigmoids),
        tanh=_fit(f"{name}.tanh", quant.tanh, values.tanhs),
        cell=_fit(f"{name}.cell", quant.cell, values.cell, np.tanh),
        hidden=hidden,
    )


def _dense(name: str, specs: tuple[QuantSpec, TensorSpec], layer: Any, values: Tensor, data: Format) -> DenseFormats:
    """Return the formats of a linear layer, of the network's widths and the width of its output."""
    quant, output = specs
    weight = _fit(f"{name}.weight", quant.weight, layer.weight)
    return DenseFormats(
        input=data,
        weight=weight,
        bias=_fit(f"{name}.bias", quant.bias, layer.bias, finest=weight.fraction + data.fraction),
        output=_fit(f"{name}.output", output, values),
    )


def _activate(sums: Values) -> Values:
    """Return the activations of the sums of i, f, g, o, which lie along the first dimension."""
    i, f, g, o = sums
    gates = [evaluate(Activation.SIGMOID, i), evaluate(Activation.SIGMOID, f), evaluate(Activation.TANH, g)]
    return np.stack([*gates, evaluate(Activation.SIGMOID, o)])


def _fit(
    tensor: str,
    spec: TensorSpec,
    values: Tensor,
    function: Callable[[Values], Values] | None = None,
    *,
    finest: int | None = None,
) -> Format:
    """Return the format of a tensor: as configured, or of the least error and with at most `finest` fractional bits."""
    if spec.integer is not None:
        return spec.format()
    array = values.detach().numpy().astype(np.float64)
    if not np.isfinite(array).all():
        raise CalibrationError(
            f"tensor {tensor!r} has values that are not finite; the float network is damaged: train it again"
        )
    integer = least_error(spec, array, function)
    return spec.format(integer if finest is None else max(integer, spec.width - finest))
