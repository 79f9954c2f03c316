"""Programs of networks that nobody has trained: cycles follow from sizes and formats, resources mostly, but not from these alone.

The weights are drawn as training begins with them. Compared was the default network of 8 bits, trained on channel S-1: cycles are
equal, and LUTs within 8% (145,051 with trained weights, 154,866 with drawn ones; 130 DSP slices with both). What a product by a
constant takes follows from the constant: the latent layer has 225 multipliers with trained weights and 417 with drawn ones at a
reuse factor of 1, and at one of 1 in the encoder the design needs 60 and 28 DSP slices. DSP slices of such products may so be off
by a factor of up to about two.

Integer bits of weights and biases are chosen as calibration chooses them (:mod:`hw_trigger.models.integer_bits`). Those that
calibration takes from a channel's telemetry (gates, cell, latent vector, reconstruction) are here those that four networks
trained on synthetic telemetry had; an estimate depends on widths, not on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Layer, Lstm, Program
from hw_trigger.models.integer_bits import least_error
from hw_trigger.models.spec import Architecture, QuantSpec, TensorSpec
from hw_trigger.telemetry.scaling import fit_scaling

GATE_INTEGER, CELL_INTEGER, LATENT_INTEGER, OUTPUT_INTEGER = 2, 2, 1, 2
"""Integer bits where the preset leaves them to calibration."""

TRAINED_RANGE = (-0.9, 0.6)
"""Raw values that the scaling brings to [-1, 1)."""

Values = NDArray[np.float64]


@lru_cache(maxsize=64)
def untrained_program(architecture: Architecture, quant: QuantSpec) -> Program:
    """Return a program with scaling, trigger and weights drawn at random; the same for the same sizes and formats.

    Layers are called as :func:`hw_trigger.models.export.to_program` calls them.

    Raises
    ------
    FormatTooWideError, ProgramError
        The formats cannot be exact.
    ScalingError
        The raw format is too wide.
    """
    draw = _Draw(quant, architecture.window, np.random.default_rng(0))
    samples = np.array([TRAINED_RANGE] * architecture.n_features).T
    scaling = fit_scaling(samples, quant.raw.format(), quant.input.format(1), channel=architecture.name)
    x, layers = scaling.output, list[Layer]()
    data = x
    for index, (before, after) in enumerate(pairwise((architecture.n_features, *architecture.encoder))):
        last = index == len(architecture.encoder) - 1
        name = _name("encoder", index, len(architecture.encoder))
        layers.append(draw.lstm(name, data, (before, after), repeat_input=False, return_sequence=not last))
        data = layers[-1].output
    layers.append(draw.dense("latent", data, (architecture.encoder[-1], architecture.latent), 1, LATENT_INTEGER))
    data = layers[-1].output
    for index, (before, after) in enumerate(pairwise((architecture.latent, *architecture.decoder))):
        name = _name("decoder", index, len(architecture.decoder))
        layers.append(draw.lstm(name, data, (before, after), repeat_input=index == 0, return_sequence=True))
        data = layers[-1].output
    shape = (architecture.decoder[-1], architecture.n_features)
    layers.append(draw.dense("output", data, shape, architecture.window, OUTPUT_INTEGER))
    trigger = ErrorTrigger("trigger", architecture.window, architecture.n_features, x, layers[-1].output, 0)
    return Program(architecture.name, architecture.window, architecture.n_features, x, tuple(layers), scaling, trigger)


@dataclass(frozen=True)
class _Draw:
    """Draws layers; `steps` are those of a window."""

    quant: QuantSpec
    steps: int
    rng: np.random.Generator

    def lstm(
        self, name: str, data: Format, sizes: tuple[int, int], *, repeat_input: bool, return_sequence: bool
    ) -> Lstm:
        """Xavier's uniform weights for the input, normal ones as of an orthogonal matrix for the state, forget gates open.

        Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010); Saxe et
        al. (2014) and Jozefowicz et al. (2015), as in :class:`hw_trigger.models.float_autoencoder.FloatAutoencoder`.
        """
        inputs, units = sizes
        limit = np.sqrt(6 / (inputs + 4 * units))
        weight = self.rng.uniform(-limit, limit, (4 * units, inputs))
        recurrent = self.rng.normal(0, 1 / np.sqrt(units), (4 * units, units))
        bias = np.repeat([0.0, 1.0, 0.0, 0.0], units)
        quant = self.quant
        weights = _fitted(quant.weight, np.concatenate([weight.ravel(), recurrent.ravel()]))
        hidden = quant.hidden.format(1)
        biases = _fitted(quant.bias, bias, finest=weights.fraction + max(data.fraction, hidden.fraction))
        sigmoid, tanh = quant.sigmoid.format(int(quant.sigmoid.signed)), quant.tanh.format(1)
        return Lstm(
            name=name,
            steps=self.steps,
            repeat_input=repeat_input,
            return_sequence=return_sequence,
            input=data,
            weight_format=weights,
            weight=weights.quantize(weight),
            recurrent_format=weights,
            recurrent_weight=weights.quantize(recurrent),
            bias_format=biases,
            bias=biases.quantize(bias),
            gates=(quant.gate.format(GATE_INTEGER),) * 4,
            activations=(sigmoid, sigmoid, tanh, sigmoid),
            cell=quant.cell.format(CELL_INTEGER),
            cell_tanh=tanh,
            hidden=hidden,
        )

    def dense(self, name: str, data: Format, sizes: tuple[int, int], steps: int, integer: int) -> Dense:
        """Weights and biases uniform within ``1 / sqrt(inputs)``, as PyTorch's linear layers begin."""
        inputs, outputs = sizes
        limit = 1 / np.sqrt(inputs)
        weight, bias = self.rng.uniform(-limit, limit, (outputs, inputs)), self.rng.uniform(-limit, limit, outputs)
        weights = _fitted(self.quant.weight, weight)
        biases = _fitted(self.quant.bias, bias, finest=weights.fraction + data.fraction)
        spec: TensorSpec = getattr(self.quant, name)
        return Dense(
            name=name,
            steps=steps,
            input=data,
            weight_format=weights,
            weight=weights.quantize(weight),
            bias_format=biases,
            bias=biases.quantize(bias),
            output=spec.format(integer),
        )


def _fitted(spec: TensorSpec, values: Values, finest: int | None = None) -> Format:
    """Return the format of the least error, with at most `finest` fractional bits: calibration's rule."""
    if spec.integer is not None:
        return spec.format()
    integer = least_error(spec, values)
    return spec.format(integer if finest is None else max(integer, spec.width - finest))


def _name(kind: str, index: int, count: int) -> str:
    return kind if count == 1 else f"{kind}_{index}"
