"""What the float autoencoder's tensors hold while it reconstructs windows: the values that formats are calibrated to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hw_trigger.models.float_autoencoder import FloatAutoencoder


@dataclass(frozen=True)
class LstmValues:
    """Values of one LSTM layer over all windows and steps; sums and activations of the gates i, f, g, o in the last dimension."""

    sums: tuple[Tensor, Tensor, Tensor, Tensor]
    sigmoids: Tensor
    tanhs: Tensor
    cell: Tensor
    hidden: Tensor


@dataclass(frozen=True)
class NetworkValues:
    """Values of every layer's tensors, in the order of the data."""

    input: Tensor
    encoder: tuple[LstmValues, ...]
    latent: Tensor
    decoder: tuple[LstmValues, ...]
    output: Tensor


@torch.no_grad()
def observe(model: FloatAutoencoder, windows: Tensor) -> NetworkValues:
    """Run the autoencoder on windows ``(n, steps, n_features)`` and return what its tensors held."""
    encoder, decoder = [], []
    x, steps = windows, windows.shape[1]
    for lstm in model.encoder:
        encoder.append(observe_lstm(lstm, x))
        x = encoder[-1].hidden
    latent = model.latent(x[:, -1])
    x = latent.unsqueeze(1).expand(-1, steps, -1)
    for lstm in model.decoder:
        decoder.append(observe_lstm(lstm, x))
        x = decoder[-1].hidden
    return NetworkValues(windows, tuple(encoder), latent, tuple(decoder), model.output(x))


@torch.no_grad()
def observe_lstm(lstm: Any, x: Tensor) -> LstmValues:
    """Return the values of an LSTM layer given ``(n, steps, inputs)``; PyTorch's own gives only the hidden states.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with forget gates (Gers et al., 2000), as in
    ``torch.nn.LSTM``.
    """
    from_x = x @ lstm.weight_ih_l0.t() + (lstm.bias_ih_l0 + lstm.bias_hh_l0)
    h = c = x.new_zeros(len(x), lstm.hidden_size)
    sums, cells, hiddens = [], [], []
    for step in from_x.unbind(1):
        sums.append(step + h @ lstm.weight_hh_l0.t())
        i, f, g, o = sums[-1].chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        cells.append(c)
        hiddens.append(h)
    i, f, g, o = torch.stack(sums, dim=1).chunk(4, dim=-1)
    cell = torch.stack(cells, dim=1)
    sigmoids = torch.sigmoid(torch.stack((i, f, o)))
    tanhs = torch.tanh(torch.stack((g, cell)))
    return LstmValues((i, f, g, o), sigmoids, tanhs, cell, torch.stack(hiddens, dim=1))
