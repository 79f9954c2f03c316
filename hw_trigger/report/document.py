"""The report as data: what ``report.json`` holds, and what the Markdown is rendered from.

Version 1. Every section is there in every report. A section whose data are missing is ``null``, and ``missing`` has its name
with the command that gives it. Every section says in ``origin`` where its figures are from:

=============  =======================================================================================================
``exact``      follows from the program: nothing was run, nothing is approximate
``measured``   counted or computed on data that went through a network or an executor
``estimated``  a closed form for what a synthesis would find
``recorded``   written down by the run: names, versions, hashes
=============  =======================================================================================================

=================  ===================================================================================================
``format``         ``"hw_trigger report"``
``version``        1
``run``            its name
``network``        exact: name, window, features, quantization (the preset's name), input, output, raw (formats), accumulator
                   bits, layers (name, kind, inputs, outputs, steps, formats), trigger threshold (code and mean square)
``channel``        measured: the channel's facts; ``degenerate`` with ``flags``
``training``       measured: a list, each with name, against (what the losses are distances from), epochs, best epoch (from
                   1), train and validation losses
``detection``      measured: a list, each with executor, score (causal or window-spread), threshold, counts, metrics; a metric
                   that divides by zero is null, and ``undefined`` says why
``verification``   measured: see :class:`hw_trigger.verification.table.VerificationTable`
``memory``         exact: bits by layer and in all, as float32, int8 and chosen; tables; state; FIFO
``estimate``       estimated: see :meth:`hw_trigger.report.estimate.Estimate.to_dict`
``hls``            recorded: back end, part, clock, io type, strategy, and the factors of each layer
``saturations``    measured: windows, for each tensor with saturated codes its count, and raw samples that were clipped
``provenance``     recorded: versions, seed, hashes
``commands``       recorded: what each command reproduces
``plots``          file names by plot
``missing``        for each missing section the command that gives it
=================  ===================================================================================================

Numbers are never NaN: what is not finite is null.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from hw_trigger.fixedpoint.program import Layer, Lstm, Program
from hw_trigger.fixedpoint.tensors import layer_formats
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.data import LossCurve, ReportData
from hw_trigger.report.estimate import estimate
from hw_trigger.report.memory import measure
from hw_trigger.telemetry.channel import ChannelFacts

FORMAT = "hw_trigger report"
VERSION = 1

HOW_TO_GET = {
    "channel": "make report",
    "training": "make qat",
    "detection": "make report",
    "verification": "make csim",
    "estimate": "make hls",
    "hls": "make hls",
    "saturations": "make report",
}
"""The command that gives each section that may be missing."""


class Origin(StrEnum):
    """Where a section's figures are from; see the module's description."""

    EXACT = "exact"
    MEASURED = "measured"
    ESTIMATED = "estimated"
    RECORDED = "recorded"


def to_document(data: ReportData, plots: dict[str, str]) -> dict[str, Any]:
    """Return the report fit for JSON.

    Parameters
    ----------
    plots
        File names of the plots that go with it, by the name of the plot.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The HLS settings do not fit the program.
    """
    settings = data.settings
    sections: dict[str, Any] = {
        "network": _network(data.program, data.quantization),
        "channel": None if data.facts is None else _channel(data.facts),
        "training": [_training(curve) for curve in data.losses] or None,
        "detection": [
            {"origin": Origin.MEASURED.value, "executor": item.executor, **item.metrics.to_dict()}
            for item in data.detection
        ]
        or None,
        "verification": None
        if data.verification is None
        else {"origin": Origin.MEASURED.value, **data.verification.to_dict()},
        "memory": _memory(data.program),
        "estimate": None if settings is None else estimate(data.program, settings).to_dict(),
        "hls": None if settings is None else _hls(data.program, settings),
        "saturations": None
        if data.saturations is None
        else {
            "origin": Origin.MEASURED.value,
            "windows": data.saturations.windows,
            "raw_samples": data.saturations.raw_samples,
            "tensors": {tensor: count for tensor, count in data.saturations.counts.items() if count},
        },
        "provenance": {"origin": Origin.RECORDED.value, **data.provenance},
        "commands": {"origin": Origin.RECORDED.value, **data.commands},
        "plots": plots,
    }
    missing = {name: command for name, command in HOW_TO_GET.items() if sections[name] is None}
    return {"format": FORMAT, "version": VERSION, "run": data.run, **sections, "missing": missing}


def _network(program: Program, quantization: str | None) -> dict[str, Any]:
    trigger = program.trigger
    return {
        "origin": Origin.EXACT.value,
        "name": program.name,
        "window": program.steps,
        "features": program.n_features,
        "quantization": quantization,
        "raw": str(program.raw),
        "input": str(program.input),
        "output": str(program.output),
        "accumulator_bits": program.exact_bits,
        "layers": [_layer(layer) for layer in program.layers],
        "threshold": None
        if trigger is None
        else {
            "code": trigger.threshold,
            "score": str(trigger.score),
            "mean_square": math.ldexp(trigger.threshold, -trigger.score.fraction)
            / (trigger.steps * trigger.n_features),
        },
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": "lstm" if isinstance(layer, Lstm) else "dense",
        "inputs": layer.n_inputs,
        "outputs": layer.n_outputs,
        "steps": layer.steps,
        "accumulator_bits": layer.accumulator.width,
        "formats": layer_formats(layer),
    }


def _channel(facts: ChannelFacts) -> dict[str, Any]:
    lists = {"flags": list(facts.flags), "notes": list(facts.notes)}
    ranges = {"train_range": list(facts.train_range), "test_range": list(facts.test_range)}
    return {"origin": Origin.MEASURED.value, **asdict(facts), **ranges, **lists, "degenerate": facts.degenerate}


def _training(curve: LossCurve) -> dict[str, Any]:
    return {
        "origin": Origin.MEASURED.value,
        "name": curve.name,
        "against": curve.against,
        "epochs": len(curve.train),
        "best_epoch": curve.best_epoch,
        "train": [_finite(loss) for loss in curve.train],
        "validation": [_finite(loss) for loss in curve.validation],
    }


def _memory(program: Program) -> dict[str, Any]:
    memory = measure(program)
    return {
        "origin": Origin.EXACT.value,
        "layers": [asdict(layer) for layer in memory.layers],
        "total": asdict(memory.total),
        "fifo_bits": memory.fifo_bits,
    }


def _hls(program: Program, settings: HlsSettings) -> dict[str, Any]:
    return {
        "origin": Origin.RECORDED.value,
        "backend": settings.backend,
        "part": settings.part,
        "clock_ns": settings.clock_ns,
        "io_type": settings.io_type,
        "strategy": settings.strategy,
        "layers": {name: asdict(reuse) for name, reuse in resolve(program, settings).items()},
    }


def _finite(value: float) -> float | None:
    """Return a plain number, or ``None`` for what JSON has no number for."""
    return float(value) if math.isfinite(value) else None
