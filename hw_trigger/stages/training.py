"""Training on a channel, in steps: its windows, the float network, the quantized one from it, its threshold's scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.program import Program, Scaling
from hw_trigger.models.calibration import calibrate, check_spec
from hw_trigger.models.export import to_program, with_trigger
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.stages.networks import use_threads
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import Samples, channel_digest, digitize, load_channel
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.scaling import fit_scaling, scaled_values
from hw_trigger.training.fit import fit
from hw_trigger.training.settings import FitSettings, History
from hw_trigger.training.split import split_by_time, window_tensor


@dataclass(frozen=True, eq=False)
class Training:
    """A channel's training data as windows, and where checkpoints are.

    Attributes
    ----------
    samples
        The training data as the firmware sees them.
    train, validation
        Scaled windows, float32, ``(n, steps, n_features)``.
    directory
        Of the checkpoints: another one for other settings or other data, so that changing one's mind twice loses nothing.
    """

    config: Config
    reporter: Reporter
    channel: Channel
    scaling: Scaling
    samples: Samples
    train: Tensor
    validation: Tensor
    directory: Path

    def float_network(self) -> tuple[FloatAutoencoder, History]:
        """Train the float network.

        Raises
        ------
        UserError
            Training diverges, or there is too little data.
        """
        use_threads(self.config)
        torch.manual_seed(self.config.seed)
        model = FloatAutoencoder(self.config.architecture())
        training = self.config.training
        return model, self._fit("float", model, training.float_epochs, training.float_learning_rate)

    def calibrated(self, float_model: FloatAutoencoder) -> QuantAutoencoder:
        """Return the quantized network with the float one's weights: post-training quantization.

        Raises
        ------
        UserError
            A format cannot be, or cannot be exact.
        """
        model = QuantAutoencoder(self.config.architecture(), calibrate(float_model, self.config.quant, self.train))
        model.load_float(float_model)
        # Formats that cannot be exact are refused here, not after the longer training.
        with_trigger(self.program(model))
        return model

    def refine(self, model: QuantAutoencoder, float_model: FloatAutoencoder) -> History:
        """Train the quantized network to put out what the float one does: it is to detect what that detects.

        Raises
        ------
        UserError
            Training diverges.
        """
        fuse(model)
        training = self.config.training
        targets = self._reconstructions(float_model)
        return self._fit("quantized", model, training.epochs, training.learning_rate, targets)

    def program(self, model: QuantAutoencoder) -> Program:
        """Return the program of a quantized network, without a trigger."""
        return to_program(model, name=self.config.run_name, scaling=self.scaling)

    @torch.no_grad()
    def _reconstructions(self, model: FloatAutoencoder) -> tuple[Tensor, Tensor]:
        """Return what a network puts out for the training and validation windows."""
        size = self.config.training.batch_size
        train, validation = (
            torch.cat([model(batch) for batch in torch.split(windows, size)])
            for windows in (self.train, self.validation)
        )
        return train, validation

    def _fit(
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


def prepare(config: Config, reporter: Reporter) -> Training:
    """Load the configured channel, fit its scaling, and cut its training data into windows.

    Raises
    ------
    UserError
        The telemetry cannot be had or is not fit for training, or a format cannot be.
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
    train, validation = (window_tensor(part, window, training.stride) for part in parts)
    key = sha256_bytes(f"{config_digest(config)} {channel_digest(channel)}".encode())[:12]
    directory = config.paths.models / f".{config.run_name}.training" / key
    return Training(config, reporter, channel, scaling, samples, train, validation, directory)
