"""Training on a channel, in steps: its windows, the float network, the quantized one from it, its threshold's scores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.program import Program, Scaling
from hw_trigger.models.calibration import calibrate, check_spec
from hw_trigger.models.export import to_program
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.networks import FloatNetwork, QuantNetwork, float_network, quantized
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.stages.networks import use_threads
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import Samples, channel_digest, digitize, load_channel
from hw_trigger.stages.thresholds import with_configured_trigger
from hw_trigger.stages.tracking import run_identity, tracked
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import constant_columns, fit_scaling, scaled_values
from hw_trigger.training.fit import MEAN_SQUARE, fit
from hw_trigger.training.losses import Loss
from hw_trigger.training.settings import FitSettings, History
from hw_trigger.training.split import split_by_time, window_tensor
from hw_trigger.training.tracking import NoTracker, Tracker

TRACKED = ("channel", "seed", "data", "model", "quant", "training", "trigger")
"""Sections of the configuration that a tracker shows."""


@dataclass(frozen=True, eq=False)
class Training:
    """A channel's training data as windows, and where checkpoints are.

    Attributes
    ----------
    samples
        The training data as the firmware sees them.
    train, validation
        Scaled windows, float32, ``(n, steps, n_features)``.
    identity
        Another one for other settings or other data.
    directory
        Of the checkpoints: another one for another identity, so that changing one's mind twice loses nothing.
    tracker
        What losses are told to; see `tracked`.
    formats
        Of the quantized network, in place of those that calibration gives.
    targets, loss
        What the float network is to put out for `train` and `validation`, None for the windows themselves, and the loss of that.
    """

    config: Config
    reporter: Reporter
    channel: Channel
    scaling: Scaling
    samples: Samples
    train: Tensor
    validation: Tensor
    identity: str
    directory: Path
    tracker: Tracker = field(default_factory=NoTracker)
    targets: tuple[Tensor, Tensor] | None = None
    loss: Loss = MEAN_SQUARE
    formats: NetworkFormats | None = None

    @contextlib.contextmanager
    def tracked(self) -> Iterator[Training]:
        """Open the configured tracker, and return a training that tells it its losses.

        Raises
        ------
        MissingTrackerError, TrackerError
            The tracker's package is not installed, or it cannot be opened.
        """
        with tracked(self.config, self.identity, self.reporter) as tracker:
            tracker.params(self.config.model_dump(mode="json", include=set(TRACKED)))
            yield replace(self, tracker=tracker)

    def float_network(self) -> tuple[FloatNetwork, History]:
        """Train the float network.

        Raises
        ------
        UserError
            Training diverges, or there is too little data.
        """
        use_threads(self.config)
        torch.manual_seed(self.config.seed)
        model = float_network(self.config.architecture())
        training = self.config.training
        settings = self._settings(training.float_epochs, training.float_learning_rate, training.float_noise)
        return model, self._fit("float", model, settings, self.targets, self.loss)

    def calibrated(self, float_model: FloatNetwork) -> QuantNetwork:
        """Return the quantized network with the float one's weights and the given or calibrated formats.

        Raises
        ------
        UserError
            A format cannot be, or cannot be exact.
        """
        formats = self.formats or calibrate(float_model, self.config.quant, self.train)
        model = quantized(float_model, formats)
        # Formats that cannot be exact are refused here, not after the longer training.
        with_configured_trigger(self.config, self.program(model))
        return model

    def refine(self, model: QuantNetwork, float_model: FloatNetwork) -> History:
        """Train the quantized network to put out what the float one does: it is to detect what that detects.

        Raises
        ------
        UserError
            Training diverges.
        """
        fuse(model)
        training = self.config.training
        settings = self._settings(training.epochs, training.learning_rate, training.noise)
        # Training in other formats is another one.
        name = "quantized" if self.formats is None else f"quantized-{sha256_bytes(repr(self.formats).encode())[:12]}"
        return self._fit(name, model, settings, self._outputs(float_model), MEAN_SQUARE)

    def program(self, model: QuantNetwork) -> Program:
        """Return the program of a quantized network, without a trigger."""
        return to_program(model, name=self.config.run_name, scaling=self.scaling)

    @torch.no_grad()
    def _outputs(self, model: FloatNetwork) -> tuple[Tensor, Tensor]:
        """Return what a network puts out for the training and validation windows."""
        size = self.config.training.batch_size
        train, validation = (
            torch.cat([model(batch) for batch in torch.split(windows, size)])
            for windows in (self.train, self.validation)
        )
        return train, validation

    def _settings(self, epochs: int, learning_rate: float, noise: float) -> FitSettings:
        training = self.config.training
        return FitSettings(
            epochs=epochs,
            learning_rate=learning_rate,
            noise=noise,
            steps_per_epoch=training.steps_per_epoch,
            batch_size=training.batch_size,
            patience=training.patience,
            gradient_clip=training.gradient_clip,
            seed=self.config.seed,
        )

    def _fit(
        self, name: str, model: nn.Module, settings: FitSettings, targets: tuple[Tensor, Tensor] | None, loss: Loss
    ) -> History:
        """Train a network, from the checkpoint of that name where there is one."""
        with self.reporter.task(f"{name} training, epochs", settings.epochs) as advance:
            shown = 0

            def progress(history: History) -> None:
                nonlocal shown
                # A resumed run shows, and tells the tracker, the epochs that it need not do again.
                for epoch in range(shown, history.epochs):
                    losses = {"train_loss": history.train[epoch], "validation_loss": history.validation[epoch]}
                    self.tracker.log(epoch + 1, {f"{name}/{key}": value for key, value in losses.items()})
                advance(history.epochs - shown, note=f"validation loss {history.validation[-1]:.6f}")
                shown = history.epochs

            history = fit(
                model,
                self.train,
                self.validation,
                settings,
                targets=targets,
                loss=loss,
                checkpoint=self.directory / f"{name}.pt",
                progress=progress,
            )
            if shown < history.epochs:  # it was complete already
                progress(history)
        self.tracker.summary({f"{name}/validation_loss": history.best})
        return history


def prepare(config: Config, reporter: Reporter) -> Training:
    """Load the configured channel, and prepare to train on it; see `prepare_channel`.

    Raises
    ------
    UserError
        The telemetry cannot be had or is not fit for training, or a format cannot be.
    """
    check_spec(config.quant)
    return prepare_channel(config, load_channel(config, reporter), reporter)


def prepare_channel(config: Config, channel: Channel, reporter: Reporter) -> Training:
    """Fit a channel's scaling, and cut its training data into windows.

    Raises
    ------
    UserError
        The telemetry is not fit for training.
    """
    scaling = fit_scaling(
        channel.train,
        config.quant.raw.format(),
        config.quant.input.format(),
        channel=channel.name,
        least_half_range=config.data.least_half_range,
    )
    samples = digitize(channel, "training", scaling)
    if constant := constant_columns(samples.raw):
        values = ", ".join(f"column {column} is {channel.train[0, column]:g} throughout" for column in constant)
        reporter.warn(f"channel {channel.name!r} is constant in training ({values}): its detection figures say little")
    training, window = config.training, config.model.window
    parts = split_by_time(scaled_values(scaling, samples.raw), window, training.validation, what=samples.what)
    train, validation = (window_tensor(part, window, training.stride) for part in parts)
    return Training(config, reporter, channel, scaling, samples, train, validation, *place(config, channel))


def place(config: Config, channel: Channel) -> tuple[str, Path]:
    """Return a training's identity, and the directory of its checkpoints."""
    identity = run_identity(config_digest(config), channel_digest(channel))
    return identity, config.paths.models / f".{config.run_name}.training" / identity
