"""Gather what is known of a run, and write its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from hw_trigger.bundle.bundle import HISTORY, Bundle
from hw_trigger.bundle.manifest import BundleError
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.errors import UserError
from hw_trigger.estimate.errors import published_errors
from hw_trigger.estimate.program import estimate
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.hls.project import Project, open_project
from hw_trigger.report.data import LossCurve, ReportData, Saturations
from hw_trigger.report.detection_data import Detection
from hw_trigger.report.render import HTML_NAME, MARKDOWN_NAME, write_report
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.csim import read_verification
from hw_trigger.stages.measuring import protocol_of
from hw_trigger.stages.recorded import load_test
from hw_trigger.stages.report_detection import detection
from hw_trigger.stages.report_rtl import read_rtl
from hw_trigger.stages.report_run import ReportedRun
from hw_trigger.stages.report_sources import read_front, read_vendor
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.tracking import run_identity, tracked
from hw_trigger.telemetry.channel import facts
from hw_trigger.training.settings import History

_HISTORIES = TypeAdapter(dict[str, History])


def run_report(config: Config, reporter: Reporter) -> Path:
    """Write ``reports/<run>``: JSON, Markdown, HTML and plots; return the Markdown file.

    Detection is measured on the test data, with the threshold of the training data (of a classifier: on the part of the labelled
    samples that tests, with the threshold of the one that validates): of the float network, and of the integer program, which is
    the quantized network bit for bit.

    Raises
    ------
    BundleError
        There is no bundle.
    RtlProjectError, VerificationFileError
        What simulation or synthesis left in a project is damaged.
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
    run = ReportedRun(bundle, config, reporter, *load_test(bundle, config, reporter))
    windows = run.windows
    with reporter.task("integer program on the test data", len(windows)) as advance:
        execution = compiled.run(bundle.program, windows, progress=advance)
    shown = run.telemetry(execution)
    measured = detection(shown, protocol_of(config))
    data = ReportData(
        run=config.run_name,
        program=bundle.program,
        facts=facts(run.channel, config.model.window),
        quantization=config.quant.name,
        detection=measured,
        losses=_losses(bundle, config),
        telemetry=shown,
        split=run.split(),
        class_weights=run.class_weights(),
        verification=read_verification(config.project_path, bundle.program),
        settings=settings,
        estimate=found,
        estimator_errors=published_errors(),
        vendor=None if project is None else read_vendor(found, project),
        rtl=read_rtl(config, bundle.program),
        pareto=read_front(config, found, measured, reporter),
        saturations=Saturations(len(windows), execution.saturations, run.samples.saturated),
        provenance=_provenance(bundle),
        commands=_commands(bundle, config),
    )
    write_report(data, config.report_path, configuration=to_yaml(config.untracked()))
    _track(measured, bundle, config, reporter)
    path = config.report_path / MARKDOWN_NAME
    for item in data.detection:
        if item.metrics.score is ScoreKind.CAUSAL:
            reporter.say(
                f"{item.executor}, causal score: AUC-ROC {_show(item.metrics.auc_roc)}, AUC-PR {_show(item.metrics.auc_pr)}, "
                f"F1 {_show(item.metrics.f1)} at the trained threshold"
            )
    reporter.say(f"report {path}, and {HTML_NAME} beside it")
    return path


def _track(measured: Sequence[Detection], bundle: Bundle, config: Config, reporter: Reporter) -> None:
    """Tell the tracker, where one is configured, what the causal scores reach on the test data."""
    manifest = bundle.manifest
    figures = {
        f"{item.executor}/{name}": value
        for item in measured
        if item.metrics.score is ScoreKind.CAUSAL
        for name, value in item.evaluation.figures().items()
        if value is not None
    }
    with tracked(config, run_identity(manifest.provenance.config_sha256, manifest.channel.sha256), reporter) as tracker:
        tracker.summary(figures)


def _losses(bundle: Bundle, config: Config) -> tuple[LossCurve, ...]:
    """Return the curves of both trainings."""
    classifies = not bundle.program.reconstructs
    names = {
        "float": ("float", *(("labels", "cross-entropy") if classifies else ("telemetry", "mean squared error"))),
        "quantized": (f"QAT ({config.quant.name})", "the float network", "mean squared error"),
    }
    try:
        histories = _HISTORIES.validate_json(bundle.read(HISTORY))
        return tuple(
            LossCurve(name, histories[key].train, histories[key].validation, histories[key].best_epoch + 1, *against)
            for key, (name, *against) in names.items()
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
            for what, stage in (
                ("the HLS project", "hls"),
                ("the verification", "csim"),
                ("the RTL project", "rtl"),
                ("this report", "report"),
            )
        },
    }


def _show(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
