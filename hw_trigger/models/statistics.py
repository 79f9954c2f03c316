"""What a float network's tensors hold while it runs on windows: the values that formats are calibrated to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier


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
    """Values of every tensor of an autoencoder, in the order of the data."""

    input: Tensor
    encoder: tuple[LstmValues, ...]
    latent: Tensor
    decoder: tuple[LstmValues, ...]
    output: Tensor


@dataclass(frozen=True)
class ClassifierValues:
    """Values of every tensor of a classifier, in the order of the data; of dense layers, rectified."""

    input: Tensor
    lstm: tuple[LstmValues, ...]
    dense: tuple[Tensor, ...]
    logits: Tensor


@torch.no_grad()
def observe(model: FloatAutoencoder, windows: Tensor) -> NetworkValues:
    """Run the autoencoder on windows ``(n, steps, n_features)`` and return what its tensors held."""
    encoder = _observe_stack(model.encoder, windows)
    latent = model.latent(encoder[-1].hidden[:, -1])
    decoder = _observe_stack(model.decoder, latent.unsqueeze(1).expand(-1, windows.shape[1], -1))
    return NetworkValues(windows, encoder, latent, decoder, model.output(decoder[-1].hidden))


@torch.no_grad()
def observe_classifier(model: FloatClassifier, windows: Tensor) -> ClassifierValues:
    """Run the classifier on windows ``(n, steps, n_features)`` and return what its tensors held."""
    lstm = _observe_stack(model.lstm, windows)
    features = [lstm[-1].hidden[:, -1]]
    for layer in model.dense:
        features.append(torch.relu(layer(features[-1])))
    return ClassifierValues(windows, lstm, tuple(features[1:]), model.logits(features[-1]))


def _observe_stack(lstms: nn.ModuleList, x: Tensor) -> tuple[LstmValues, ...]:
    found: list[LstmValues] = []
    for lstm in lstms:
        found.append(observe_lstm(lstm, x))
        x = found[-1].hidden
    return tuple(found)


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
