"""First closed-form estimate of what a program costs on an FPGA: DSP slices, block RAMs, cycles.

It is an estimate, not a synthesis: no vendor tool was run, and every dictionary it gives says ``"origin": "estimated"``. There
are **no error bars** yet, and LUTs and flip-flops are not estimated. The formulas are in :mod:`hw_trigger.report.resources` and
:mod:`hw_trigger.report.timing`; they are put together as the generated design is, part by part in
:mod:`hw_trigger.report.costs`:

* A product of n_in inputs and n_out outputs has ``n_in * n_out / reuse`` multipliers (an LSTM has two, with 4 outputs a unit). At
  reuse factor 1 the weights are constants, and only those count that are neither 0 nor a power of two.
* Gates: three multipliers (f*c, i*g, o*tanh c) for each of the ``gate_unroll`` units computed at a time, and as many reads of
  each of the five tables.
* Weights are constants in logic under Latency; under Resource a memory of ``reuse`` words holds one weight a multiplier in
  each. Between two layers are a FIFO of two words, in registers (io_stream), or a pair of arrays, one bank a feature.
* Layers run side by side (dataflow): the interval is the slowest layer's.

How far off it is
-----------------
Against recorded csynth reports of hls4ml's stock layers (Vivado HLS 2019.2, 5 ns), formulas applied to their sizes:

=============================  =================  ======================  =============
design                         DSP                cycles a step           BRAM18
=============================  =================  ======================  =============
GRU 6-20, 18 bits, reuse 1     2964 / 2448, +21%  14 / 11, +27%           31 / 31, exact
GRU 6-5, 18 bits, reuse 1      210 / 179, +17%    14 / 11, +27%           9 / 9, exact
GRU 6-20, 16 bits, reuse 30    198 / 198, exact   43 / 40 to 41, +6%      93 / 93, exact
GRU 3-128, 18 bits, reuse 32   4036 / 4036        45 / 41 to 42, +8%      2018 / 2018
LSTM 6-20, 18 bits, reuse 1    3484 / 2498, +39%  14 / 17.6, -20%         not recorded
=============================  =================  ======================  =============

(DSP at reuse 1: all weights counted as multipliers, as the reports do not hold them; the LSTM's two dense layers taken to be the
GRU's. The 3-128 network without its softmax.) Nothing recorded tells of 8-bit products, of FIFOs, or of Vitis HLS: there
the estimate rests on rules that are reported, not measured.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.costs import Design, LayerEstimate
from hw_trigger.report.parts import Part, find_part, known_parts
from hw_trigger.report.timing import Stage, window_interval, window_latency

METHOD = "first closed-form estimate, no error bars"


class UnknownLayerError(UserError):
    """A layer that the estimator has no formula for."""


@dataclass(frozen=True)
class Estimate:
    """Estimated cost of a design.

    Attributes
    ----------
    part, device
        The part as the settings name it, and its device; ``None`` where it is not in the data file.
    clock_ns
        The clock period that was asked for. Whether it is met is not estimated.
    layers
        In the order of the data.
    interval_cycles, latency_cycles
        From one window to the next, and from a window's first sample to its result, with a sample a cycle.
    """

    part: str
    device: Part | None
    clock_ns: float
    layers: tuple[LayerEstimate, ...]
    interval_cycles: int
    latency_cycles: int

    def total(self, name: str) -> int:
        """Return the sum of a figure over all layers, by its name."""
        return sum(getattr(layer, name) for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures fit for JSON; shares of the device are null, with a note, where it is not known."""
        dsp, blocks = self.total("dsp"), self.total("bram18")
        origin = {"origin": "estimated"}
        device = self.device
        return {
            **origin,
            "method": METHOD,
            "part": self.part,
            "device": None
            if device is None
            else {"name": device.name, "family": device.family, "source": device.source},
            "clock_ns": self.clock_ns,
            "total": {
                **origin,
                "multipliers": self.total("multipliers"),
                "dsp": dsp,
                "dsp_if_wide": self.total("dsp_if_wide"),
                "dsp_share": None if device is None else dsp / device.dsp,
                "bram18": blocks,
                "bram18_share": None if device is None else blocks / device.bram18,
                "interval_cycles": self.interval_cycles,
                "interval_us": self.interval_cycles * self.clock_ns / 1000,
                "latency_cycles": self.latency_cycles,
                "latency_us": self.latency_cycles * self.clock_ns / 1000,
                "windows_per_second": 1e9 / (self.interval_cycles * self.clock_ns),
            },
            "layers": [{**asdict(layer), "bram18": layer.bram18, **origin} for layer in self.layers],
            "notes": self._notes(),
        }

    def _notes(self) -> list[str]:
        notes = []
        if self.device is None:
            known = ", ".join(known_parts())
            notes.append(f"shares are not given: part {self.part!r} is not in the data file, which has {known}")
        if self.total("dsp_if_wide") != self.total("dsp"):
            notes.append(
                f"products of operands below 10 bits are taken to be made of LUTs; if HLS gave them DSPs, "
                f"there would be {self.total('dsp_if_wide')}"
            )
        return notes


def estimate(program: Program, settings: HlsSettings) -> Estimate:
    """Return the estimated cost of a program with the settings of its HLS project.

    Raises
    ------
    UnknownLayerError
        A layer is of a kind that the estimator has no formula for.
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    """
    for layer in program.layers:
        if not isinstance(layer, Lstm | Dense):
            raise UnknownLayerError(
                f"layer {layer.name!r} is of the kind {type(layer).__name__}, and the estimator knows Lstm and Dense"
            )
    reuse = resolve(program, settings)
    design = Design(settings, program.steps, find_part(settings.part))
    costs: list[LayerEstimate] = []
    stages: list[Stage] = []
    if program.scaling is not None:
        costs.append(design.scaling(program.scaling))
        stages.append(design.pipeline(program.scaling.name))
    if program.trigger is not None:
        costs.append(design.copy(program))
    for layer, sequence, _ in program.flow():
        if isinstance(layer, Lstm):
            stage, cost = design.lstm(layer, reuse[layer.name])
        else:
            stage, cost = design.dense(layer, reuse[layer.name], sequence=sequence)
        stages.append(stage)
        costs.append(cost)
    if program.trigger is not None:
        costs.append(design.trigger(program.trigger))
        stages.append(design.pipeline(program.trigger.name, gives_one=True))
    return Estimate(
        part=settings.part,
        device=design.part,
        clock_ns=settings.clock_ns,
        layers=tuple(costs),
        interval_cycles=window_interval(stages),
        latency_cycles=window_latency(stages, streamed=settings.io_type == "io_stream"),
    )
