"""A realistic report's data: synthetic telemetry through a small program on exact integers, and what the rest would be."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from hw_trigger.detection.metrics import evaluate
from hw_trigger.detection.scores import ScoreKind, causal_scores, mean_squares_of_sums, sample_scores
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.estimate.errors import published_errors
from hw_trigger.estimate.program import estimate
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.fixedpoint.program import Dense, ErrorTrigger, Lstm, Program
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.data import (
    DesignPoint,
    Detection,
    LossCurve,
    Objective,
    ParetoFront,
    ReportData,
    Saturations,
    Telemetry,
    VendorFigures,
)
from hw_trigger.report.document import to_report
from hw_trigger.report.schema import Report
from hw_trigger.telemetry.channel import facts
from hw_trigger.telemetry.scaling import fit_scaling, scaled_values, to_raw
from hw_trigger.telemetry.synthetic import synthetic_channel
from hw_trigger.telemetry.windows import windows
from hw_trigger.vendor.compare import Row
from hw_trigger.verification.table import VerificationTable, compare
from support.programs import Sizes, random_program

STEPS = 24
UNITS = 16


@lru_cache(maxsize=1)
def sample_report() -> ReportData:
    """Everything a report can hold, on the built-in channel SYN-1.

    The decoder's last layer is fitted to the training data by ridge regression (the others stay random), so that the
    reconstruction follows the telemetry and anomalies stand out.
    """
    channel = synthetic_channel("SYN-1")
    raw_format = Format(16, 3)
    x_format = Format(8, 1)
    scaling = fit_scaling(channel.train, raw_format, x_format, channel=channel.name)
    program = _fit(_program(scaling.output), scaled_values(scaling, to_raw(channel.train, raw_format)))
    program = replace(program, scaling=scaling)
    raw_train = windows(to_raw(channel.train, raw_format), STEPS)
    raw_test = windows(to_raw(channel.test, raw_format), STEPS)
    fraction = ErrorTrigger("probe", STEPS, 1, x_format, program.output, 0).score.fraction
    program = replace(program, trigger=ErrorTrigger("trigger", STEPS, 1, x_format, program.output, 0))
    train = compiled.run(program, raw_train)
    assert train.score is not None
    threshold = fit_threshold(mean_squares_of_sums(train.score, STEPS, 1, fraction))
    assert program.trigger is not None
    program = replace(program, trigger=replace(program.trigger, threshold=program.trigger.threshold_code(threshold)))
    test = compiled.run(program, raw_test, trace=True)
    assert test.score is not None
    assert test.trigger is not None
    scores = mean_squares_of_sums(test.score, STEPS, 1, fraction)
    detection = tuple(
        Detection(executor, evaluate(sample_scores(scores * factor, STEPS, kind), channel.labels, threshold, kind))
        for executor, factor in (("float network", 1.02), ("quantized network", 1.0), ("integer program", 1.0))
        for kind in ScoreKind
    )
    epochs = np.arange(12)
    return ReportData(
        run="syn-1_lstm16_w8a8",
        program=program,
        facts=facts(channel, STEPS),
        quantization="w8a8",
        detection=detection,
        losses=(
            LossCurve("float", list(0.08 * 0.7**epochs + 0.004), list(0.09 * 0.72**epochs + 0.0045), 12),
            LossCurve(
                "QAT (w8a8)",
                list(0.012 * 0.8**epochs + 0.0045),
                list(0.014 * 0.7**epochs + 0.0002 * epochs + 0.005),
                10,
            ),
        ),
        telemetry=Telemetry(
            channel=channel.name,
            executor="integer program",
            unit="scaled",
            score_unit="scaled units squared",
            samples=scaled_values(scaling, to_raw(channel.test, raw_format))[:, 0],
            scores=causal_scores(scores, STEPS),
            threshold=threshold,
            anomalies=channel.anomalies,
            windows=program.output.values(test.output)[:, :, 0],
        ),
        verification=VerificationTable(
            (
                compare("reconstruction", ("PyTorch", test.output), ("golden", test.output)),
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
        pareto=sample_front(),
        saturations=Saturations(len(raw_test), test.saturations),
        provenance={"hw_trigger": "0.1.0", "seed": 7, "bundle SHA-256": "5f" * 32},
        commands={
            "the network": "make qat CHANNEL=SYN-1",
            "the verification": "make csim",
            "this report": "make report",
        },
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


def _program(x: Format) -> Program:
    rng = np.random.default_rng(5)
    weight = Format(8, 1, overflow=Overflow.SAT_SYM)
    bias, gate, state = Format(12, 3), Format(8, 3), Format(8, 1)
    unit = Format(8, 0, signed=False)
    out = x

    def lstm(name: str, inputs: int, given: Format, *, repeat: bool, sequence: bool) -> Lstm:
        return Lstm(
            name=name,
            steps=STEPS,
            repeat_input=repeat,
            return_sequence=sequence,
            input=given,
            weight_format=weight,
            weight=weight.quantize(rng.normal(0, 0.5, (4 * UNITS, inputs))),
            recurrent_format=weight,
            recurrent_weight=weight.quantize(rng.normal(0, 0.4, (4 * UNITS, UNITS))),
            bias_format=bias,
            bias=bias.quantize(rng.normal(0, 0.3, 4 * UNITS)),
            gates=(gate,) * 4,
            activations=(unit, unit, state, unit),
            cell=Format(8, 2),
            cell_tanh=state,
            hidden=state,
        )

    def dense(name: str, inputs: int, outputs: int, steps: int, result: Format) -> Dense:
        codes = weight.quantize(rng.normal(0, 0.5, (outputs, inputs)))
        return Dense(name, steps, state, weight, codes, bias, np.zeros(outputs, np.int64), result)

    return Program(
        name="lstm16",
        steps=STEPS,
        n_features=1,
        input=x,
        layers=(
            lstm("encoder_0", 1, x, repeat=False, sequence=False),
            dense("latent", UNITS, 3, 1, state),
            lstm("decoder_0", 3, state, repeat=True, sequence=True),
            dense("output", UNITS, 1, STEPS, out),
        ),
    )


def _fit(program: Program, train: np.ndarray) -> Program:
    """Fit the output layer to the training windows by ridge regression."""
    given = windows(train, STEPS)
    decoded = compiled.run(program, program.input.quantize(given), trace=True).outputs["decoder_0"]
    output = program.layers[-1]
    assert isinstance(output, Dense)
    states = output.input.values(decoded).reshape(-1, UNITS)
    design = np.hstack([states, np.ones((len(states), 1))])
    # A ridge keeps the weights small: they have few bits.
    solution = np.linalg.solve(design.T @ design + len(design) / 1000 * np.eye(UNITS + 1), design.T @ given.reshape(-1))
    weight = Format(10, 4, overflow=Overflow.SAT_SYM)
    fitted = replace(
        output,
        weight_format=weight,
        weight=weight.quantize(solution[None, :-1]),
        bias=output.bias_format.quantize(solution[-1:]),
    )
    return replace(program, layers=(*program.layers[:-1], fitted))
