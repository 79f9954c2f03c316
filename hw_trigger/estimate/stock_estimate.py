"""The estimate of a design of hls4ml's stock layers."""

from __future__ import annotations

from dataclasses import dataclass

from hw_trigger.estimate import activations, products, stock_cells
from hw_trigger.estimate import operators as op
from hw_trigger.estimate.calibration import Calibration, calibration
from hw_trigger.estimate.dsp import operands
from hw_trigger.estimate.errors import error_factors
from hw_trigger.estimate.notes import clock_notes, narrow_notes
from hw_trigger.estimate.resources import Cost
from hw_trigger.estimate.result import Estimate, LayerEstimate
from hw_trigger.estimate.stock import StockActivation, StockDesign, StockLayer, StockProduct, StockRecurrent
from hw_trigger.parts.database import Database, known_parts

HANDSHAKE_CYCLES = 1
"""Cycles between two processes of the dataflow. Recorded: 2 to 4 in designs of four or five processes."""


@dataclass(frozen=True)
class _Built:
    """A layer's resources and times."""

    cost: Cost
    multipliers: int
    weights: int
    tables: int
    step: int
    latency: int
    interval: int
    reuse: str
    dsp_if_wide: float = 0.0
    narrow_luts: float = 0.0


def estimate_stock(
    design: StockDesign, constants: Calibration | None = None, parts: Database | None = None
) -> Estimate:
    """Return the estimated cost of a design of stock layers.

    Parameters
    ----------
    constants
        Fitted constants; by default those that were fitted on all recorded designs.
    parts
        The parts that are known; by default those of the data file.

    Raises
    ------
    StockDesignError
        A layer is of a kind that there is no formula for.
    """
    fitted = calibration() if constants is None else constants
    device = (known_parts() if parts is None else parts).find(design.part)
    builder = _Builder(design, operands(device), fitted)
    layers, clock = [], 0
    dsp_if_wide = narrow_luts = 0.0
    for position, layer in enumerate(design.layers):
        built = builder.build(layer)
        last = position == len(design.layers) - 1
        fifos = Cost() if last or design.io_type == "io_stream" else _elements(layer) * op.small_fifo(_width(layer))
        total = built.cost + fifos
        layers.append(
            LayerEstimate(
                name=layer.name,
                kind=layer.kind if not isinstance(layer, StockProduct) else "dense",
                multipliers=built.multipliers,
                reuse=built.reuse,
                c_synthesis=total.c_synthesis,
                logic=total.logic,
                bram18_weights=built.weights,
                bram18_tables=built.tables,
                bram18_buffers=0,
                first_output_cycles=built.latency,
                step_cycles=built.step,
                interval_cycles=built.interval,
                busy=(clock, clock + built.latency),
            )
        )
        dsp_if_wide += max(built.dsp_if_wide, built.cost.c_synthesis.dsp)
        narrow_luts += built.narrow_luts
        clock += built.latency + (HANDSHAKE_CYCLES if built.latency else 0)
    return Estimate(
        part=design.part,
        device=device,
        clock_ns=design.clock_ns,
        layers=tuple(layers),
        interval_cycles=max(layer.interval_cycles for layer in layers),
        latency_cycles=clock,
        errors=error_factors() if constants is None else {},
        dsp_at_most=dsp_if_wide,
        narrow_luts=narrow_luts,
        notes=(
            *narrow_notes(sum(layer.c_synthesis.dsp for layer in layers), dsp_if_wide),
            *clock_notes(design.clock_ns),
            *_notes(design),
        ),
    )


@dataclass(frozen=True)
class _Builder:
    design: StockDesign
    multiplier: tuple[int, int]
    calibration: Calibration

    def build(self, layer: StockLayer) -> _Built:
        if isinstance(layer, StockRecurrent):
            return self._recurrent(layer)
        if isinstance(layer, StockProduct):
            return self._dense(layer)
        return self._activation(layer)

    def _recurrent(self, layer: StockRecurrent) -> _Built:
        streamed = self.design.io_type == "io_stream"
        inputs, states = stock_cells.matrix_products(layer, self.calibration)
        step = stock_cells.step_cycles(layer, self.design.clock_ns, self.calibration)
        latency = layer.steps * step + 1
        # A state that is not static lets the unrolled steps be hardware of their own, a window entering after another.
        copies = layer.steps if self.design.pipelined and not layer.static else 1
        total = copies * stock_cells.cell(layer, self.multiplier, self.calibration)
        slices, luts = stock_cells.if_wide(layer, self.multiplier, self.calibration)
        multipliers = inputs.multipliers + states.multipliers + stock_cells.PRODUCTS_A_UNIT * layer.n_units
        return _Built(
            cost=total + (Cost() if copies > 1 else stock_cells.data_way(layer, streamed=streamed)),
            multipliers=copies * multipliers,
            weights=copies * (inputs.weight_blocks + states.weight_blocks),
            tables=copies * sum(activations.table_blocks(one) for one in stock_cells.activations_of(layer)),
            step=step,
            latency=latency,
            interval=max(inputs.reuse_factor, states.reuse_factor) if copies > 1 else latency + 1,
            reuse=f"{inputs.reuse_factor}, {states.reuse_factor}",
            dsp_if_wide=copies * slices,
            narrow_luts=copies * luts,
        )

    def _dense(self, layer: StockProduct) -> _Built:
        product = stock_cells.product_of(layer, self.calibration.dense_gain, held=True)
        step = products.cycles(product, self.design.clock_ns)
        return _Built(
            cost=products.cost(product, self.multiplier, self.calibration),
            multipliers=product.multipliers,
            weights=product.weight_blocks,
            tables=0,
            step=step,
            latency=layer.steps * step,
            interval=layer.steps * product.reuse_factor,
            reuse=str(product.reuse_factor),
            dsp_if_wide=products.dsps(product, self.multiplier, narrow_in_lut=False),
            narrow_luts=products.narrow_luts(product, self.multiplier),
        )

    def _activation(self, layer: StockActivation) -> _Built:
        latency = activations.cycles(layer)
        # In the dataflow each result is held until the next process has taken it.
        held = layer.n_in * (op.state_mux(layer.data.width, self.calibration) + op.register(layer.data.width))
        return _Built(
            cost=activations.activation(layer, self.multiplier) + (held if layer.kind in activations.PLAIN else Cost()),
            multipliers=0,
            weights=0,
            tables=activations.table_blocks(layer),
            step=max(1, latency),
            latency=latency,
            interval=1,
            reuse="",
        )


def _elements(layer: StockLayer) -> int:
    """Return the words that a layer gives, each through a FIFO of its own in io_parallel."""
    if isinstance(layer, StockRecurrent):
        return layer.n_units * (layer.steps if layer.return_sequence else 1)
    return layer.n_out if isinstance(layer, StockProduct) else layer.n_in


def _width(layer: StockLayer) -> int:
    return layer.total.width if isinstance(layer, StockProduct) else layer.data.width


def _notes(design: StockDesign) -> tuple[str, ...]:
    notes = ["weights are not known: they are taken to spread like those of the recorded designs"]
    if any(isinstance(layer, StockRecurrent) and layer.kind == "lstm" for layer in design.layers):
        notes.append(
            "no LSTM is among the recorded designs: its step is counted from the source and from one known latency"
        )
    if design.pipelined:
        notes.append(
            "a top function that is pipelined as a whole (io_parallel, Latency) is not among the recorded designs"
        )
    return tuple(notes)
