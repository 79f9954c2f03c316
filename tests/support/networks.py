"""Small networks for tests: formats of given widths, weights that reach saturation, windows that do."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import (
    Architecture,
    ClassifierArchitecture,
    ClassifierFormats,
    DenseFormats,
    LstmFormats,
    NetworkFormats,
)

Network = TypeVar("Network", QuantAutoencoder, QuantClassifier)

SMALL = Architecture("small", window=7, encoder=(5,), latent=3, decoder=(6,))
DEEP = Architecture("deep", n_features=3, window=6, encoder=(6, 4), latent=2, decoder=(5, 7))

CLASSIFIER = ClassifierArchitecture("classifier", window=7, lstm=(5,), dense=(4,))
DEEP_CLASSIFIER = ClassifierArchitecture("deep", n_features=3, window=6, lstm=(6, 4), dense=(5, 3), n_classes=3)


def network_formats(architecture: Architecture, weight: int, state: int) -> NetworkFormats:
    """Return formats with `weight` bits for weights and `state` bits for all else; ranges that are reached."""
    x, hidden, latent = Format(state, 2), Format(state, 1), Format(state, 1)
    w, b = _parameters(weight)
    return NetworkFormats(
        input=x,
        encoder=_stack(len(architecture.encoder), x, weight, state),
        latent=DenseFormats(hidden, w, b, latent),
        decoder=_stack(len(architecture.decoder), latent, weight, state),
        output=DenseFormats(hidden, w, b, Format(state, 1)),
    )


def classifier_formats(architecture: ClassifierArchitecture, weight: int, state: int) -> ClassifierFormats:
    """Return formats as `network_formats` does; what dense layers put out is unsigned."""
    x, hidden, rectified = Format(state, 2), Format(state, 1), Format(state, 0, signed=False)
    w, b = _parameters(weight)
    widths = [hidden, *(rectified for _ in architecture.dense)]
    return ClassifierFormats(
        input=x,
        lstm=_stack(len(architecture.lstm), x, weight, state),
        dense=tuple(DenseFormats(given, w, b, rectified) for given in widths[:-1]),
        logits=DenseFormats(widths[-1], w, b, Format(state, 2)),
    )


def _parameters(weight: int) -> tuple[Format, Format]:
    return Format(weight, 1, overflow=Overflow.SAT_SYM), Format(max(weight, 8), 2)


def _stack(count: int, data: Format, weight: int, state: int) -> tuple[LstmFormats, ...]:
    hidden = Format(state, 1)
    w, b = _parameters(weight)

    def lstm(x: Format) -> LstmFormats:
        return LstmFormats(
            input=x,
            weight=w,
            bias=b,
            gate=Format(state, 2),
            sigmoid=Format(state, 0, signed=False),
            tanh=Format(state, 1, overflow=Overflow.SAT_SYM),
            cell=Format(state, 1),
            hidden=hidden,
        )

    return (lstm(data), *(lstm(hidden) for _ in range(count - 1)))


def random_network(architecture: Architecture, weight: int, state: int, seed: int = 0) -> QuantAutoencoder:
    """Return a quantized autoencoder with random weights, some of them outside their format's range."""
    torch.manual_seed(seed)
    return _scatter(QuantAutoencoder(architecture, network_formats(architecture, weight, state)))


def random_classifier_network(
    architecture: ClassifierArchitecture, weight: int, state: int, seed: int = 0
) -> QuantClassifier:
    """Return a quantized classifier with random weights, some of them outside their format's range."""
    torch.manual_seed(seed)
    model = _scatter(QuantClassifier(architecture, classifier_formats(architecture, weight, state)))
    with torch.no_grad():
        for layer in (*model.dense, model.logits):  # else biases alone would decide which rectifiers let through
            layer.bias.mul_(0.25)
    return model


def _scatter(model: Network) -> Network:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.6)
    return model


def random_samples(architecture: Architecture | ClassifierArchitecture, n: int, seed: int = 0) -> Tensor:
    """Return windows of noise and waves, some beyond the range of the input's format."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n, architecture.window, architecture.n_features)
    noise = torch.randn(shape, generator=generator)
    wave = torch.sin(torch.arange(shape[1])[:, None] * 0.7 + noise[:, :1]) * 2.5
    return torch.where(torch.arange(n)[:, None, None] % 2 == 0, noise, wave)
