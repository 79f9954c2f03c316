"""Designs that the estimate is held against: described in a few numbers, so that each can be built and synthesized anew.

Weights are drawn, as spread as trained ones of 8 bits are; how wide packed products and sums are follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import (
    Dense,
    DeviationTrigger,
    ErrorTrigger,
    Layer,
    Lstm,
    MarginTrigger,
    Program,
    Scaling,
)
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import Schedule

SPREAD = 34 / 128
"""Standard deviation of weights in units of the greatest: that of the default network, trained."""


@dataclass(frozen=True)
class Reference:
    """A design: an autoencoder, or a classifier where it has no decoder.

    Attributes
    ----------
    trigger
        ``"deviation"`` or ``"error"`` of an autoencoder; a classifier has its margin.
    encoder, latent, decoder
        Units of the LSTMs; features of the latent vector, or units of the classifier's dense layer.
    width
        Bits of gates, cells, states and latent vector; samples have four more.
    weight
        Bits of weights.
    multipliers, channels
        Of the schedule, which is planned.
    """

    name: str
    trigger: str = "deviation"
    steps: int = 50
    n_features: int = 1
    encoder: tuple[int, ...] = (16,)
    latent: int = 8
    decoder: tuple[int, ...] = (16,)
    width: int = 8
    weight: int = 8
    multipliers: int = 64
    channels: int = 1

    @classmethod
    def from_dict(cls, name: str, record: Mapping[str, Any]) -> Reference:
        """Return the design of a record, whose lists become tuples."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(name, **values)


def reference_design(reference: Reference, schedule: Schedule | None = None) -> Design:
    """Return the design: its program, and the schedule that is planned for it, unless another is given."""
    program = _program(reference)
    if schedule is None:
        schedule = plan(program, reference.multipliers, channels=reference.channels)
    return design((program,), schedule)


def _format(width: int, integer: int, *, signed: bool = True, overflow: Overflow = Overflow.SAT) -> Format:
    return Format(width, integer, signed, Rounding.RND_CONV, overflow)


def _program(reference: Reference) -> Program:
    draw = _Draw(reference, np.random.default_rng(0))
    raw, x = _format(16, 3), _format(reference.width + 4, 3)
    count = reference.n_features
    gain = np.full(count, 255 if count == 1 else 201)
    scaling = Scaling("scaling", raw, _format(9, 1), gain, _format(5, -8), np.arange(-8, count - 8), x)
    layers: list[Layer] = []
    data = x
    for index, sizes in enumerate(pairwise((count, *reference.encoder))):
        last = index == len(reference.encoder) - 1
        layers.append(draw.lstm(f"encoder_{index}", data, sizes, repeat=False, sequence=not last))
        data = layers[-1].output
    trigger: ErrorTrigger | DeviationTrigger | MarginTrigger
    if not reference.decoder:
        relu = _format(reference.width, 3, signed=False)
        layers.append(draw.dense("dense", data, (reference.encoder[-1], reference.latent), 1, relu))
        layers.append(draw.dense("logits", relu, (reference.latent, 2), 1, _format(reference.width, 3)))
        trigger = MarginTrigger("trigger", 2, 1, layers[-1].output, 0)
        return Program(reference.name, reference.steps, count, x, tuple(layers), scaling, trigger)
    layers.append(draw.dense("latent", data, (reference.encoder[-1], reference.latent), 1, _format(reference.width, 3)))
    data = layers[-1].output
    for index, sizes in enumerate(pairwise((reference.latent, *reference.decoder))):
        layers.append(draw.lstm(f"decoder_{index}", data, sizes, repeat=index == 0, sequence=True))
        data = layers[-1].output
    output = _format(reference.width + 4, 1)
    layers.append(draw.dense("output", data, (reference.decoder[-1], count), reference.steps, output))
    if reference.trigger == "error":
        trigger = ErrorTrigger("trigger", reference.steps, count, x, output, 1000)
    else:
        trigger = DeviationTrigger("trigger", reference.steps, count, x, output, 919, adaptive=True, settle=512)
    return Program(reference.name, reference.steps, count, x, tuple(layers), scaling, trigger)


@dataclass(frozen=True)
class _Draw:
    """Draws layers."""

    reference: Reference
    rng: np.random.Generator

    def lstm(self, name: str, data: Format, sizes: tuple[int, int], *, repeat: bool, sequence: bool) -> Lstm:
        inputs, units = sizes
        width, weight = self.reference.width, _format(self.reference.weight, 1, overflow=Overflow.SAT_SYM)
        state, sigmoid, tanh = _format(width, 3), _format(width, 0, signed=False), _format(width, 1)
        return Lstm(
            name=name,
            steps=self.reference.steps,
            repeat_input=repeat,
            return_sequence=sequence,
            input=data,
            weight_format=weight,
            weight=self._weights(weight, 4 * units, inputs),
            recurrent_format=weight,
            recurrent_weight=self._weights(weight, 4 * units, units),
            bias_format=_format(16, 2),
            bias=self.rng.integers(-8000, 8000, 4 * units),
            gates=(state,) * 4,
            activations=(sigmoid, sigmoid, tanh, sigmoid),
            cell=state,
            cell_tanh=tanh,
            hidden=tanh,
        )

    def dense(self, name: str, data: Format, sizes: tuple[int, int], steps: int, output: Format) -> Dense:
        inputs, outputs = sizes
        weight = _format(self.reference.weight, 0, overflow=Overflow.SAT_SYM)
        return Dense(
            name=name,
            steps=steps,
            input=data,
            weight_format=weight,
            weight=self._weights(weight, outputs, inputs),
            bias_format=_format(16, 1),
            bias=self.rng.integers(-8000, 8000, outputs),
            output=output,
        )

    def _weights(self, number_format: Format, rows: int, columns: int) -> Codes:
        drawn = self.rng.normal(0, SPREAD * (number_format.high + 1), (rows, columns))
        most = number_format.high
        return np.clip(np.rint(drawn), -most, most).astype(np.int64)
