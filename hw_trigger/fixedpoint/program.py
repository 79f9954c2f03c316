"""The fixed-point program: a network of LSTM and dense layers and the trigger around it, every tensor with its format.

It is what every back end is generated from. A program is a chain of layers (:mod:`hw_trigger.fixedpoint.layers`) that ends in a
reconstruction of its input (an autoencoder) or in one vector of logits (a classifier)::

    raw sample --Scaling--> x --Lstm--> ... --Dense--> latent --Lstm (repeated input)--> ... --Dense--> reconstruction
                            `--------------------------------------------------------------> Trigger --> score, trigger

    raw sample --Scaling--> x --Lstm--> ... --Dense--> ... --Dense--> logits --> Trigger --> score, trigger
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hw_trigger.fixedpoint.formats import Format, exact_format
from hw_trigger.fixedpoint.layers import (
    FLOAT32_BITS,
    GATE_ACTIVATIONS,
    GATES,
    Dense,
    Layer,
    Lstm,
    Scaling,
)
from hw_trigger.fixedpoint.triggers import (
    EXACT_BITS,
    DeviationTrigger,
    ErrorTrigger,
    MarginTrigger,
    ProgramError,
    Trigger,
)

__all__ = [
    "EXACT_BITS",
    "FLOAT32_BITS",
    "GATES",
    "GATE_ACTIVATIONS",
    "Dense",
    "DeviationTrigger",
    "ErrorTrigger",
    "Layer",
    "Lstm",
    "MarginTrigger",
    "Program",
    "ProgramError",
    "Scaling",
    "Trigger",
]


@dataclass(frozen=True, eq=False)
class Program:
    """A network and, where present, the scaling before it and the trigger behind it.

    Attributes
    ----------
    steps, n_features
        Shape of a window: ``(steps, n_features)``.
    input
        Format of the network's input, x.
    """

    name: str
    steps: int
    n_features: int
    input: Format
    layers: tuple[Layer, ...]
    scaling: Scaling | None = None
    trigger: Trigger | None = None

    def __post_init__(self) -> None:
        _check_chain(self)

    @property
    def output(self) -> Format:
        """Format of what the network puts out: the reconstruction, or the logits."""
        return self.layers[-1].output

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what the network puts out of a window: ``(steps, n_features)``, or ``(n_classes,)``."""
        *_, (_, _, shape) = self.flow()
        return shape

    @property
    def reconstructs(self) -> bool:
        """Whether the network is an autoencoder; else it is a classifier."""
        return len(self.output_shape) == 2

    @property
    def raw(self) -> Format:
        """Format of what goes in: raw samples where the program scales them, else x."""
        return self.input if self.scaling is None else self.scaling.raw

    def flow(self) -> Iterator[tuple[Layer, bool, tuple[int, ...]]]:
        """Yield every layer, whether its input is a sequence, and the shape of a window's output.

        The shape is ``(steps, features)`` of a sequence, ``(features,)`` of one vector.
        """
        sequence = True
        for layer in self.layers:
            given = sequence
            if isinstance(layer, Lstm):
                sequence = layer.return_sequence
            yield layer, given, (self.steps, layer.n_outputs) if sequence else (layer.n_outputs,)

    @property
    def exact_bits(self) -> int:
        """Bits of the widest accumulator of the network, which decides between float32 and float64 executors."""
        scaling = [] if self.scaling is None else [self.scaling.accumulator.width]
        return max([layer.accumulator.width for layer in self.layers] + scaling)


def _check_chain(program: Program) -> None:
    """Check that every layer takes what the one before gives.

    Raises
    ------
    ProgramError
        It does not; the message names the layer.
    """
    if not program.layers:
        raise ProgramError(f"program {program.name!r} has no layers; at least one is needed")
    if program.steps < 1 or program.n_features < 1:
        window = (program.steps, program.n_features)
        raise ProgramError(f"program {program.name!r} has windows of the shape {window}; both must be at least 1")
    _check_layers(program)
    _check_scaling(program)
    if program.trigger is not None:
        _check_trigger(program, program.trigger)


def _check_trigger(program: Program, trigger: Trigger) -> None:
    """Check that the trigger takes what the network gives."""
    if isinstance(trigger, MarginTrigger):
        fits = (trigger.n_classes,) == program.output_shape and trigger.input == program.output
    else:
        given = (program.steps, program.n_features, program.input, program.output)
        fits = program.reconstructs and given == (
            trigger.steps,
            trigger.n_features,
            trigger.input,
            trigger.reconstruction,
        )
    if not fits:
        raise ProgramError(
            f"trigger {trigger.name!r} does not match the output or the formats of program {program.name!r}"
        )


def _check_layers(program: Program) -> None:
    """Check the network: features, steps, and that it ends in a reconstruction of its input, or in one vector."""
    names = [layer.name for layer in program.layers]
    if len(set(names)) != len(names):
        raise ProgramError(f"program {program.name!r} has two layers of one name: {', '.join(names)}")
    shape: tuple[int, ...] = (program.steps, program.n_features)
    data, kinds = program.input, {True: "a sequence", False: "one vector"}
    for layer, sequence, output_shape in program.flow():
        if layer.n_inputs != shape[-1]:
            raise ProgramError(f"layer {layer.name!r} takes {layer.n_inputs} features, and is given {shape[-1]}")
        if isinstance(layer, Lstm) and layer.repeat_input == sequence:
            raise ProgramError(f"layer {layer.name!r} takes {kinds[not sequence]}, and is given {kinds[sequence]}")
        given = program.steps if isinstance(layer, Lstm) or sequence else 1
        if layer.steps != given:
            what = "the window has" if given == program.steps else "is given"
            raise ProgramError(f"layer {layer.name!r} has {layer.steps} steps, and {what} {given}")
        for tensor, magnitude, fraction, target in _requantizations(layer, data):
            _check_exact(f"{layer.name}.{tensor}", magnitude, fraction, target)
        if isinstance(layer, Lstm):
            _ = layer.gate_tables, layer.cell_table
        shape, data = output_shape, layer.output
    if len(shape) == 2 and shape != (program.steps, program.n_features):
        raise ProgramError(
            f"program {program.name!r} ends in a sequence of {shape[-1]} features, "
            f"and a reconstruction is one of {program.n_features} features"
        )


def _requantizations(layer: Layer, data: Format) -> Iterator[tuple[str, int, int, Format]]:
    """Yield every tensor that is brought to a format: its name, greatest magnitude before, fraction before, and format."""
    yield "input", data.magnitude, data.fraction, layer.input
    acc = layer.accumulator  # its greatest code is the greatest magnitude, as it is an exact format
    if isinstance(layer, Dense):
        yield "output", acc.high, acc.fraction, layer.output
        return
    for letter, gate in zip(GATES, layer.gates, strict=True):
        yield f"gate_{letter}", acc.high, acc.fraction, gate
    i, f, g, o = layer.activations
    cell, tanh = layer.cell, layer.cell_tanh
    yield "forget_product", f.magnitude * cell.magnitude, f.fraction + cell.fraction, cell
    yield "input_product", i.magnitude * g.magnitude, i.fraction + g.fraction, cell
    yield "cell", 2 * cell.magnitude, cell.fraction, cell
    yield "hidden", o.magnitude * tanh.magnitude, o.fraction + tanh.fraction, layer.hidden


def _check_exact(tensor: str, magnitude: int, fraction: int, target: Format) -> None:
    """Check that a tensor is exact in every executor, and in 64 bits at the fraction of the format it is brought to.

    Raises
    ------
    FormatTooWideError
        It is not.
    """
    exact_format(magnitude, fraction, tensor, limit=EXACT_BITS)
    shift = max(0, target.fraction - fraction)
    exact_format(magnitude << shift, fraction + shift, tensor)


def _check_scaling(program: Program) -> None:
    """Check that the scaling gives what the network takes."""
    scaling = program.scaling
    if scaling is None:
        return
    accumulator = scaling.accumulator
    _check_exact(f"{scaling.name}.output", accumulator.high, accumulator.fraction, scaling.output)
    if scaling.n_features != program.n_features or scaling.output != program.input:
        raise ProgramError(
            f"scaling {scaling.name!r} gives {scaling.n_features} features in {scaling.output}, "
            f"and the network takes {program.n_features} in {program.input}"
        )
