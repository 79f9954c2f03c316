"""Brevitas' quantizers are the formats they are made from: scale, range, and every rounding."""

from __future__ import annotations

import re

import brevitas.nn as qnn
import numpy as np
import pytest
import torch

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.models.quantizers import QuantizerError, activation_quantizer, bias_quantizer, weight_quantizer

FORMATS = [
    Format(width, integer, signed, overflow=overflow)
    for width in (2, 4, 8, 12, 16)
    for integer in (-5, 0, 1, 3, 18)
    for signed in (True, False)
    for overflow in (Overflow.SAT, Overflow.SAT_SYM)
]


def samples(target: Format) -> torch.Tensor:
    """Values at and beside every kind of corner: halves between codes, both limits, far beyond them."""
    codes = np.concatenate(
        [np.arange(-9, 9) / 4, target.low + np.arange(-9, 9) / 4, target.high + np.arange(-9, 9) / 4, [-1e6, 1e6]]
    )
    return torch.from_numpy(np.ldexp(codes, -target.fraction))


@pytest.mark.parametrize("target", FORMATS, ids=str)
def test_activation(target: Format) -> None:
    quantizer = qnn.QuantIdentity(activation_quantizer(target), return_quant_tensor=True)
    for dtype in (torch.float32, torch.float64):
        values = samples(target).to(dtype).requires_grad_()
        result = quantizer.to(dtype)(values)
        assert (float(result.scale), float(result.zero_point), float(result.bit_width)) == (
            target.step,
            0.0,
            target.width,
        )
        assert bool(result.signed) is target.signed
        wanted = target.quantize(values.detach().double().numpy())
        np.testing.assert_array_equal(result.value.detach().double().numpy(), target.values(wanted))
        result.value.sum().backward()
        rounded = np.rint(np.ldexp(values.detach().double().numpy(), target.fraction))
        inside = (rounded >= target.low) & (rounded <= target.high)
        assert values.grad is not None
        np.testing.assert_array_equal(values.grad.numpy(), inside)


@pytest.mark.parametrize("target", [item for item in FORMATS if item.signed][::3], ids=str)
def test_weight_and_bias(target: Format) -> None:
    values = samples(target).float()
    layer = qnn.QuantLinear(
        1, len(values), bias=True, weight_quant=weight_quantizer(target), bias_quant=bias_quantizer(target)
    )
    with torch.no_grad():
        layer.weight.copy_(values[:, None])
        layer.bias.copy_(values)
    wanted = target.values(target.quantize(values.double().numpy()))
    for result in (layer.quant_weight(), layer.bias_quant(layer.bias)):
        assert (float(result.scale), float(result.zero_point), float(result.bit_width)) == (
            target.step,
            0.0,
            target.width,
        )
        np.testing.assert_array_equal(result.value.detach().double().numpy().ravel(), wanted)
    # A saturated weight still learns.
    (layer.quant_weight().value.sum() + layer.bias_quant(layer.bias).value.sum()).backward()
    assert (layer.weight.grad == 1).all()
    assert (layer.bias.grad == 1).all()


@pytest.mark.parametrize("make", [activation_quantizer, weight_quantizer, bias_quantizer])
@pytest.mark.parametrize("modes", [(Rounding.TRN, Overflow.SAT), (Rounding.RND_CONV, Overflow.WRAP)])
def test_refuses_other_modes(make: object, modes: tuple[Rounding, Overflow]) -> None:
    target = Format(8, 2, True, *modes)
    kind = str(getattr(make, "__name__", "")).removesuffix("_quantizer")
    message = (
        f"the {kind} format {target} has no Brevitas quantizer; its modes must be AP_RND_CONV and AP_SAT or AP_SAT_SYM"
    )
    with pytest.raises(QuantizerError, match=f"^{re.escape(message)}$"):
        make(target)  # type: ignore[operator]
