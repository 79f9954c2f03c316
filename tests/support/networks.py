"""Small autoencoders for tests: formats of given widths, weights that reach saturation, windows that do."""

from __future__ import annotations

import torch
from torch import Tensor

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.spec import Architecture, DenseFormats, LstmFormats, NetworkFormats

SMALL = Architecture("small", window=7, encoder=(5,), latent=3, decoder=(6,))
DEEP = Architecture("deep", n_features=3, window=6, encoder=(6, 4), latent=2, decoder=(5, 7))


def network_formats(architecture: Architecture, weight: int, state: int) -> NetworkFormats:
    """Return formats with `weight` bits for weights and `state` bits for all else; ranges that are reached."""
    x, hidden = Format(state, 2), Format(state, 1)
    w = Format(weight, 1, overflow=Overflow.SAT_SYM)
    b = Format(max(weight, 8), 2)

    def lstm(data: Format) -> LstmFormats:
        return LstmFormats(
            input=data,
            weight=w,
            bias=b,
            gate=Format(state, 2),
            sigmoid=Format(state, 0, signed=False),
            tanh=Format(state, 1, overflow=Overflow.SAT_SYM),
            cell=Format(state, 1),
            hidden=hidden,
        )

    latent = Format(state, 1)
    return NetworkFormats(
        input=x,
        encoder=(lstm(x), *(lstm(hidden) for _ in architecture.encoder[1:])),
        latent=DenseFormats(hidden, w, b, latent),
        decoder=(lstm(latent), *(lstm(hidden) for _ in architecture.decoder[1:])),
        output=DenseFormats(hidden, w, b, Format(state, 1)),
    )


def random_network(architecture: Architecture, weight: int, state: int, seed: int = 0) -> QuantAutoencoder:
    """Return a quantized autoencoder with random weights, some of them outside their format's range."""
    torch.manual_seed(seed)
    model = QuantAutoencoder(architecture, network_formats(architecture, weight, state))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.6)
    return model


def random_samples(architecture: Architecture, n: int, seed: int = 0) -> Tensor:
    """Return windows of noise and waves, some beyond the range of the input's format."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n, architecture.window, architecture.n_features)
    noise = torch.randn(shape, generator=generator)
    wave = torch.sin(torch.arange(shape[1])[:, None] * 0.7 + noise[:, :1]) * 2.5
    return torch.where(torch.arange(n)[:, None, None] % 2 == 0, noise, wave)
