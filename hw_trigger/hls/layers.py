"""hls4ml layers for the parts of a fixed-point program, one class a kind.

Each holds the program's own layer as the attribute ``part``, and makes from it the types, the constants and the outputs that
the generated C++ declares. Every precision is the program's: hls4ml infers and rounds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from hls4ml.model.attributes import Attribute
from hls4ml.model.layers import Layer
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType, NamedType

from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.fixedpoint.formats import Codes, Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import (
    GATES,
    Dense,
    DeviationTrigger,
    ErrorTrigger,
    Lstm,
    MarginTrigger,
    Scaling,
    Trigger,
)
from hw_trigger.fixedpoint.triggers import GUARD
from hw_trigger.hls.rounding import missing_bits


def precision(number_format: Format) -> FixedPrecisionType:
    """Return hls4ml's type of a format: the same bits and the same modes."""
    return FixedPrecisionType(
        number_format.width,
        number_format.integer,
        number_format.signed,
        str(number_format.rounding),
        str(number_format.overflow),
    )


class _ProgramLayer(Layer):  # type: ignore[misc]
    _expected_attributes = [Attribute("n_steps", value_type=int)]  # noqa: RUF012 - hls4ml's own way to declare them

    exchanged: Mapping[str, tuple[Codes, Format]] = MappingProxyType({})
    """Codes and format of every array that differs between channels, by its key: what can be behind a port."""

    def _type(self, key: str, number_format: Format) -> None:
        self.set_attr(f"{key}_t", NamedType(f"{self.name}_{key}_t", precision(number_format)))

    def _sum_type(self, *targets: Format) -> None:
        """Declare the accumulator: the exact format, with as many sign bits more as its rounding to `targets` reads."""
        exact: Format = self.get_attr("accumulator")
        spare = max(missing_bits(exact.width, exact.fraction, target) for target in targets)
        kind = precision(exact)
        kind.width += spare
        kind.integer += spare
        self.set_attr("accumulator_t", NamedType(f"{self.name}_accumulator_t", kind))

    def _constant(self, key: str, codes: Codes, number_format: Format) -> None:
        """Add an array that hls4ml writes with as many decimals as the format has fractional bits, so exactly."""
        self.add_weights_variable(
            name=key,
            var_name=f"{self.name}_{key}",
            type_name=f"{self.name}_{key}_t",
            precision=precision(number_format),
            data=number_format.values(codes),
        )

    def _exchanged(self, key: str, codes: Codes, number_format: Format) -> None:
        """Add an array that differs between channels: a constant like others, or behind a port of the top function."""
        self._constant(key, codes, number_format)
        self.exchanged = {**self.exchanged, key: (codes, number_format)}

    def _output(self, shape: tuple[int, ...], number_format: Format) -> None:
        self.add_output_variable(list(shape), type_name=f"{self.name}_result_t", precision=precision(number_format))

    def _product(self, weight: Codes) -> Codes:
        """Return the weights in the order of the strategy's kernel: Latency inputs first, Resource outputs first."""
        return np.ascontiguousarray(weight if self.get_attr("strategy") == "resource" else weight.T)


class HwtScaling(_ProgramLayer):
    """``x = output(raw * gain + offset)``."""

    def initialize(self) -> None:
        """Make types, constants and the output from the part."""
        part: Scaling = self.get_attr("part")
        self._type("raw", part.raw)
        self._sum_type(part.output)
        self._type("output", part.output)
        self._exchanged("gain", part.gain, part.gain_format)
        self._exchanged("offset", part.offset, part.offset_format)
        self._output((self.get_attr("n_steps"), part.n_features), part.output)


class HwtLstm(_ProgramLayer):
    """One LSTM layer."""

    def initialize(self) -> None:
        """Make types, constants, tables and the output from the part."""
        part: Lstm = self.get_attr("part")
        self._type("input", part.input)
        self._sum_type(*part.gates)
        self._type("cell", part.cell)
        self._type("hidden", part.hidden)
        for letter, gate in zip(GATES, part.gates, strict=True):
            self._type(f"gate_{letter}", gate)
        self._exchanged("weight", self._product(part.weight), part.weight_format)
        self._exchanged("recurrent", self._product(part.recurrent_weight), part.recurrent_format)
        self._exchanged("bias", part.bias, part.bias_format)
        # nnet::dense adds a bias to every product; the state's has none.
        self.add_weights_variable(
            name="no_bias",
            var_name=f"{self.name}_no_bias",
            type_name=f"{self.name}_no_bias_t",
            precision=IntegerPrecisionType(1, signed=False),
            data=np.zeros(4 * part.n_units),
        )
        for letter, table, result in zip(GATES, part.gate_tables, part.activations, strict=True):
            self._constant(letter, table, result)
        self._constant("cell_tanh", part.cell_table, part.cell_tanh)
        shape = (part.steps, part.n_units) if part.return_sequence else (part.n_units,)
        self._output(shape, part.hidden)


class HwtLinear(_ProgramLayer):
    """``y = output(W x + b)``, on a vector or on every step of a sequence.

    Not called dense: hls4ml takes every class with "Dense" in its name for its own layer.
    """

    def initialize(self) -> None:
        """Make types, constants and the output from the part."""
        part: Dense = self.get_attr("part")
        self._type("input", part.input)
        self._sum_type(part.output)
        self._type("output", part.output)
        self._exchanged("weight", self._product(part.weight), part.weight_format)
        self._exchanged("bias", part.bias, part.bias_format)
        self._output((part.steps, part.n_outputs) if self.get_attr("sequence") else (part.n_outputs,), part.output)


class _TriggerLayer(_ProgramLayer):
    """What triggers have in common: the threshold, and two outputs."""

    def _decision(self, part: Trigger) -> None:
        """Add the threshold, the score and the trigger bit."""
        self._type("input", part.input)
        self._type("score", part.score)
        self._exchanged("threshold", np.array([part.threshold], np.int64), part.score)
        score, fired = self.outputs
        for output, name, kind in (
            (score, "score", precision(part.score)),
            (fired, "trigger", IntegerPrecisionType(1, signed=False)),
        ):
            self.add_output_variable([1], output, f"{self.name}_{name}_out", f"{self.name}_{name}_result_t", kind)

    def get_layer_precision(self) -> dict[str, NamedType]:
        """Return every type to declare: hls4ml keeps only the last output's."""
        types: dict[str, NamedType] = super().get_layer_precision()
        return types | {variable.type.name: variable.type for variable in self.get_variables()}


class HwtTrigger(_TriggerLayer):
    """The exact sum of squares and its comparison with the threshold."""

    def initialize(self) -> None:
        """Make types, the threshold and the two outputs from the part."""
        part: ErrorTrigger = self.get_attr("part")
        self._type("reconstruction", part.reconstruction)
        self._type("difference", part.error)
        self._decision(part)


class HwtDeviation(_TriggerLayer):
    """Deviations from running means, which are the layer's state."""

    def initialize(self) -> None:
        """Make types, floors, the threshold and the two outputs from the part."""
        part: DeviationTrigger = self.get_attr("part")
        types = ("reconstruction", "error", "difference", "energy", "activity", "excess", "held", "mean", "record")
        for name in types:
            self._type(name, getattr(part, name))
        mean = part.mean
        self._type("logarithm", Format(mean.width - GUARD, mean.integer, False, Rounding.TRN, Overflow.WRAP))
        count = IntegerPrecisionType(part.last_count.bit_length(), signed=False)
        self.set_attr("count_t", NamedType(f"{self.name}_count_t", count))
        for name, squares, floor in (
            ("energy", part.energy, part.energy_floor),
            ("activity", part.activity, part.activity_floor),
        ):
            width = (squares.high + floor).bit_length()
            with_floor = Format(width, width - squares.fraction, False, Rounding.TRN, Overflow.WRAP)
            self._type(f"{name}_sum", with_floor)
            self._constant(f"{name}_floor", np.array([floor], np.int64), with_floor)
        self._decision(part)
        if self.get_attr("ports"):
            width = max(part.last_count.bit_length(), part.mean.width, part.held.width, part.record.width)
            word = Format(width, width, False, Rounding.TRN, Overflow.WRAP)
            self._exchanged("state", np.zeros(len(STATE), np.int64), word)


class HwtMargin(_TriggerLayer):
    """The margin of a classifier's logit over the others."""

    def initialize(self) -> None:
        """Make types, the threshold and the two outputs from the part."""
        part: MarginTrigger = self.get_attr("part")
        self._decision(part)


class HwtCopy(_ProgramLayer):
    """Two copies of an array, for the two readers that a dataflow region does not allow it (io_parallel only)."""

    def initialize(self) -> None:
        """Make two outputs of the input's type."""
        source = self.get_input_variable()
        for number, output in enumerate(self.outputs):
            self.add_output_variable(
                source.shape, output, f"{self.name}_{number}", f"{self.name}_result_t", source.type.precision
            )


LAYERS: tuple[type[Layer], ...] = (HwtScaling, HwtLstm, HwtLinear, HwtTrigger, HwtDeviation, HwtMargin, HwtCopy)
