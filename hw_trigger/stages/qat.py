"""Train: float autoencoder, calibration, quantization-aware training, threshold; and write the bundle."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, HISTORY, QUANTIZED_WEIGHTS, Bundle, write_bundle
from hw_trigger.bundle.manifest import ChannelRecord, Manifest, ScalerRecord, ThresholdRecord
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.detection.scores import mean_squares_of_sums
from hw_trigger.detection.threshold import fit_threshold
from hw_trigger.files import sha256_bytes, to_json
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program, Scaling
from hw_trigger.fixedpoint.tensors import formats_of
from hw_trigger.models.calibration import calibrate, check_spec
from hw_trigger.models.export import to_program, with_trigger
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.stages.networks import use_threads
from hw_trigger.stages.provenance import config_digest, provenance
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import channel_digest, digitize, load_channel
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import fit_scaling, scaled_values
from hw_trigger.training.fit import fit
from hw_trigger.training.settings import FitSettings, History
from hw_trigger.training.split import split_by_time, window_tensor
from hw_trigger.training.state import save_state


def run_qat(config: Config, reporter: Reporter) -> Bundle:
    """Train on the configured channel, and write the bundle.

    A killed run goes on from its last checkpoint when it is started again; checkpoints are removed when the bundle is whole.

    Raises
    ------
    UserError
        The telemetry cannot be had or is not fit for training, a format cannot be, or training diverges.
    """
    check_spec(config.quant)
    channel = load_channel(config, reporter)
    scaling = fit_scaling(
        channel.train,
        config.quant.raw.format(),
        config.quant.input.format(),
        channel=channel.name,
        allow_constant=config.data.allow_constant,
    )
    samples = digitize(channel, "training", scaling)
    training, window = config.training, config.model.window
    parts = split_by_time(scaled_values(scaling, samples.raw), window, training.validation, what=samples.what)
    # Checkpoints of other settings or other data lie elsewhere: changing one's mind twice loses nothing.
    key = sha256_bytes(f"{config_digest(config)} {channel_digest(channel)}".encode())[:12]
    directory = config.paths.models / f".{config.run_name}.training"
    trainer = _Trainer(
        config, reporter, directory / key, *(window_tensor(part, window, training.stride) for part in parts)
    )
    use_threads(config)
    torch.manual_seed(config.seed)
    float_model = FloatAutoencoder(config.architecture())
    histories = {"float": trainer.fit("float", float_model, training.float_epochs, training.float_learning_rate)}
    model = QuantAutoencoder(config.architecture(), calibrate(float_model, config.quant, trainer.train))
    model.load_float(float_model)
    # Formats that cannot be exact are refused here, not after the longer training.
    with_trigger(to_program(model, name=config.run_name, scaling=scaling))
    fuse(model)
    # The quantized network learns what the float one puts out: it is to detect what that detects.
    histories["quantized"] = trainer.fit(
        "quantized", model, training.epochs, training.learning_rate, trainer.reconstructions(float_model)
    )
    program = to_program(model, name=config.run_name, scaling=scaling)
    threshold = _threshold(with_trigger(program), samples.windows(window), config.trigger.sigmas, reporter)
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
    shutil.rmtree(trainer.directory, ignore_errors=True)
    with contextlib.suppress(OSError):  # checkpoints of other settings are in it still
        directory.rmdir()
    if samples.saturated:
        reporter.warn(
            f"{samples.saturated} training values are outside the raw format {scaling.raw} and were saturated"
        )
    reporter.say(_summary(bundle, histories))
    return bundle


@dataclass(frozen=True, eq=False)
class _Trainer:
    """Fits networks to one channel's windows, with a progress bar and a checkpoint for each."""

    config: Config
    reporter: Reporter
    directory: Path
    train: Tensor
    validation: Tensor

    @torch.no_grad()
    def reconstructions(self, model: FloatAutoencoder) -> tuple[Tensor, Tensor]:
        """Return what a network puts out for the training and validation windows."""
        size = self.config.training.batch_size
        train, validation = (
            torch.cat([model(batch) for batch in torch.split(windows, size)])
            for windows in (self.train, self.validation)
        )
        return train, validation

    def fit(
        self,
        name: str,
        model: nn.Module,
        epochs: int,
        learning_rate: float,
        targets: tuple[Tensor, Tensor] | None = None,
    ) -> History:
        """Train a network, from the checkpoint of that name where there is one."""
        training = self.config.training
        settings = FitSettings(
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=training.batch_size,
            patience=training.patience,
            gradient_clip=training.gradient_clip,
            seed=self.config.seed,
        )
        with self.reporter.task(f"{name} training, epochs", epochs) as advance:
            shown = 0

            def progress(history: History) -> None:
                nonlocal shown
                # A resumed run shows the epochs that it need not do again.
                advance(history.epochs - shown, note=f"validation loss {history.validation[-1]:.6f}")
                shown = history.epochs

            return fit(
                model,
                self.train,
                self.validation,
                settings,
                targets=targets,
                checkpoint=self.directory / f"{name}.pt",
                progress=progress,
            )


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
