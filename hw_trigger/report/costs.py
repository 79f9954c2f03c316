"""The estimated cost of each part of a design; :mod:`hw_trigger.report.estimate` adds them up, and says how far off they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Dense, Lstm, Program, Scaling, Trigger
from hw_trigger.hls.fifo import trigger_depth
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.report.parts import Part
from hw_trigger.report.resources import bram18, constant_operands, product_dsps, rom_copies
from hw_trigger.report.timing import PIPELINE_CYCLES, STEP_CYCLES, Stage, gate_cycles, product_cycles

DEFAULT_MULTIPLIER = (27, 18)
"""Operand widths of a DSP where the part is not known: UltraScale's."""


@dataclass(frozen=True)
class LayerEstimate:
    """Estimated cost of one part of the design.

    Attributes
    ----------
    name, kind
        Name in the program, and one of scaling, lstm, dense, trigger, copy.
    multipliers
        Multipliers, wherever they are made.
    dsp
        DSP slices of them.
    dsp_if_wide
        DSP slices if products of operands of 5 to 9 bits went to DSPs too: what HLS does with them is not certain.
    bram18_weights, bram18_tables, bram18_buffers
        Block RAMs of 18 Kbit of the weights, of all copies of the activation tables, and of the FIFOs or arrays for the output.
    step_cycles, interval_cycles
        Cycles a step, and from one window to the next; 0 for a mere copy.
    """

    name: str
    kind: str
    multipliers: int
    dsp: int
    dsp_if_wide: int
    bram18_weights: int
    bram18_tables: int
    bram18_buffers: int
    step_cycles: int
    interval_cycles: int

    @property
    def bram18(self) -> int:
        """Block RAMs of 18 Kbit in all."""
        return self.bram18_weights + self.bram18_tables + self.bram18_buffers


@dataclass(frozen=True)
class _Multipliers:
    """Multipliers, and the DSPs they take with either rule for narrow products."""

    count: int = 0
    dsp: int = 0
    dsp_if_wide: int = 0

    def __add__(self, other: _Multipliers) -> _Multipliers:
        return _Multipliers(self.count + other.count, self.dsp + other.dsp, self.dsp_if_wide + other.dsp_if_wide)


@dataclass(frozen=True)
class Design:
    """What all layers of a design share."""

    settings: HlsSettings
    steps: int
    part: Part | None

    def scaling(self, layer: Scaling) -> LayerEstimate:
        """One product by a constant a feature, a step a cycle."""
        constants = constant_operands(layer.gain)
        return self._cost(
            self.pipeline(layer.name),
            "scaling",
            self._multipliers(_signed(layer.raw), constants.tolist()),
            buffers=self._buffer(self.steps, layer.n_features, layer.output.width),
        )

    def copy(self, program: Program) -> LayerEstimate:
        """Two ways for x: to the network and, through the long FIFO, to the trigger."""
        features, width = program.n_features, program.input.width
        to_network = self._buffer(self.steps, features, width)
        to_trigger = bram18(trigger_depth(program), features * width) if self._streamed else to_network
        return LayerEstimate("copy of x", "copy", 0, 0, 0, 0, 0, to_network + to_trigger, 0, 0)

    def lstm(self, layer: Lstm, reuse: LayerReuse) -> tuple[Stage, LayerEstimate]:
        """Two products side by side, then the gates, `gate_unroll` units a cycle."""
        factor, recurrent, unroll = reuse.reuse_factor or 1, reuse.recurrent_reuse_factor or 1, reuse.gate_unroll or 1
        x = self._product_cycles(layer.n_inputs, factor)
        h = self._product_cycles(layer.n_units, recurrent)
        # A repeated input gives the same product at every step: it is computed once a window.
        stage = Stage(
            layer.name,
            setup=x if layer.repeat_input else 0,
            step=(h if layer.repeat_input else max(x, h)) + gate_cycles(layer.n_units, unroll) + STEP_CYCLES,
            steps=layer.steps,
            gives_one=not layer.return_sequence,
        )
        i, f, g, o = layer.activations
        products = [(f, layer.cell), (i, g), (o, layer.cell_tanh)]
        multipliers = self._product(layer.weight, layer.weight_format, layer.input, factor)
        multipliers += self._product(layer.recurrent_weight, layer.recurrent_format, layer.hidden, recurrent)
        for first, second in products:
            multipliers += self._multipliers(_signed(first), [_signed(second)] * unroll)
        arguments, results = (*layer.gates, layer.cell), (*layer.activations, layer.cell_tanh)
        tables = sum(
            bram18(1 << argument.width, result.width) for argument, result in zip(arguments, results, strict=True)
        )
        words = self.steps if layer.return_sequence else 1
        return stage, self._cost(
            stage,
            "lstm",
            multipliers,
            weights=self._weight_memory(layer.weight, layer.weight_format, factor)
            + self._weight_memory(layer.recurrent_weight, layer.recurrent_format, recurrent),
            tables=rom_copies(unroll) * tables,
            buffers=self._buffer(words, layer.n_units, layer.hidden.width),
        )

    def dense(self, layer: Dense, reuse: LayerReuse, *, sequence: bool) -> tuple[Stage, LayerEstimate]:
        """One product a step."""
        factor = reuse.reuse_factor or 1
        stage = Stage(
            layer.name,
            setup=0,
            step=self._product_cycles(layer.n_inputs, factor) + STEP_CYCLES,
            steps=layer.steps,
            gives_one=not sequence,
        )
        return stage, self._cost(
            stage,
            "dense",
            self._product(layer.weight, layer.weight_format, layer.input, factor),
            weights=self._weight_memory(layer.weight, layer.weight_format, factor),
            buffers=self._buffer(layer.steps if sequence else 1, layer.n_outputs, layer.output.width),
        )

    def trigger(self, layer: Trigger) -> LayerEstimate:
        """One square a feature, a step a cycle; the score is a single word."""
        width = layer.error.width
        stage = self.pipeline(layer.name, gives_one=True)
        return self._cost(stage, "trigger", self._multipliers(width, [width] * layer.n_features))

    def pipeline(self, name: str, *, gives_one: bool = False) -> Stage:
        """Return the stage of a part that is pipelined: a step a cycle."""
        return Stage(name, setup=0, step=1, steps=self.steps, depth=PIPELINE_CYCLES, gives_one=gives_one)

    @property
    def _streamed(self) -> bool:
        return self.settings.io_type == "io_stream"

    def _product_cycles(self, n_in: int, factor: int) -> int:
        return product_cycles(n_in, factor, self.settings.strategy, self.settings.clock_ns)

    def _product(self, weights: Codes, weight_format: Format, data: Format, factor: int) -> _Multipliers:
        """Return the multipliers of a matrix product: of constants at reuse factor 1, else of two variables.

        hls4ml's Latency kernel limits them to ``n / reuse - zeros / reuse``; in the Resource kernels zeros cost as much.
        """
        if factor == 1:
            return self._multipliers(_signed(data), constant_operands(weights).tolist())
        count = weights.size // factor
        if self.settings.strategy == "Latency":
            count -= int(np.count_nonzero(weights == 0)) // factor
        return self._multipliers(_signed(data), [_signed(weight_format)] * count)

    def _multipliers(self, width: int, others: list[int]) -> _Multipliers:
        multiplier = DEFAULT_MULTIPLIER if self.part is None else self.part.multiplier
        return _Multipliers(
            len(others),
            sum(product_dsps(width, other, multiplier) for other in others),
            sum(product_dsps(width, other, multiplier, narrow_in_lut=False) for other in others),
        )

    def _weight_memory(self, weights: Codes, weight_format: Format, factor: int) -> int:
        """Return the block RAMs of a product's weights: one word a use, one weight a multiplier in it."""
        if self.settings.strategy == "Latency" or factor == 1:
            return 0
        return bram18(factor, weights.size // factor * weight_format.width)

    def _buffer(self, words: int, features: int, width: int) -> int:
        """Return the block RAMs between a part and the next one."""
        if self._streamed:  # a FIFO of two words, which is registers
            return 0
        # A pair of arrays, one being filled while the other is read; a single vector is kept in registers.
        return 0 if words == 1 else 2 * features * bram18(words, width)

    @staticmethod
    def _cost(
        stage: Stage, kind: str, multipliers: _Multipliers, *, weights: int = 0, tables: int = 0, buffers: int = 0
    ) -> LayerEstimate:
        return LayerEstimate(
            name=stage.name,
            kind=kind,
            multipliers=multipliers.count,
            dsp=multipliers.dsp,
            dsp_if_wide=multipliers.dsp_if_wide,
            bram18_weights=weights,
            bram18_tables=tables,
            bram18_buffers=buffers,
            step_cycles=stage.step,
            interval_cycles=stage.interval,
        )


def _signed(number_format: Format) -> int:
    """Return the width of an operand of a signed multiplier: an unsigned number needs a bit more."""
    return number_format.width + (not number_format.signed)
