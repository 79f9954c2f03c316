"""The LSTM autoencoder in floating point: what the quantized one starts from and is compared with."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

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
        self.encoder = _lstms(architecture.n_features, architecture.encoder)
        self.latent = nn.Linear(architecture.encoder[-1], architecture.latent)
        self.decoder = _lstms(architecture.latent, architecture.decoder)
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


def _lstms(inputs: int, units: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList([_lstm(before, after) for before, after in pairwise((inputs, *units))])


def _lstm(inputs: int, units: int) -> nn.LSTM:
    """Return a layer that remembers from the start: orthogonal recurrent weights, and forget gates that begin open.

    With PyTorch's own initial weights the autoencoder of 100 steps stays at the mean of its input for dozens of epochs.
    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning" (2014); Jozefowicz et al., "An Empirical
    Exploration of Recurrent Network Architectures" (2015) for the bias of 1.
    """
    lstm = nn.LSTM(inputs, units, batch_first=True)
    state = lstm.state_dict()
    # The gates i, f, g, o are one below the other, and of PyTorch's two biases the sum counts.
    for weight in state["weight_hh_l0"].split(units):
        nn.init.orthogonal_(weight)
    nn.init.xavier_uniform_(state["weight_ih_l0"])
    nn.init.zeros_(state["bias_hh_l0"])
    nn.init.zeros_(state["bias_ih_l0"])
    nn.init.ones_(state["bias_ih_l0"][units : 2 * units])
    return lstm
