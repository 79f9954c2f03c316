"""The accuracy of a sweep's networks on the configured channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from hw_trigger.config.schema import Config
from hw_trigger.detection.metrics import evaluate
from hw_trigger.detection.scores import ScoreKind, Scores, sample_scores
from hw_trigger.explore.accuracy import Accuracy
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.stages.networks import use_threads
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.scoring import float_scores, integer_scores
from hw_trigger.stages.telemetry import channel_digest, digitize, load_channel
from hw_trigger.stages.thresholds import with_configured_trigger
from hw_trigger.stages.training import prepare
from hw_trigger.telemetry.channel import Channel

Mode = Literal["ptq", "qat"]

Weights = dict[str, NDArray[np.float32]]
"""Parameters of a network by their names."""


@dataclass(frozen=True)
class ChannelEvaluator:
    """Trains the float network of each size, quantizes it, and measures the integer program on the channel's test data.

    Attributes
    ----------
    config
        With a channel; `quant` is the preset whose input format the float networks are trained with; ``paths.models`` is where
        checkpoints go, so that an interrupted sweep does not train again.
    mode
        ``"ptq"``: the formats are calibrated, and that is all; ``"qat"``: quantization-aware training follows, as in
        :func:`hw_trigger.stages.qat.run_qat`.
    """

    config: Config
    mode: Mode

    @cached_property
    def key(self) -> str:
        """What results depend on beside the network."""
        channel = load_channel(self.config, Silent())
        # The configured sizes are no matter: those of the networks are.
        config = self._of(Architecture(), self.config.quant)
        return f"{self.mode} {config_digest(config)} {channel_digest(channel)}"

    def train(self, architecture: Architecture) -> Weights:
        """Return the weights of the float network of one size.

        Weights, not the network: it is sent from worker to worker, and what uses a PyTorch module may leave things in it that
        cannot be.
        """
        model, _ = prepare(self._of(architecture, self.config.quant), Silent()).float_network()
        return {name: tensor.numpy() for name, tensor in model.state_dict().items()}

    def measure(self, weights: Weights, architecture: Architecture, quant: QuantSpec) -> Accuracy:
        """Return the accuracy of the quantized version of the network with these weights."""
        training = prepare(self._of(architecture, quant), Silent())
        use_threads(self.config)
        trained = FloatAutoencoder(architecture).eval()
        trained.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})
        model = training.calibrated(trained)
        if self.mode == "qat":
            training.refine(model, trained)
        program = with_configured_trigger(self.config, training.program(model))
        raw = digitize(training.channel, "test", training.scaling).windows(program.steps)
        # One thread: the sweep has a worker for each core.
        integer = integer_scores(program, raw, threads=1).scores
        exact = float_scores(trained, program, raw).scores
        causal = _areas(integer, training.channel, program.steps, ScoreKind.CAUSAL)
        return Accuracy(
            *causal,
            _areas(integer, training.channel, program.steps, ScoreKind.WINDOW_SPREAD)[0],
            _areas(exact, training.channel, program.steps, ScoreKind.CAUSAL)[0],
        )

    def _of(self, architecture: Architecture, quant: QuantSpec) -> Config:
        """Return the configuration of one network."""
        model = self.config.model.model_copy(
            update={
                "name": architecture.name,
                "window": architecture.window,
                "encoder": architecture.encoder,
                "latent": architecture.latent,
                "decoder": architecture.decoder,
            }
        )
        return self.config.model_copy(update={"run": None, "model": model, "quant": quant})


def _areas(scores: Scores, channel: Channel, steps: int, kind: ScoreKind) -> tuple[float | None, float | None]:
    """Return AUC-ROC and AUC-PR; both are the same with any threshold."""
    metrics = evaluate(sample_scores(scores, steps, kind), channel.labels, 0.0, kind)
    return metrics.auc_roc, metrics.auc_pr
