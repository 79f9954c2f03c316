"""Autoencoders of plain Brevitas layers, and their export by Brevitas itself: QONNX files of other origin."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import onnx
import pytest
import torch
from torch import Tensor, nn

from hw_trigger.fixedpoint.formats import Format, Overflow
from hw_trigger.models.quantizers import activation_quantizer, bias_quantizer, weight_quantizer
from hw_trigger.qonnx.contract import QONNX_DOMAIN, QUANTIZERS


class BrevitasAutoencoder(nn.Module):
    """What somebody would write with Brevitas alone: the last state of one LSTM, a linear layer, and the way back.

    Every tensor has another format; the decoder is given the repeated latent vector in its hidden state's format, as Brevitas
    does.
    """

    def __init__(
        self, steps: int, features: int, units: int, latent: int, *, bias: bool = True, steps_first: bool = False
    ) -> None:
        super().__init__()
        self.steps, self.steps_first = steps, steps_first
        weight = weight_quantizer(Format(7, 1, overflow=Overflow.SAT_SYM))
        biases = bias_quantizer(Format(12, 3)) if bias else None

        def lstm(inputs: int, hidden: Format) -> nn.Module:
            layer: nn.Module = qnn.QuantLSTM(
                inputs,
                units,
                bias=bias,
                batch_first=not steps_first,
                weight_quant=weight,
                bias_quant=biases,
                io_quant=activation_quantizer(hidden),
                gate_acc_quant=activation_quantizer(Format(9, 4)),
                sigmoid_quant=activation_quantizer(Format(8, 0, signed=False)),
                tanh_quant=activation_quantizer(Format(8, 1)),
                cell_state_quant=activation_quantizer(Format(10, 3)),
            )
            return layer

        def linear(inputs: int, outputs: int, output: Format) -> nn.Module:
            layer: nn.Module = qnn.QuantLinear(
                inputs,
                outputs,
                bias=bias,
                weight_quant=weight,
                bias_quant=biases,
                output_quant=activation_quantizer(output),
            )
            return layer

        self.input = qnn.QuantIdentity(activation_quantizer(Format(9, 2)), return_quant_tensor=True)
        self.encoder = lstm(features, Format(8, 1))
        self.latent = linear(units, latent, Format(8, 2))
        self.decoder = lstm(latent, Format(7, 1))
        self.output = linear(units, features, Format(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.input(x)
        if self.steps_first:
            x = x.transpose(0, 1)
        _, (h, _) = self.encoder(x)
        latent = self.latent(h[0])
        time = 0 if self.steps_first else 1
        shape = [-1, -1, -1]
        shape[time] = self.steps
        y, _ = self.decoder(latent.unsqueeze(time).expand(*shape))
        reconstruction: Tensor = self.output(y)
        return reconstruction.transpose(0, 1) if self.steps_first else reconstruction


def trained(model: nn.Module, seed: int) -> nn.Module:
    """Give a model weights that are large enough for outputs of many values, off the grid as those of training are."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.2 if name.endswith("bias") else 1.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
    return model.eval()


def export(model: nn.Module, windows: Tensor, path: Path, **options: Any) -> onnx.ModelProto:
    """Export as Brevitas does; the warnings are Brevitas' and PyTorch's about themselves."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        from brevitas.export import export_qonnx

        export_qonnx(model, windows, export_path=str(path), input_names=["x"], output_names=["y"], **options)
    return onnx.load(path)


def mend_dynamo_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Brevitas' dynamo exporter write ``QuantLSTMCell``; as released, it silently writes zeros (its issue 1544)."""

    def cell(handler: Any, x: Tensor, h: Tensor, c: Tensor, *parameters: Tensor) -> Any:
        if torch.jit.is_tracing():  # type: ignore[attr-defined,no-untyped-call]
            return original(handler, x, h, c, *parameters)
        given = handler.symbolic_kwargs
        tensors = [x, h, c, *parameters]
        attributes: dict[str, Any] = {name: int(given[name]) for name in ("batch_first", "reverse_input", "cifg")}
        for name in QUANTIZERS:
            tensors += [given[f"{name}_{part}"] for part in ("scale", "zero_point", "bit_width")]
            attributes[f"{name}_narrow"] = int(given[f"{name}_narrow_range"])
            attributes[f"{name}_signed"] = int(given[f"{name}_signed"])
            attributes[f"{name}_rounding_mode"] = str(given[f"{name}_rounding_mode"])
        state = list(h.shape)
        return torch.onnx.ops.symbolic_multi_out(
            f"{QONNX_DOMAIN}::QuantLSTMCell",
            tensors,
            attributes,
            dtypes=[x.dtype] * 3,
            shapes=[[*x.shape[:2], state[1]], state, state],
            version=2,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from brevitas.export.onnx.qonnx.handler import BrevitasQuantLSTMLayerHandler
    original = BrevitasQuantLSTMLayerHandler.quantized_cell_symbolic_execution
    monkeypatch.setattr(BrevitasQuantLSTMLayerHandler, "quantized_cell_symbolic_execution", cell)
