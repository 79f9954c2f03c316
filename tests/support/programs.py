"""Random programs and windows: small shapes, varied formats, weights and inputs that reach saturation and rounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from hw_trigger.verification.stress import stress_windows as random_windows

__all__ = ["Sizes", "random_classifier", "random_program", "random_windows", "with_deviation"]


@dataclass(frozen=True)
class Sizes:
    steps: int = 5
    n_features: int = 1
    encoder: tuple[int, ...] = (4,)
    latent: int = 3
    decoder: tuple[int, ...] = (4,)


def random_program(
    seed: int,
    sizes: Sizes | None = None,
    *,
    widths: tuple[int, int] = (4, 9),
    any_mode: bool = False,
    scaling: bool = True,
    trigger: bool = True,
) -> Program:
    """Return a program whose formats have `widths` bits (low, high inclusive); with `any_mode`, any rounding and overflow."""
    rng = np.random.default_rng(seed)
    sizes = sizes or Sizes()
    # Two features of state at least, so that vectors and sequences of them differ.
    draw = _Draw(rng, widths, any_mode)
    x = draw.format(1, 2)
    layers: list[Layer] = []
    data, features = x, sizes.n_features
    for index, units in enumerate(sizes.encoder):
        last = index == len(sizes.encoder) - 1
        layers.append(
            draw.lstm(f"encoder_{index}", data, features, units, sizes.steps, repeat=False, sequence=not last)
        )
        data, features = layers[-1].output, units
    layers.append(draw.dense("latent", data, features, sizes.latent, 1))
    data, features = layers[-1].output, sizes.latent
    for index, units in enumerate(sizes.decoder):
        layers.append(
            draw.lstm(f"decoder_{index}", data, features, units, sizes.steps, repeat=index == 0, sequence=True)
        )
        data, features = layers[-1].output, units
    layers.append(draw.dense("output", data, features, sizes.n_features, sizes.steps))
    return Program(
        name=f"random_{seed}",
        steps=sizes.steps,
        n_features=sizes.n_features,
        input=x,
        layers=tuple(layers),
        scaling=draw.scaling(x, sizes.n_features) if scaling else None,
        trigger=_trigger(sizes, x, layers[-1].output) if trigger else None,
    )


def random_classifier(
    seed: int,
    *,
    steps: int = 5,
    n_features: int = 2,
    units: tuple[int, ...] = (4, 3),
    hidden: tuple[int, ...] = (5,),
    n_classes: int = 2,
    widths: tuple[int, int] = (4, 9),
) -> Program:
    """Return stacked LSTM layers, dense layers with ReLU, a dense layer that gives logits, and the trigger of the last class."""
    rng = np.random.default_rng(seed)
    draw = _Draw(rng, widths, any_mode=False)
    x = draw.format(1, 2)
    layers: list[Layer] = []
    data, features = x, n_features
    for index, count in enumerate(units):
        last = index == len(units) - 1
        layers.append(draw.lstm(f"lstm_{index}", data, features, count, steps, repeat=False, sequence=not last))
        data, features = layers[-1].output, count
    for index, count in enumerate(hidden):
        layer = draw.dense(f"dense_{index}", data, features, count, 1)
        layers.append(replace(layer, output=draw.format(1, 2, signed=False)))
        data, features = layers[-1].output, count
    layers.append(draw.dense("logits", data, features, n_classes, 1))
    return Program(
        name=f"classifier_{seed}",
        steps=steps,
        n_features=n_features,
        input=x,
        layers=tuple(layers),
        scaling=draw.scaling(x, n_features),
        trigger=MarginTrigger("trigger", n_classes, n_classes - 1, layers[-1].output, 0),
    )


def with_deviation(program: Program, **settings: Any) -> Program:
    """Return the program with a trigger that remembers; by default one that settles and learns within a few windows."""
    defaults: dict[str, Any] = {"threshold": 300, "adaptive": True, "settle": 3, "baseline": 3, "record_decay": 3}
    defaults |= {"excess_decay": 2}
    trigger = DeviationTrigger(
        "trigger", program.steps, program.n_features, program.input, program.output, **(defaults | settings)
    )
    return replace(program, trigger=trigger)


@dataclass
class _Draw:
    rng: np.random.Generator
    widths: tuple[int, int]
    any_mode: bool

    def format(self, low: int, high: int, *, signed: bool = True, cap: int = 99) -> Format:
        width = min(int(self.rng.integers(*self.widths, endpoint=True)), cap)
        integer = int(self.rng.integers(low, high, endpoint=True))
        if not self.any_mode:
            symmetric = Overflow.SAT_SYM if self.rng.random() < 0.3 and signed else Overflow.SAT
            return Format(width, integer, signed, Rounding.RND_CONV, symmetric)
        rounding = list(Rounding)[self.rng.integers(len(Rounding))]
        overflow = list(Overflow)[self.rng.integers(len(Overflow))]
        return Format(width, integer, signed, rounding, overflow)

    def codes(self, fmt: Format, spread: float, shape: tuple[int, ...]) -> Codes:
        values = self.rng.normal(0, spread, shape)
        saturating = Format(
            fmt.width, fmt.integer, fmt.signed, overflow=Overflow.SAT_SYM if fmt.signed else Overflow.SAT
        )
        return saturating.quantize(values)

    def lstm(self, name: str, x: Format, inputs: int, units: int, steps: int, *, repeat: bool, sequence: bool) -> Lstm:
        # Now and then a layer takes its input in a format of its own.
        own = self.format(1, 2) if self.rng.random() < 0.3 else x
        weight, recurrent, bias = self.format(1, 2), self.format(1, 2), self.format(2, 3)
        i, f, g, o = (self.format(2, 4, cap=10) for _ in range(4))
        si, sf, so = (self.format(0, 0, signed=False) for _ in range(3))
        return Lstm(
            name=name,
            steps=steps,
            repeat_input=repeat,
            return_sequence=sequence,
            input=own,
            weight_format=weight,
            weight=self.codes(weight, 0.8, (4 * units, inputs)),
            recurrent_format=recurrent,
            recurrent_weight=self.codes(recurrent, 0.8, (4 * units, units)),
            bias_format=bias,
            bias=self.codes(bias, 0.8, (4 * units,)),
            gates=(i, f, g, o),
            activations=(si, sf, self.format(1, 1), so),
            cell=self.format(1, 3, cap=12),
            cell_tanh=self.format(1, 1),
            hidden=self.format(1, 1),
        )

    def dense(self, name: str, x: Format, inputs: int, outputs: int, steps: int) -> Dense:
        weight, bias = self.format(1, 2), self.format(2, 3)
        return Dense(
            name=name,
            steps=steps,
            input=x,
            weight_format=weight,
            weight=self.codes(weight, 0.8, (outputs, inputs)),
            bias_format=bias,
            bias=self.codes(bias, 0.5, (outputs,)),
            output=self.format(1, 2),
        )

    def scaling(self, x: Format, features: int) -> Scaling:
        raw, gain = Format(12, 3), Format(8, 2)
        return Scaling(
            name="scaling",
            raw=raw,
            gain_format=gain,
            gain=np.maximum(np.abs(self.codes(gain, 0.7, (features,))), 1),
            offset_format=Format(10, 2),
            offset=self.codes(Format(10, 2), 0.3, (features,)),
            output=x,
        )


def _trigger(sizes: Sizes, x: Format, reconstruction: Format) -> ErrorTrigger:
    probe = ErrorTrigger("trigger", sizes.steps, sizes.n_features, x, reconstruction, 0)
    return ErrorTrigger("trigger", sizes.steps, sizes.n_features, x, reconstruction, probe.threshold_code(0.3))
