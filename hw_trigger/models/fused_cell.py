"""Brevitas' ``QuantLSTM`` with its recurrent loop fused: the same results in about a tenth of the time.

Brevitas builds a step of about 200 autograd operations; here it is some 40 operations, outside autograd. What is computed is
the same: the products are the very calls that Brevitas makes, the activations are taken over tensors of the same shape, and
all else is exact (scales are powers of two), so that outputs are equal bit for bit, whether or not the sums are exact.
Gradients are equal up to the order of summation.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from brevitas.core.function_wrapper import TensorClamp
from brevitas.core.scaling import ConstScaling
from brevitas.function.ops import max_int, min_int
from brevitas.nn.quant_rnn import _QuantLSTMLayer
from brevitas.quant_tensor import _unpack_quant_tensor
from torch import Tensor, nn

from hw_trigger.models.fused_steps import Clamp, Clamps, Sequence, Tapes

_GATES = ("input", "forget", "output", "cell")
"""Brevitas' names of the gates i, f, o, g, in the order of the fused steps."""


class FusedLSTMLayer(_QuantLSTMLayer):  # type: ignore[misc]
    """Brevitas' LSTM layer with the fused loop; :func:`fuse` turns layers into it."""

    def forward(
        self, inp: Tensor, hidden_state: Tensor | None = None, cell_state: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the hidden states ``(n, steps, units)``, and the last hidden and cell state ``(1, n, units)``."""
        if self.export_mode:
            return super().forward(inp, hidden_state, cell_state)  # type: ignore[no-any-return]
        x = _unpack_quant_tensor(self.maybe_quantize_input(inp))
        steps = x.shape[1]
        if x.stride(1) == 0:
            x = x[:, :1]
        gates = [getattr(self, f"{name}_gate_params") for name in _GATES]
        W, R, b = zip(*(self.gate_params_fwd(gate, x) for gate in gates), strict=True)
        h0 = _unpack_quant_tensor(self.maybe_quantize_state(x, hidden_state, self.cell.output_quant))
        c0 = _unpack_quant_tensor(self.maybe_quantize_state(x, cell_state, self.cell.cell_state_quant))
        parameters = [_unpack_quant_tensor(tensor) for tensor in (*W, *R, *b)]
        hidden, cell = Sequence.apply(self.clamps, self.tapes, steps, x, h0, c0, *parameters)  # type: ignore[no-untyped-call]
        return hidden, hidden[:, -1].unsqueeze(0), cell.unsqueeze(0)


def fuse(model: nn.Module) -> None:
    """Have every ``QuantLSTM`` within `model` run its steps fused, in place. Weights, state dict and results stay the same.

    Raises
    ------
    ValueError
        A layer is not of the kind that is fused: batch first, forward in time, own forget gate, plain tensors out, and constant
        power-of-two quantizers, shared by the gates.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, _QuantLSTMLayer) and not isinstance(layer, FusedLSTMLayer):
            clamps = _clamps(layer, name)
            layer.__class__ = FusedLSTMLayer
            layer.clamps, layer.tapes = clamps, Tapes()


def _clamps(layer: Any, name: str) -> Clamps:
    cell = layer.cell
    if layer.return_quant_tensor or layer.cifg or cell.reverse_input or not cell.batch_first:
        raise ValueError(f"layer {name!r} is not batch first, forward in time, with four gates and plain tensors out")
    groups = {
        "gate": ("input_acc", "forget_acc", "cell_acc", "output_acc"),
        "sigmoid": ("input_sigmoid", "forget_sigmoid", "output_sigmoid"),
        "tanh": ("cell_tanh", "hidden_state_tanh"),
        "cell": ("cell_state",),
        "hidden": ("output",),
    }
    found = {
        group: {_clamp(getattr(cell, f"{member}_quant"), f"{name}.{member}_quant") for member in members}
        for group, members in groups.items()
    }
    unlike = [group for group, clamps in found.items() if len(clamps) > 1]
    if unlike:
        raise ValueError(f"layer {name!r} has {unlike[0]} quantizers that differ")
    return Clamps(**{group: clamps.pop() for group, clamps in found.items()})


def _clamp(proxy: Any, name: str) -> Clamp:
    """Read a quantizer's constants."""
    if not proxy.is_quant_enabled:
        raise ValueError(f"quantizer {name!r} is disabled")
    quantizer = proxy.fused_activation_quant_proxy.tensor_quant
    constant = isinstance(quantizer.scaling_impl, ConstScaling)
    clamps = isinstance(quantizer.int_quant.tensor_clamp_impl, TensorClamp)
    step, zero_point, width = (float(value) for value in (proxy.scale(), proxy.zero_point(), proxy.bit_width()))
    if not (constant and clamps) or proxy.rounding_mode != "ROUND" or zero_point != 0 or math.frexp(step)[0] != 0.5:
        raise ValueError(f"quantizer {name!r} does not round half to even, with a constant power of two, and clamp")
    low, high = (
        int(limit(proxy.is_signed, proxy.is_narrow_range, torch.tensor(width))) for limit in (min_int, max_int)
    )
    return Clamp(step, low * step, high * step)
