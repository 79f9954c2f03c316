"""The LSTM autoencoder in floating point: what the quantized one starts from and is compared with."""

from __future__ import annotations

from torch import Tensor, nn

from hw_trigger.models.float_layers import lstm_stack
from hw_trigger.models.spec import Architecture


class FloatAutoencoder(nn.Module):
    """Encoder LSTMs, a linear latent layer on the last state, decoder LSTMs that are given the latent vector at every step,
    and a linear output layer at every step.

    Source: Srivastava et al., "Unsupervised Learning of Video Representations using LSTMs" (2015), without conditioning; for
    anomaly detection, Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection" (2016).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = lstm_stack(architecture.n_features, architecture.encoder)
        self.latent = nn.Linear(architecture.encoder[-1], architecture.latent)
        self.decoder = lstm_stack(architecture.latent, architecture.decoder)
        self.output = nn.Linear(architecture.decoder[-1], architecture.n_features)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct windows ``(n, steps, n_features)``, shape unchanged."""
        steps = x.shape[1]
        for lstm in self.encoder:
            x, _ = lstm(x)
        latent: Tensor = self.latent(x[:, -1])
        y = latent.unsqueeze(1).expand(-1, steps, -1)
        for lstm in self.decoder:
            y, _ = lstm(y)
        reconstruction: Tensor = self.output(y)
        return reconstruction
