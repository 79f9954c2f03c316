"""The LSTM autoencoder in fixed point, of Brevitas' quantized layers."""

from __future__ import annotations

import brevitas.nn as qnn
from torch import Tensor, nn

from hw_trigger.models.quant_layers import linear, load_layers, lstm_stack, requantizers
from hw_trigger.models.quantizers import activation_quantizer
from hw_trigger.models.spec import Architecture, NetworkFormats


class QuantAutoencoder(nn.Module):
    """The autoencoder of `architecture` with every tensor in the format that `formats` gives it.

    Its layers are those of :class:`~hw_trigger.models.float_autoencoder.FloatAutoencoder`, by the same names.
    """

    def __init__(self, architecture: Architecture, formats: NetworkFormats) -> None:
        super().__init__()
        self.architecture = architecture
        self.formats = formats
        self.input = qnn.QuantIdentity(activation_quantizer(formats.input))
        self.encoder = lstm_stack(architecture.n_features, architecture.encoder, formats.encoder)
        self.latent = linear(architecture.encoder[-1], architecture.latent, formats.latent)
        self.decoder = lstm_stack(architecture.latent, architecture.decoder, formats.decoder)
        self.output = linear(architecture.decoder[-1], architecture.n_features, formats.output)
        self.inputs = requantizers(formats.input, [*formats.encoder, formats.latent, *formats.decoder, formats.output])

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct windows ``(n, steps, n_features)``, shape unchanged."""
        steps = x.shape[1]
        requantizers = iter(self.inputs)
        x = self.input(x)
        for lstm in self.encoder:
            x, _ = lstm(next(requantizers)(x))
        latent: Tensor = self.latent(next(requantizers)(x[:, -1]))
        # Brought to the decoder's input format before it is repeated: the fused cell then multiplies it once.
        y = latent if not self.decoder else next(requantizers)(latent)
        y = y.unsqueeze(1).expand(-1, steps, -1)
        for index, lstm in enumerate(self.decoder):
            y, _ = lstm(y if index == 0 else next(requantizers)(y))
        reconstruction: Tensor = self.output(next(requantizers)(y))
        return reconstruction

    def load_float(self, model: nn.Module) -> None:
        """Take over the weights of the float network of the same architecture; PyTorch's two biases become their sum."""
        for name in ("encoder", "latent", "decoder", "output"):
            load_layers(getattr(self, name), getattr(model, name))
