"""Train: float autoencoder, calibration, quantization-aware training, threshold; and write the bundle."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import asdict
from functools import partial

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, HISTORY, QUANTIZED_WEIGHTS, Bundle, write_bundle
from hw_trigger.bundle.manifest import ChannelRecord, Manifest, ScalerRecord, ThresholdRecord
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.detection.scores import mean_squares_of_sums
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.files import to_json
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program, Scaling
from hw_trigger.fixedpoint.tensors import formats_of
from hw_trigger.models.export import with_trigger
from hw_trigger.stages.provenance import provenance
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import channel_digest
from hw_trigger.stages.training import prepare
from hw_trigger.telemetry.channel import Channel
from hw_trigger.training.settings import History
from hw_trigger.training.state import save_state


def run_qat(config: Config, reporter: Reporter) -> Bundle:
    """Train on the configured channel, and write the bundle.

    A killed run goes on from its last checkpoint when it is started again; checkpoints are removed when the bundle is whole.

    Raises
    ------
    UserError
        The telemetry cannot be had or is not fit for training, a format cannot be, or training diverges.
    """
    training = prepare(config, reporter)
    channel, scaling, samples = training.channel, training.scaling, training.samples
    float_model, history = training.float_network()
    model = training.calibrated(float_model)
    histories = {"float": history, "quantized": training.refine(model, float_model)}
    program = training.program(model)
    threshold = _threshold(with_trigger(program), samples.windows(config.model.window), config.trigger.sigmas, reporter)
    program = with_trigger(program, threshold.mean_square)
    bundle = write_bundle(
        config.bundle_path,
        _manifest(config, channel, program, scaling, threshold),
        program,
        {
            CONFIG: to_yaml(config).encode(),
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
            f"{samples.saturated} training values are outside the raw format {scaling.raw} and were saturated"
        )
    reporter.say(_summary(bundle, histories))
    return bundle


def _threshold(program: Program, raw: Codes, sigmas: float, reporter: Reporter) -> ThresholdRecord:
    """Score the training windows on exact integers, and fit the threshold to the scores."""
    with reporter.task("scoring training windows", len(raw)) as advance:
        sums = compiled.run(program, raw, progress=advance).score
    trigger = program.trigger
    if trigger is None or sums is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    scores = mean_squares_of_sums(sums, program.steps, program.n_features, trigger.score.fraction)
    mean_square = fit_threshold(scores, sigmas)
    return ThresholdRecord(
        sigmas=sigmas,
        train_mean=float(scores.mean()),
        train_sigma=float(scores.std()),
        mean_square=mean_square,
        code=trigger.threshold_code(mean_square),
    )


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


def _summary(bundle: Bundle, histories: dict[str, History]) -> str:
    losses = ", ".join(
        f"{name} {history.validation[history.best_epoch]:.6f} against {against} "
        f"(epoch {history.best_epoch + 1} of {history.epochs})"
        for (name, history), against in zip(histories.items(), ("telemetry", "the float network"), strict=True)
    )
    threshold = bundle.manifest.threshold
    return (
        f"bundle {bundle.path}: channel {bundle.manifest.channel.name}, validation loss {losses}, "
        f"threshold {threshold.mean_square:.6g} (code {threshold.code}); next: hw-trigger hls"
    )
