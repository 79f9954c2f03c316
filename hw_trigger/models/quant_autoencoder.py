"""The LSTM autoencoder in fixed point, of Brevitas' quantized layers."""

from __future__ import annotations

from itertools import pairwise

import brevitas.nn as qnn
from torch import Tensor, nn

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.quantizers import activation_quantizer, bias_quantizer, weight_quantizer
from hw_trigger.models.spec import Architecture, DenseFormats, LstmFormats, NetworkFormats


class QuantAutoencoder(nn.Module):
    """The autoencoder of `architecture` with every tensor in the format that `formats` gives it.

    Its layers are those of :class:`~hw_trigger.models.float_autoencoder.FloatAutoencoder`, by the same names.
    """

    def __init__(self, architecture: Architecture, formats: NetworkFormats) -> None:
        super().__init__()
        self.architecture = architecture
        self.formats = formats
        self.input = qnn.QuantIdentity(activation_quantizer(formats.input))
        self.encoder = _lstms(architecture.n_features, architecture.encoder, formats.encoder)
        self.latent = _linear(architecture.encoder[-1], architecture.latent, formats.latent)
        self.decoder = _lstms(architecture.latent, architecture.decoder, formats.decoder)
        self.output = _linear(architecture.decoder[-1], architecture.n_features, formats.output)
        layers: list[LstmFormats | DenseFormats] = [*formats.encoder, formats.latent, *formats.decoder, formats.output]
        before = [formats.input, *(_output(layer) for layer in layers)]
        self.inputs = nn.ModuleList(
            [_requantizer(given, layer.input) for given, layer in zip(before, layers, strict=False)]
        )

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

    def load_float(self, model: FloatAutoencoder) -> None:
        """Take over the weights of a float autoencoder of the same architecture; PyTorch's two biases become their sum."""
        for name in ("encoder", "latent", "decoder", "output"):
            source, target = getattr(model, name), getattr(self, name)
            pairs = [(source, target)] if isinstance(source, nn.Linear) else zip(source, target, strict=True)
            for layer, quantized in pairs:
                quantized.load_state_dict(layer.state_dict())


def _lstms(inputs: int, units: tuple[int, ...], formats: tuple[LstmFormats, ...]) -> nn.ModuleList:
    return nn.ModuleList(
        [_lstm(before, after, item) for (before, after), item in zip(pairwise((inputs, *units)), formats, strict=True)]
    )


def _lstm(inputs: int, units: int, formats: LstmFormats) -> qnn.QuantLSTM:
    lstm = qnn.QuantLSTM(
        inputs,
        units,
        batch_first=True,
        weight_quant=weight_quantizer(formats.weight),
        bias_quant=bias_quantizer(formats.bias),
        io_quant=activation_quantizer(formats.hidden),
        gate_acc_quant=activation_quantizer(formats.gate),
        sigmoid_quant=activation_quantizer(formats.sigmoid),
        tanh_quant=activation_quantizer(formats.tanh),
        cell_state_quant=activation_quantizer(formats.cell),
    )
    # Brevitas would bring the input to the hidden state's format; here it comes in its own already.
    lstm.layers[0][0].quantize_output_only = True
    return lstm


def _linear(inputs: int, outputs: int, formats: DenseFormats) -> qnn.QuantLinear:
    return qnn.QuantLinear(
        inputs,
        outputs,
        bias=True,
        weight_quant=weight_quantizer(formats.weight),
        bias_quant=bias_quantizer(formats.bias),
        output_quant=activation_quantizer(formats.output),
    )


def _output(formats: LstmFormats | DenseFormats) -> Format:
    return formats.hidden if isinstance(formats, LstmFormats) else formats.output


def _requantizer(given: Format, wanted: Format) -> nn.Module:
    """Bring a layer's output to the format that the next one takes, where it has another."""
    return nn.Identity() if given == wanted else qnn.QuantIdentity(activation_quantizer(wanted))
