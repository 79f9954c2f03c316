"""The LSTM classifier in fixed point, of Brevitas' quantized layers."""

from __future__ import annotations

from itertools import pairwise

import brevitas.nn as qnn
from torch import Tensor, nn

from hw_trigger.models.quant_layers import linear, load_layers, lstm_stack, requantizers
from hw_trigger.models.quantizers import activation_quantizer
from hw_trigger.models.spec import ClassifierArchitecture, ClassifierFormats


class QuantClassifier(nn.Module):
    """The classifier of `architecture` with every tensor in the format that `formats` gives it.

    Its layers are those of :class:`~hw_trigger.models.float_classifier.FloatClassifier`, by the same names. The ReLU of a dense
    layer is the unsigned format of its output.
    """

    def __init__(self, architecture: ClassifierArchitecture, formats: ClassifierFormats) -> None:
        super().__init__()
        self.architecture = architecture
        self.formats = formats
        widths = (architecture.lstm[-1], *architecture.dense)
        sizes = zip(pairwise(widths), formats.dense, strict=True)
        self.input = qnn.QuantIdentity(activation_quantizer(formats.input))
        self.lstm = lstm_stack(architecture.n_features, architecture.lstm, formats.lstm)
        self.dense = nn.ModuleList([linear(before, after, given) for (before, after), given in sizes])
        self.logits = linear(widths[-1], architecture.n_classes, formats.logits)
        self.inputs = requantizers(formats.input, [*formats.lstm, *formats.dense, formats.logits])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits ``(n, n_classes)`` of windows ``(n, steps, n_features)``."""
        requantize = iter(self.inputs)
        x = self.input(x)
        for lstm in self.lstm:
            x, _ = lstm(next(requantize)(x))
        y = x[:, -1]
        for layer in self.dense:
            y = layer(next(requantize)(y))
        logits: Tensor = self.logits(next(requantize)(y))
        return logits

    def load_float(self, model: nn.Module) -> None:
        """Take over the weights of the float network of the same architecture; PyTorch's two biases become their sum."""
        for name in ("lstm", "dense", "logits"):
            load_layers(getattr(self, name), getattr(model, name))
