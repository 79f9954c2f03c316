"""How a network is trained, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hw_trigger.errors import UserError

Schedule = Literal["cosine", "constant"]


class FitSettingsError(UserError):
    """A setting that training cannot have."""


@dataclass(frozen=True)
class FitSettings:
    """Settings of :func:`hw_trigger.training.fit.fit`.

    Attributes
    ----------
    epochs
        Epochs, at most.
    batch_size
        Windows of a step.
    learning_rate
        Adam's, at the beginning.
    schedule
        The learning rate falls to 0 over `epochs` along half a cosine, step by step (Loshchilov and Hutter, "SGDR", 2017,
        eq. 5), or stays.
    patience
        Training stops after so many epochs without a lower validation loss.
    gradient_clip
        Largest norm of the gradient; a longer one is shortened to it.
    seed
        Decides on the order of the windows, and on the noise.
    steps_per_epoch
        Steps of an epoch, so that channels of many and of few windows train equally long; ``None``: one pass over the windows.
    noise
        Standard deviation, in scaled units, of the Gaussian noise that is added to what the network is given in training, but
        not to what it is to put out: a denoising autoencoder (Vincent et al., "Extracting and Composing Robust Features with
        Denoising Autoencoders", 2008).
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    patience: int = 8
    gradient_clip: float = 1.0
    seed: int = 0
    steps_per_epoch: int | None = None
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise FitSettingsError(f"training.{name} must be 1 or more, not {getattr(self, name)}")
        if self.steps_per_epoch is not None and self.steps_per_epoch < 1:
            raise FitSettingsError(f"training.steps_per_epoch must be 1 or more, or null, not {self.steps_per_epoch}")
        if not 0 <= self.noise < float("inf"):
            raise FitSettingsError(f"training.noise must be 0 or more and finite, not {self.noise}")
        for name in ("learning_rate", "gradient_clip"):
            if not 0 < getattr(self, name) < float("inf"):
                raise FitSettingsError(f"training.{name} must be above 0 and finite, not {getattr(self, name)}")
        if self.seed < 0:
            raise FitSettingsError(f"training.seed must be 0 or more, not {self.seed}")
        if self.schedule not in get_args(Schedule):
            allowed = ", ".join(get_args(Schedule))
            raise FitSettingsError(f"training.schedule must be one of {allowed}, not {self.schedule!r}")


@dataclass(frozen=True)
class History:
    """Losses (mean squared errors of scaled samples) epoch by epoch.

    Attributes
    ----------
    train
        Mean over the epoch's batches, each before its step and with the noise.
    validation
        Of the weights at the end of the epoch, without noise.
    stopped_early
        The patience ran out before the epochs did.
    """

    train: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.train)

    @property
    def best_epoch(self) -> int:
        """The first epoch with the least validation loss, counted from 0; its weights are kept."""
        return self.validation.index(min(self.validation))

    @property
    def best(self) -> float:
        """The least validation loss."""
        return min(self.validation)
