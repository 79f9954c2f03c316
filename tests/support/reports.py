"""A realistic report's data: synthetic telemetry through a small program on exact integers, and what the rest would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from hw_trigger.detection.evaluation import Protocol
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.estimate.errors import published_errors
from hw_trigger.estimate.program import estimate
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Lstm, Program
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.export import with_deviation_trigger, with_error_trigger, with_margin_trigger, with_threshold
from hw_trigger.report.data import (
    DesignPoint,
    LossCurve,
    Objective,
    ParetoFront,
    ReportData,
    Saturations,
    VendorFigures,
)
from hw_trigger.report.document import to_report
from hw_trigger.report.rtl_section import RtlFigures
from hw_trigger.report.schema import Report
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.records import Clock, CyclesRecord, NetlistCheck, SynthesisRecord
from hw_trigger.rtl.simulation.cycles import Cycles, Interval
from hw_trigger.rtl.synthesis.resources import Resources
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.stages.report_detection import detection, labelled_telemetry, split_parts, telemetry
from hw_trigger.stages.scoring import Scored, scored
from hw_trigger.stages.supervised import Labelled
from hw_trigger.telemetry.channel import facts
from hw_trigger.telemetry.scaling import fit_scaling, scaled_values, to_raw
from hw_trigger.telemetry.synthetic import synthetic_channel
from hw_trigger.telemetry.windows import windows
from hw_trigger.training.labelled import Shares, share_out, stretches
from hw_trigger.vendor.compare import Row
from hw_trigger.verification.table import VerificationTable, compare
from support.programs import Sizes, random_program

STEPS = 24
UNITS = 16

PROTOCOL = Protocol(buffer=20, gap=STEPS)

RAW, X = Format(16, 3), Format(8, 1)
WEIGHT, BIAS, STATE = Format(8, 1, overflow=Overflow.SAT_SYM), Format(12, 3), Format(8, 1)


@lru_cache(maxsize=1)
def sample_report() -> ReportData:
    """Everything that a report of an autoencoder can hold, on the built-in channel SYN-1, with a trigger that remembers."""
    return _autoencoder_report(lambda program: with_deviation_trigger(program, 3.0, settle=256))


@lru_cache(maxsize=1)
def error_report() -> ReportData:
    """The same with the trigger of the window's error."""
    return _autoencoder_report(with_error_trigger)


@lru_cache(maxsize=1)
def classifier_report() -> ReportData:
    """A report of a classifier, on the last 30% of the test data of SYN-1; the rest of them is what it was fitted to."""
    channel = synthetic_channel("SYN-1")
    shares = Shares(0.4, 0.3)
    labelled = Labelled(STEPS, channel.labels, *share_out(channel.labels, STEPS, shares, what=channel.name))
    scaling = fit_scaling(channel.train, RAW, X, channel=channel.name)
    raw = to_raw(channel.test, RAW)
    given = np.concatenate([labelled.train.ends, labelled.validation.ends])
    every = windows(raw, STEPS)
    program = replace(_classifier(X), scaling=scaling)
    program = with_margin_trigger(_fit_logits(program, every[given - STEPS + 1], channel.labels[given]), -0.25)
    test = compiled.run(program, every[labelled.test.starts(STEPS)])
    found = _both(scored(program, test))
    shown = labelled_telemetry(channel, scaled_values(scaling, raw)[:, 0], labelled, found)
    return ReportData(
        run="syn-1_classifier16_w8a8",
        program=program,
        facts=facts(channel, STEPS),
        quantization="w8a8",
        detection=detection(shown, PROTOCOL),
        losses=(
            LossCurve("float", [0.7, 0.4, 0.2], [0.7, 0.5, 0.4], 3, "labels", "cross-entropy"),
            LossCurve("QAT (w8a8)", [0.2, 0.1], [0.3, 0.1], 2, "the float network"),
        ),
        telemetry=shown,
        split=split_parts(labelled, stretches(len(raw), shares)),
        class_weights=(0.53, 8.2),
        settings=HlsSettings(),
        estimate=estimate(program, HlsSettings()),
        saturations=Saturations(len(labelled.test.ends), test.saturations),
    )


def _autoencoder_report(with_trigger: Callable[[Program], Program]) -> ReportData:
    """The decoder's last layer is fitted to the training data by ridge regression (the others stay random), so that the
    reconstruction follows the telemetry and anomalies stand out.
    """
    channel = synthetic_channel("SYN-1")
    scaling = fit_scaling(channel.train, RAW, X, channel=channel.name)
    program = _fit(_autoencoder(scaling.output), scaled_values(scaling, to_raw(channel.train, RAW)))
    program = with_trigger(replace(program, scaling=scaling))
    if isinstance(program.trigger, ErrorTrigger):
        train = compiled.run(program, windows(to_raw(channel.train, RAW), STEPS))
        program = with_threshold(program, fit_threshold(scored(program, train).scores))
    raw_test = windows(to_raw(channel.test, RAW), STEPS)
    test = compiled.run(program, raw_test, trace=True)
    assert test.score is not None
    assert test.trigger is not None
    samples = scaled_values(scaling, to_raw(channel.test, RAW))[:, 0]
    found = _both(scored(program, test))
    shown = telemetry(program, channel, samples, found, test)
    epochs = np.arange(12)
    return ReportData(
        run="syn-1_lstm16_w8a8",
        program=program,
        facts=facts(channel, STEPS),
        quantization="w8a8",
        detection=detection(shown, PROTOCOL),
        losses=(
            LossCurve("float", list(0.08 * 0.7**epochs + 0.004), list(0.09 * 0.72**epochs + 0.0045), 12),
            LossCurve(
                "QAT (w8a8)",
                list(0.012 * 0.8**epochs + 0.0045),
                list(0.014 * 0.7**epochs + 0.0002 * epochs + 0.005),
                10,
            ),
        ),
        telemetry=shown,
        verification=VerificationTable(
            (
                compare("output", ("PyTorch", test.output), ("golden", test.output)),
                compare("score", ("golden", test.score), ("C-sim testbench", test.score)),
                compare("trigger", ("golden", test.trigger), ("C-sim testbench", test.trigger)),
            )
        ),
        settings=HlsSettings(),
        estimate=estimate(program, HlsSettings()),
        estimator_errors=published_errors(),
        vendor=VendorFigures(
            (
                Row("design", "lut", 1234.5, 1000, 23.45, "C synthesis"),
                Row("other", "ff", None, 77, None, "logic synthesis"),
                Row("design", "latency_cycles", 400, 500, -20.0, "co-simulation"),
            ),
            files=("csynth.xml",),
            missing=("implementation",),
            remarks=("the clocks differ",),
        ),
        rtl=sample_rtl(program),
        pareto=sample_front(),
        saturations=Saturations(len(raw_test), test.saturations),
        provenance={"hw_trigger": "0.1.0", "seed": 7, "bundle SHA-256": "5f" * 32},
        commands={
            "the network": "make qat CHANNEL=SYN-1",
            "the verification": "make csim",
            "this report": "make report",
        },
    )


def _both(found: Scored) -> tuple[tuple[str, Scored], ...]:
    """The integer program's scores, and what a float network's might be: nearly the same."""
    near = replace(found, scores=found.scores * (1 + 0.05 * np.sin(np.arange(len(found.scores)))))
    return ("float network", near), ("integer program", found)


def sample_rtl(program: Program) -> RtlFigures:
    """A schedule, and what a simulation and two syntheses of it might have found."""
    codes = np.array([1, 2, 3])
    blocks = {
        "": Resources(lut=40, ff=3),
        "encoder_0": Resources(lut=1200, lutram=100, ff=900, dsp=18, bram18=3),
        "latent": Resources(lut=90, ff=70, dsp=1),
        "decoder_0": Resources(lut=1300, srl=20, ff=950, dsp=18, bram36=1),
        "output": Resources(lut=80, ff=60, dsp=1),
        "trigger": Resources(lut=700, ff=650, dsp=2),
    }
    total = sum(blocks.values(), Resources())
    estimated = Clock(212.5, "estimated", "estimated with 7-series delays: 4.71 ns, 6 levels of logic, from a.Q to b.D")
    tools = {"Yosys": "0.70"}
    return RtlFigures(
        top="hwt_lstm16",
        schedule=plan(program, 64),
        cycles=CyclesRecord(
            windows=3577,
            channels=1,
            cycles=3_000_000,
            found=Cycles(1900, 1100, 1000, Interval(840.5, 840, 841), Interval(35, 35, 35)),
            samples=((3, 803), (804, 1643), (1644, 2483)),
            outputs=((1003, 1870), (1843, 2710), (2683, 3550)),
            results=(1903, 2743, 3583),
        ),
        verification=VerificationTable((compare("score", ("golden (compiled)", codes), ("Verilator", codes)),)),
        syntheses=(
            SynthesisRecord(
                Target.ULTRASCALE_PLUS, None, tools, 90.4, total, blocks, estimated, NetlistCheck(52, 104, 0)
            ),
            SynthesisRecord(
                Target.ECP5,
                "85k",
                {"Yosys": "0.70", "nextpnr": "0.11"},
                300.0,
                Resources(lut=9000, ff=2600, dsp=40, bram18=8),
                {"": Resources(lut=9000, ff=2600, dsp=40, bram18=8)},
                Clock(61.2, "routed", "placed and routed with 100 MHz as the aim; used: DP16KD 8 of 208"),
                None,
            ),
        ),
    )


def sample_front() -> ParetoFront:
    """Four designs, two of them on the front, one of the others the report's own."""
    objectives = (Objective("latency", "µs"), Objective("LUT"), Objective("AUC-ROC", "", "more", "measured"))
    points = (
        DesignPoint("lstm8", (10.0, 9000.0, 0.7), on_front=True),
        DesignPoint("lstm16", (400.0, 800.0, 0.8), on_front=True),
        DesignPoint("lstm32", (900.0, 9500.0, 0.6), on_front=False, this=True),
        DesignPoint("lstm64", (950.0, 9900.0, 0.6), on_front=False),
    )
    return ParetoFront(objectives, points, 5, 4)


def design_report(
    sizes: Sizes, *, widths: tuple[int, int] = (8, 8), trigger: bool = True, scaling: bool = True, **settings: Any
) -> Report:
    """A report of a random program and its estimate."""
    program = random_program(1, sizes, widths=widths, trigger=trigger, scaling=scaling)
    chosen = HlsSettings(**settings)
    found = estimate(program, chosen)
    return to_report(ReportData("random", program, settings=chosen, estimate=found), {})


def bare_report() -> ReportData:
    """A report of a run of which nothing but the program exists."""
    return ReportData(run="bare", program=replace(sample_report().program, trigger=None, scaling=None))


def _lstm(rng: np.random.Generator, name: str, inputs: int, x: Format, *, repeat: bool, sequence: bool) -> Lstm:
    unit = Format(8, 0, signed=False)
    return Lstm(
        name=name,
        steps=STEPS,
        repeat_input=repeat,
        return_sequence=sequence,
        input=x,
        weight_format=WEIGHT,
        weight=WEIGHT.quantize(rng.normal(0, 0.5, (4 * UNITS, inputs))),
        recurrent_format=WEIGHT,
        recurrent_weight=WEIGHT.quantize(rng.normal(0, 0.4, (4 * UNITS, UNITS))),
        bias_format=BIAS,
        bias=BIAS.quantize(rng.normal(0, 0.3, 4 * UNITS)),
        gates=(Format(8, 3),) * 4,
        activations=(unit, unit, STATE, unit),
        cell=Format(8, 2),
        cell_tanh=STATE,
        hidden=STATE,
    )


def _dense(rng: np.random.Generator, name: str, sizes: tuple[int, int, int], x: Format, y: Format) -> Dense:
    steps, inputs, outputs = sizes
    codes = WEIGHT.quantize(rng.normal(0, 0.5, (outputs, inputs)))
    return Dense(name, steps, x, WEIGHT, codes, BIAS, np.zeros(outputs, np.int64), y)


def _autoencoder(x: Format) -> Program:
    rng = np.random.default_rng(5)
    return Program(
        name="lstm16",
        steps=STEPS,
        n_features=1,
        input=x,
        layers=(
            _lstm(rng, "encoder_0", 1, x, repeat=False, sequence=False),
            _dense(rng, "latent", (1, UNITS, 3), STATE, STATE),
            _lstm(rng, "decoder_0", 3, STATE, repeat=True, sequence=True),
            _dense(rng, "output", (STEPS, UNITS, 1), STATE, x),
        ),
    )


def _classifier(x: Format) -> Program:
    rng, rectified = np.random.default_rng(5), Format(8, 1, signed=False)
    return Program(
        name="classifier16",
        steps=STEPS,
        n_features=1,
        input=x,
        layers=(
            _lstm(rng, "lstm_0", 1, x, repeat=False, sequence=False),
            _dense(rng, "dense_0", (1, UNITS, 12), STATE, rectified),
            _dense(rng, "logits", (1, 12, 2), rectified, Format(10, 4)),
        ),
    )


def _fit(program: Program, train: np.ndarray) -> Program:
    """Fit the output layer to the training windows."""
    given = windows(train, STEPS)
    decoded = compiled.run(program, program.input.quantize(given), trace=True).outputs["decoder_0"]
    return _fit_last(program, decoded.reshape(-1, UNITS), given.reshape(-1, 1), np.ones(given.size))


def _fit_logits(program: Program, raw: np.ndarray, labels: np.ndarray) -> Program:
    """Fit the logits to the labels of the windows' last samples, both classes with the same weight."""
    features = compiled.run(program, raw, trace=True).outputs["dense_0"]
    targets = np.where(labels[:, None] == np.array([False, True]), 1.0, -1.0)
    return _fit_last(program, features, targets, np.where(labels, (~labels).sum() / labels.sum(), 1.0))


def _fit_last(program: Program, codes: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Program:
    """Fit the last layer by ridge regression."""
    last = program.layers[-1]
    assert isinstance(last, Dense)
    states = last.input.values(codes)
    design = np.hstack([states, np.ones((len(states), 1))])
    # A ridge keeps the weights small: they have few bits.
    ridge = len(design) / 1000 * np.eye(design.shape[1])
    weighted = design.T * weights
    solution = np.linalg.solve(weighted @ design + ridge, weighted @ targets).T
    weight = Format(10, 4, overflow=Overflow.SAT_SYM)
    fitted = replace(
        last,
        weight_format=weight,
        weight=weight.quantize(solution[:, :-1]),
        bias=last.bias_format.quantize(solution[:, -1]),
    )
    return replace(program, layers=(*program.layers[:-1], fitted))
