"""Train: float network, calibration, quantization-aware training, threshold; and write the bundle."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import asdict, replace
from functools import partial

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, HISTORY, QUANTIZED_WEIGHTS, Bundle, write_bundle
from hw_trigger.bundle.manifest import ChannelRecord, Manifest, ScalerRecord, ThresholdRecord
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.files import to_json
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program, Scaling
from hw_trigger.fixedpoint.tensors import formats_of
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.stages.margin import fit_margin_trigger
from hw_trigger.stages.provenance import provenance
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.supervised import prepare_network, share_labelled
from hw_trigger.stages.telemetry import channel_digest
from hw_trigger.stages.thresholds import fit_trigger, with_configured_trigger
from hw_trigger.stages.training import Training
from hw_trigger.telemetry.channel import Channel
from hw_trigger.training.settings import History
from hw_trigger.training.state import save_state


def run_qat(config: Config, reporter: Reporter, formats: NetworkFormats | None = None) -> Bundle:
    """Train on the configured channel, and write the bundle.

    A killed run goes on from its last checkpoint when it is started again; checkpoints are removed when the bundle is whole.

    Parameters
    ----------
    formats
        Of the quantized network, in place of those that calibration gives.

    Raises
    ------
    UserError
        The telemetry cannot be had or is not fit for training, a format cannot be, or training diverges.
    """
    with replace(prepare_network(config, reporter), formats=formats).tracked() as training:
        float_model, history = training.float_network()
        model = training.calibrated(float_model)
        histories = {"float": history, "quantized": training.refine(model, float_model)}
    channel, scaling, samples = training.channel, training.scaling, training.samples
    program, threshold = _with_threshold(training, with_configured_trigger(config, training.program(model)))
    bundle = write_bundle(
        config.bundle_path,
        _manifest(config, channel, program, scaling, threshold),
        program,
        {
            CONFIG: to_yaml(config.untracked()).encode(),
            HISTORY: to_json({name: asdict(history) for name, history in histories.items()}).encode(),
            FLOAT_WEIGHTS: partial(save_state, float_model),
            QUANTIZED_WEIGHTS: partial(save_state, model),
        },
    )
    shutil.rmtree(training.directory, ignore_errors=True)
    with contextlib.suppress(OSError):  # checkpoints of other settings are in it still
        training.directory.parent.rmdir()
    if samples.saturated:
        reporter.warn(
            f"{samples.saturated} values of {samples.what} are outside the raw format {scaling.raw} and were saturated"
        )
    reporter.say(_summary(bundle, histories, "telemetry" if program.reconstructs else "labels"))
    return bundle


def _with_threshold(training: Training, program: Program) -> tuple[Program, ThresholdRecord]:
    """Return the program with its threshold in the trigger, and a record of it."""
    config, samples, reporter = training.config, training.samples, training.reporter
    if program.reconstructs:
        return fit_trigger(config, program, samples.windows(config.model.window), reporter)
    labelled = share_labelled(config, training.channel)
    raw, labels = labelled.windows(samples, labelled.validation), labelled.classes(labelled.validation)
    return fit_margin_trigger(config, program, raw, labels, reporter)


def _manifest(
    config: Config, channel: Channel, program: Program, scaling: Scaling, threshold: ThresholdRecord
) -> Manifest:
    return Manifest(
        name=config.run_name,
        channel=ChannelRecord(
            name=channel.name,
            spacecraft=channel.spacecraft,
            source=channel.source,
            columns=config.data.columns,
            sha256=channel_digest(channel),
        ),
        threshold=threshold,
        scaler=ScalerRecord(
            gain=tuple(scaling.gain_format.values(scaling.gain).tolist()),
            offset=tuple(scaling.offset_format.values(scaling.offset).tolist()),
        ),
        formats=formats_of(program),
        program_sha256=serialize.digest(program),
        provenance=provenance(config),
        files={},
    )


def _summary(bundle: Bundle, histories: dict[str, History], wanted: str) -> str:
    losses = ", ".join(
        f"{name} {history.validation[history.best_epoch]:.6f} against {against} "
        f"(epoch {history.best_epoch + 1} of {history.epochs})"
        for (name, history), against in zip(histories.items(), (wanted, "the float network"), strict=True)
    )
    threshold = bundle.manifest.threshold
    return (
        f"bundle {bundle.path}: channel {bundle.manifest.channel.name}, validation loss {losses}, "
        f"threshold {threshold.value:.6g} {threshold.unit} (code {threshold.code}); next: hw-trigger hls"
    )
