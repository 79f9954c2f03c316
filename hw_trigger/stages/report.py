"""Gather what is known of a run, and write its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter

from hw_trigger.bundle.bundle import HISTORY, Bundle
from hw_trigger.bundle.manifest import BundleError
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.detection.metrics import evaluate
from hw_trigger.detection.scores import (
    ScoreKind,
    Scores,
    causal_scores,
    mean_squares,
    mean_squares_of_sums,
    sample_scores,
)
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.errors import UserError
from hw_trigger.estimate.errors import published_errors
from hw_trigger.estimate.program import estimate
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.hls.project import Project, open_project
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.report.data import Detection, LossCurve, ReportData, Saturations, Telemetry
from hw_trigger.report.render import HTML_NAME, MARKDOWN_NAME, write_report
from hw_trigger.stages.csim import read_verification
from hw_trigger.stages.networks import load_float, open_bundle
from hw_trigger.stages.recorded import load_test
from hw_trigger.stages.report_sources import read_front, read_vendor
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import Samples, digitize
from hw_trigger.telemetry.channel import Channel, facts
from hw_trigger.telemetry.scaling import scaled_values
from hw_trigger.training.settings import History
from hw_trigger.training.split import window_tensor

BATCH = 256


_HISTORIES = TypeAdapter(dict[str, History])


def run_report(config: Config, reporter: Reporter) -> Path:
    """Write ``reports/<run>``: JSON, Markdown, HTML and plots; return the Markdown file.

    Detection is measured on the test data, with the threshold of the training data: of the float network, and of the integer
    program, which is the quantized network bit for bit.

    Raises
    ------
    BundleError
        There is no bundle.
    VendorReportError
        The HLS project holds vendor reports that cannot be read, or are of another design or part.
    ExplorationError, TableError
        The configured sweep's results are damaged.
    UserError
        The channel cannot be had or has changed.
    """
    bundle, config = open_bundle(config)
    project = _project(bundle, config)
    settings = config.hls if project is None else project.settings
    found = estimate(bundle.program, settings, config.database())
    run = _Run(bundle, config, reporter, *load_test(bundle, config, reporter))
    windows = run.samples.windows(bundle.program.steps)
    with reporter.task("integer program on the test data", len(windows)) as advance:
        execution = compiled.run(bundle.program, windows, progress=advance)
    integer = run.detect_integer(execution)
    data = ReportData(
        run=config.run_name,
        program=bundle.program,
        facts=facts(run.channel, config.model.window),
        quantization=config.quant.name,
        detection=(*run.detect_float(), *integer),
        losses=_losses(bundle, config),
        telemetry=run.telemetry(execution),
        verification=read_verification(config.project_path, bundle.program),
        settings=settings,
        estimate=found,
        estimator_errors=published_errors(),
        vendor=None if project is None else read_vendor(found, project),
        pareto=read_front(config, found, integer, reporter),
        saturations=Saturations(len(windows), execution.saturations, run.samples.saturated),
        provenance=_provenance(bundle),
        commands=_commands(bundle, config),
    )
    write_report(data, config.report_path, configuration=to_yaml(config))
    path = config.report_path / MARKDOWN_NAME
    for item in data.detection:
        if item.metrics.score is ScoreKind.CAUSAL:
            reporter.say(
                f"{item.executor}, causal score: AUC-ROC {_show(item.metrics.auc_roc)}, AUC-PR {_show(item.metrics.auc_pr)}, "
                f"F1 {_show(item.metrics.f1)} at the trained threshold"
            )
    reporter.say(f"report {path}, and {HTML_NAME} beside it")
    return path


@dataclass(frozen=True, eq=False)
class _Run:
    """A bundle with its test data."""

    bundle: Bundle
    config: Config
    reporter: Reporter
    channel: Channel
    samples: Samples

    def detect_float(self) -> list[Detection]:
        """Measure the float network, with a threshold fitted to its own training scores."""
        model = load_float(self.bundle, self.config)
        training = digitize(self.channel, "training", self.bundle.scaling)
        scores = {
            part: self._float_scores(model, samples.raw, part)
            for part, samples in (("training", training), ("test", self.samples))
        }
        threshold = fit_threshold(scores["training"], self.config.trigger.sigmas)
        return self._measure("float network", scores["test"], threshold)

    def detect_integer(self, execution: Execution) -> list[Detection]:
        """Measure the integer program with the threshold that is in it."""
        return self._measure("integer program", self._integer_scores(execution), self._threshold())

    def telemetry(self, execution: Execution) -> Telemetry:
        """Return what the plots of the test data show."""
        program = self.bundle.program
        return Telemetry(
            channel=self.channel.name,
            executor="integer program",
            unit="scaled",
            score_unit="scaled units squared",
            samples=scaled_values(self.bundle.scaling, self.samples.raw)[:, 0],
            scores=causal_scores(self._integer_scores(execution), program.steps),
            threshold=self._threshold(),
            anomalies=self.channel.anomalies,
            windows=program.output.values(execution.output[:, :, 0]),
        )

    def _measure(self, executor: str, window_scores: Scores, threshold: float) -> list[Detection]:
        steps = self.bundle.program.steps
        return [
            Detection(
                executor, evaluate(sample_scores(window_scores, steps, kind), self.channel.labels, threshold, kind)
            )
            for kind in ScoreKind
        ]

    def _integer_scores(self, execution: Execution) -> Scores:
        if execution.score is None:
            raise RuntimeError("a program with a trigger gives scores")
        return self._mean_squares(execution.score)

    def _threshold(self) -> float:
        """Return the mean square of the trigger's integer threshold: what is above it fires."""
        return float(self._mean_squares([self.bundle.trigger.threshold])[0])

    def _mean_squares(self, sums: ArrayLike) -> Scores:
        trigger = self.bundle.trigger
        return mean_squares_of_sums(sums, trigger.steps, trigger.n_features, trigger.score.fraction)

    @torch.no_grad()
    def _float_scores(self, model: FloatAutoencoder, raw: Codes, part: str) -> Scores:
        """Return the mean squares of the float network's errors on every window."""
        x = window_tensor(scaled_values(self.bundle.scaling, raw), self.bundle.program.steps)
        errors: list[NDArray[np.float32]] = []
        with self.reporter.task(f"float network on the {part} data", len(x)) as advance:
            for batch in torch.split(x, BATCH):
                errors.append((model(batch) - batch).numpy())
                advance(len(batch))
        return mean_squares(np.concatenate(errors))


def _losses(bundle: Bundle, config: Config) -> tuple[LossCurve, ...]:
    """Return the curves of both trainings."""
    names = {
        "float": ("float", "telemetry"),
        "quantized": (f"QAT ({config.quant.name})", "the float network"),
    }
    try:
        histories = _HISTORIES.validate_json(bundle.read(HISTORY))
        return tuple(
            LossCurve(name, histories[key].train, histories[key].validation, histories[key].best_epoch + 1, against)
            for key, (name, against) in names.items()
        )
    except (ValueError, KeyError) as error:
        raise BundleError(f"{bundle.path / HISTORY} holds no losses of a float and a quantized training") from error


def _project(bundle: Bundle, config: Config) -> Project | None:
    """Return the HLS project of the bundle's program; ``None`` where there is none, or one of another program."""
    try:
        project = open_project(config.project_path)
    except UserError:
        return None
    return project if serialize.digest(project.program) == bundle.manifest.program_sha256 else None


def _provenance(bundle: Bundle) -> dict[str, str | int | float]:
    manifest = bundle.manifest
    return {
        "telemetry": manifest.channel.source,
        "telemetry SHA-256": manifest.channel.sha256,
        "configuration SHA-256": manifest.provenance.config_sha256,
        "program SHA-256": manifest.program_sha256,
        "seed": manifest.provenance.seed,
        **manifest.provenance.versions,
    }


def _commands(bundle: Bundle, config: Config) -> dict[str, str]:
    """Return the commands that do it again, each with the whole configuration that lies beside its outputs."""
    return {
        "the bundle": f"hw-trigger qat --config-dir {bundle.path.as_posix()}",
        **{
            what: f"hw-trigger {stage} --config-dir {config.report_path.as_posix()}"
            for what, stage in (("the HLS project", "hls"), ("the verification", "csim"), ("this report", "report"))
        },
    }


def _show(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
