"""From what is known of a run to the report as data (:mod:`hw_trigger.report.schema`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.fixedpoint.tensors import layer_formats
from hw_trigger.hls.reuse import resolve
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report import detection_schema, schema
from hw_trigger.report.data import LossCurve, ReportData, Saturations
from hw_trigger.report.detection_data import Detection
from hw_trigger.report.estimate_section import estimate_section
from hw_trigger.report.memory import measure
from hw_trigger.report.rtl_section import rtl_section
from hw_trigger.report.trigger_section import trigger_section
from hw_trigger.verification.table import VerificationTable

HOW_TO_GET = {
    "channel": "make report",
    "split": "make report",
    "training": "make qat",
    "detection": "make report",
    "verification": "make csim",
    "estimate": "make hls",
    "vendor": "make hls SYNTH=1",
    "exploration": "hw-trigger explore",
    "hls": "make hls",
    "rtl": "make rtl",
    "saturations": "make report",
}
"""The command that gives each section that may be missing."""


def to_report(data: ReportData, plots: Mapping[str, str]) -> schema.Report:
    """Return the report as data.

    Parameters
    ----------
    plots
        File names of the plots that go with it, by the name of the plot.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The HLS settings do not fit the program.
    """
    sections = {
        "channel": None if data.facts is None else schema.Channel(**asdict(data.facts)),
        "training": tuple(_training(curve) for curve in data.losses) or None,
        "split": detection_schema.Split(parts=data.split, class_weights=data.class_weights) if data.split else None,
        "detection": tuple(_detection(item) for item in data.detection) or None,
        "verification": None if data.verification is None else _verification(data.verification),
        "estimate": None if data.estimate is None else estimate_section(data.estimate, data.estimator_errors),
        "vendor": None if data.vendor is None else schema.Vendor(**vars(data.vendor)),
        "exploration": None if data.pareto is None else schema.Exploration(front=data.pareto),
        "hls": None if data.settings is None else _hls(data.program, data.settings),
        "rtl": None if data.rtl is None else rtl_section(data.rtl, data.program, data.estimate),
        "saturations": None if data.saturations is None else _saturations(data.saturations),
    }
    return schema.Report(
        run=data.run,
        network=_network(data.program, data.quantization),
        memory=_memory(data.program),
        provenance=schema.Recorded(entries=dict(data.provenance)),
        commands=schema.Recorded(entries=dict(data.commands)),
        plots=dict(plots),
        missing={
            name: command
            for name, command in HOW_TO_GET.items()
            if sections[name] is None and not (name == "split" and data.program.reconstructs)
        },
        **sections,  # type: ignore[arg-type]  # each of its own type, as the schema checks
    )


def _network(program: Program, quantization: str | None) -> schema.Network:
    scaling = program.scaling
    return schema.Network(
        name=program.name,
        kind="autoencoder" if program.reconstructs else "classifier",
        window=program.steps,
        features=program.n_features,
        quantization=quantization,
        raw=str(program.raw),
        input=str(program.input),
        output=str(program.output),
        accumulator_bits=program.exact_bits,
        scaling=None
        if scaling is None
        else schema.Scaling(
            name=scaling.name,
            raw=str(scaling.raw),
            gain=str(scaling.gain_format),
            offset=str(scaling.offset_format),
            output=str(scaling.output),
        ),
        layers=tuple(
            schema.NetworkLayer(
                name=layer.name,
                kind="lstm" if isinstance(layer, Lstm) else "dense",
                inputs=layer.n_inputs,
                outputs=layer.n_outputs,
                steps=layer.steps,
                gives_sequence=len(shape) == 2,
                output=str(layer.output),
                accumulator_bits=layer.accumulator.width,
                formats=layer_formats(layer),
            )
            for layer, _, shape in program.flow()
        ),
        trigger=None if program.trigger is None else trigger_section(program.trigger),
    )


def _detection(item: Detection) -> detection_schema.Detection:
    found, protocol = item.evaluation, item.protocol
    events = detection_schema.Events(
        found=found.events.found,
        missed=found.events.missed,
        false=found.events.false,
        precision=found.events.precision,
        recall=found.events.recall,
        f1=found.events.f(),
        delay_mean=found.delays.mean,
        delay_median=found.delays.median,
        false_alarms_a_day=found.false_alarms_a_day,
        false_alarm_share=found.false_alarm_share,
        vus_roc=found.volume.roc,
        vus_pr=found.volume.pr,
        gap=protocol.gap,
        buffer=protocol.buffer,
        sample_period=protocol.sample_period,
    )
    return detection_schema.Detection(executor=item.executor, events=events, **asdict(item.metrics))


def _training(curve: LossCurve) -> schema.Training:
    return schema.Training(
        name=curve.name,
        against=curve.against,
        loss=curve.loss,
        epochs=len(curve.train),
        best_epoch=curve.best_epoch,
        train=tuple(map(_finite, curve.train)),
        validation=tuple(map(_finite, curve.validation)),
    )


def _verification(table: VerificationTable) -> schema.Verification:
    return schema.Verification(
        ok=table.ok,
        codes=table.codes,
        mismatches=table.mismatches,
        notes=table.notes,
        comparisons=table.comparisons,
    )


def _memory(program: Program) -> schema.Memory:
    memory = measure(program)
    return schema.Memory(layers=memory.layers, total=memory.total, fifo_bits=memory.fifo_bits)


def _hls(program: Program, settings: HlsSettings) -> schema.Hls:
    return schema.Hls(
        backend=settings.backend,
        part=settings.part,
        clock_ns=settings.clock_ns,
        io_type=settings.io_type,
        strategy=settings.strategy,
        layers=resolve(program, settings),
    )


def _saturations(found: Saturations) -> schema.Saturations:
    return schema.Saturations(
        windows=found.windows,
        raw_samples=found.raw_samples,
        tensors={tensor: count for tensor, count in found.counts.items() if count},
    )


def _finite(value: float) -> float | None:
    """Return a plain number, or ``None`` for what JSON has no number for."""
    return float(value) if math.isfinite(value) else None
