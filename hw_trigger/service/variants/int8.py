"""PyTorch's dynamic int8 quantization of the float network: what is to be had on a CPU without any training.

Weights are int8 with one scale a tensor; activations are quantized on the fly, with a range that is taken **over the whole
batch**. So what a window gives depends on the windows beside it: the same window may get another answer in another batch.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import check_windows
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.float_measures import float_measures
from hw_trigger.models.networks import FloatNetwork

_DEPRECATED = (
    (DeprecationWarning, r"torch\.ao\.quantization is deprecated and will be removed"),
    (
        UserWarning,
        r"torch\.quantize_per_tensor, torch\.quantize_per_channel and other quantized tensor creation functions",
    ),
)


class DynamicInt8Variant:
    """The float network with LSTM and linear layers quantized.

    `weight_bytes` is one for each weight, 4 for each tensor's scale, and 4 for each bias (two vectors in an LSTM); sums over rows
    that a library keeps beside packed weights are not counted.
    """

    name = "int8-dynamic"

    def __init__(self, model: FloatNetwork, program: Program) -> None:
        self.weight_bytes = sum(
            parameter.numel() + 4 if parameter.ndim == 2 else parameter.nbytes for parameter in model.parameters()
        )
        self._model, self._program = quantize(model), program

    def measure(self, raw: Codes) -> Codes:
        """See :class:`hw_trigger.service.variants.base.Variant`."""
        return float_measures(self._model, self._program, check_windows(self._program, raw))


def quantize(model: FloatNetwork) -> nn.Module:
    """Return the network with int8 weights in its LSTM and linear layers; the given one is not changed."""
    with warnings.catch_warnings():
        for category, message in _DEPRECATED:
            warnings.filterwarnings("ignore", message, category)
        function: Any = torch.ao.quantization.quantize_dynamic
        quantized: nn.Module = function(model, {nn.LSTM, nn.Linear}, dtype=torch.qint8)
    return quantized.eval()
