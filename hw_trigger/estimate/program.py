"""The estimate of a fixed-point program as the project that :mod:`hw_trigger.hls` writes of it.

It is an estimate, not a synthesis: no vendor tool is run. How far off it is, :mod:`hw_trigger.estimate.errors` says, from
recorded designs of hls4ml's stock layers; no design of this project's own kernels was recorded. Weights go to block RAM, as the
kernels say, never to UltraRAM.
"""

from __future__ import annotations

from hw_trigger.errors import UserError
from hw_trigger.estimate import layers as own
from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.dsp import operands
from hw_trigger.estimate.errors import error_factors
from hw_trigger.estimate.layers import Part, Target
from hw_trigger.estimate.notes import clock_notes, narrow_notes, ports_notes
from hw_trigger.estimate.result import Estimate, LayerEstimate
from hw_trigger.estimate.timing import schedule, window_interval
from hw_trigger.estimate.triggers import trigger
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.fixedpoint.triggers import Comparison
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.parts.database import Database, known_parts


class UnknownLayerError(UserError):
    """A layer that the estimator has no formula for."""


def estimate(program: Program, settings: HlsSettings, parts: Database | None = None) -> Estimate:
    """Return the estimated cost of a program with the settings of its HLS project.

    Parameters
    ----------
    parts
        The parts that are known; by default those of the data file.

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
    device = (known_parts() if parts is None else parts).find(settings.part)
    built = _parts(program, settings, Target(settings, program.steps, operands(device), calibration()))
    stages = [part.stage for part in built if part.stage is not None]
    times = iter(schedule(stages, streamed=settings.io_type == "io_stream"))
    rows = tuple(_row(part, next(times) if part.stage is not None else (0, 0)) for part in built)
    return Estimate(
        part=settings.part,
        device=device,
        clock_ns=settings.clock_ns,
        layers=rows,
        interval_cycles=window_interval(stages),
        latency_cycles=max(row.busy[1] for row in rows),
        errors=error_factors(),
        dsp_at_most=sum(part.dsp_if_wide for part in built),
        narrow_luts=sum(part.narrow_luts for part in built),
        notes=_notes(built, settings),
    )


def _parts(program: Program, settings: HlsSettings, target: Target) -> list[Part]:
    reuse = resolve(program, settings)
    parts: list[Part] = []
    if program.scaling is not None:
        parts.append(own.scaling(program.scaling, target))
    if isinstance(program.trigger, Comparison):
        parts.append(own.copy(program, target))
    for layer, sequence, _ in program.flow():
        if isinstance(layer, Lstm):
            parts.append(own.lstm(layer, reuse[layer.name], target))
        else:
            parts.append(own.dense(layer, reuse[layer.name], target, sequence=sequence))
    if program.trigger is not None:
        parts.append(trigger(program.trigger, target))
    return parts


def _row(part: Part, busy: tuple[int, int]) -> LayerEstimate:
    stage = part.stage
    return LayerEstimate(
        name=part.name,
        kind=part.kind,
        multipliers=part.multipliers,
        reuse=part.reuse,
        c_synthesis=part.cost.c_synthesis,
        logic=part.cost.logic,
        bram18_weights=part.weights,
        bram18_tables=part.tables,
        bram18_buffers=part.buffers,
        first_output_cycles=0 if stage is None else stage.first_output,
        step_cycles=0 if stage is None else stage.step,
        interval_cycles=0 if stage is None else stage.interval,
        busy=busy,
    )


def _notes(parts: list[Part], settings: HlsSettings) -> tuple[str, ...]:
    dsp = sum(part.cost.c_synthesis.dsp for part in parts)
    recorded = (
        "error bars are from recorded designs of hls4ml's stock layers in Vivado HLS 2019.2; none of this project's kernels is "
        "recorded yet"
    )
    narrow = narrow_notes(dsp, sum(part.dsp_if_wide for part in parts))
    return (*narrow, *clock_notes(settings.clock_ns), *ports_notes(settings.weights), recorded)
