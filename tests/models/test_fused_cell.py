"""The fused cell gives Brevitas' outputs to the bit, and its gradients."""

from __future__ import annotations

import copy
import re

import brevitas.nn as qnn
import pytest
import torch
from support.networks import DEEP, DEEP_CLASSIFIER, SMALL, random_classifier_network, random_network, random_samples
from torch import Tensor, nn

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.export import to_program
from hw_trigger.models.fused_cell import FusedLSTMLayer, fuse
from hw_trigger.models.quantizers import activation_quantizer, weight_quantizer
from hw_trigger.models.spec import Architecture

ONE_STEP = Architecture("one", window=1, encoder=(4,), latent=2, decoder=(3,))
LARGE = Architecture("large", window=3, encoder=(64,), latent=10, decoder=(64,))
WIDTHS = [(4, 4), (6, 8), (8, 8), (8, 12), (8, 16), (16, 16)]

CASES = [
    *((DEEP, widths) for widths in WIDTHS),
    (SMALL, (4, 4)),
    (SMALL, (8, 16)),
    (ONE_STEP, (8, 8)),
    (LARGE, (8, 8)),
    (LARGE, (16, 16)),
]

# Relative to the largest gradient of a tensor: what the order of summation makes.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def pair(model: nn.Module) -> tuple[nn.Module, nn.Module]:
    fused = copy.deepcopy(model)
    fuse(fused)
    assert any(isinstance(layer, FusedLSTMLayer) for layer in fused.modules())
    assert not any(isinstance(layer, FusedLSTMLayer) for layer in model.modules())
    return model, fused


def close(found: Tensor | None, wanted: Tensor | None) -> bool:
    assert found is not None
    assert wanted is not None
    scale = wanted.abs().max()
    return bool((found - wanted).abs().max() <= TOLERANCE[wanted.dtype] * scale)


def test_a_classifier_equals_stock() -> None:
    """Its last layer's sequence is not used but for its end, and gradients come from there alone."""
    stock, fused = pair(random_classifier_network(DEEP_CLASSIFIER, 8, 8))
    x, labels = random_samples(DEEP_CLASSIFIER, 13), torch.arange(13) % 3
    wanted, found = stock(x), fused(x)
    assert torch.equal(found, wanted)
    for logits in (wanted, found):
        nn.functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
    gradients = zip(fused.named_parameters(), stock.named_parameters(), strict=True)
    for (name, given), (_, expected) in gradients:
        assert close(given.grad, expected.grad), name
    assert sum(bool((parameter.grad != 0).any()) for parameter in stock.parameters() if parameter.grad is not None) > 20


@pytest.mark.parametrize(("architecture", "widths"), CASES, ids=lambda item: getattr(item, "name", None))
def test_equals_stock(architecture: Architecture, widths: tuple[int, int]) -> None:
    stock, fused = pair(random_network(architecture, *widths))
    for dtype in (torch.float32, torch.float64):
        x = random_samples(architecture, 13).to(dtype)
        target = random_samples(architecture, 13, seed=1).to(dtype)
        wanted = stock.to(dtype)(x)
        stock.zero_grad()
        (wanted - target).square().sum().backward()
        # The second round finds the memory of the first.
        for _ in range(2):
            found = fused.to(dtype)(x)
            fused.zero_grad()
            (found - target).square().sum().backward()
            assert torch.equal(found, wanted)
            for (name, expected), parameter in zip(stock.named_parameters(), fused.parameters(), strict=True):
                assert close(parameter.grad, expected.grad), name
        with torch.no_grad():
            assert torch.equal(fused(x), wanted)
            assert torch.equal(fused(x[:5]), stock(x[:5]))


def test_the_comparison_would_notice() -> None:
    """The networks saturate in every kind of tensor that they can, their outputs vary, and gradients flow to every weight."""
    saturated: set[str] = set()
    for widths in WIDTHS:
        model = random_network(DEEP, *widths)
        fuse(model)
        x = random_samples(DEEP, 13)
        output = model(x)
        assert len(output.unique()) >= 7
        output.sum().backward()
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
        program = to_program(model, name="network")
        result = golden.run(program, program.raw.quantize(x.double().numpy()))
        saturated |= {name.split(".")[1] for name, count in result.saturations.items() if count}
    assert {"gate_i", "gate_f", "gate_g", "gate_o", "cell", "output"} <= saturated


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_and_inputs(dtype: torch.dtype) -> None:
    """A layer alone: given states, and the gradients of its inputs; sequences and repeated vectors."""
    stock, fused = pair(random_network(SMALL, 8, 8).to(dtype).encoder[0])
    for repeated in (False, True):
        inputs = []
        for model in (stock, fused):
            torch.manual_seed(2)
            x = torch.randn(4, 1 if repeated else 9, 1, dtype=dtype).requires_grad_()
            h, c = (torch.randn(1, 4, 5, dtype=dtype).requires_grad_() for _ in range(2))
            y, (last, cell) = model(x.expand(-1, 9, -1), h, c)
            (y.square().sum() + last.sum() + cell.square().sum()).backward()
            inputs.append((y, last, cell, x.grad, h.grad, c.grad))
        for found, wanted in zip(inputs[1][:3], inputs[0][:3], strict=True):
            assert torch.equal(found, wanted)
        for found, wanted in zip(inputs[1][3:], inputs[0][3:], strict=True):
            assert close(found, wanted)


def test_pending_backward_passes_keep_their_memory() -> None:
    stock, fused = pair(random_network(SMALL, 8, 8).double())
    batches = [random_samples(SMALL, 6, seed).double() for seed in range(3)]
    for model in (stock, fused):
        losses = [model(batch).square().sum() for batch in batches]
        with torch.no_grad():
            model(batches[0])
        for loss in losses:
            loss.backward()
    for expected, parameter in zip(stock.parameters(), fused.parameters(), strict=True):
        assert close(parameter.grad, expected.grad)


def test_a_second_backward_pass_is_refused() -> None:
    _, fused = pair(random_network(SMALL, 8, 8))
    loss = fused(random_samples(SMALL, 6)).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="memory of this forward pass has been given back"):
        loss.backward()


def test_fusing_keeps_weights_and_state_dict() -> None:
    stock, fused = pair(random_network(DEEP, 8, 8))
    fused(random_samples(DEEP, 3)).sum().backward()
    assert list(fused.state_dict()) == list(stock.state_dict())
    stock.load_state_dict(fused.state_dict())
    again = copy.deepcopy(fused)
    fuse(again)
    assert torch.equal(again(random_samples(DEEP, 3)), stock(random_samples(DEEP, 3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"batch_first": False},
            "layer 'layers.0.0' is not batch first, forward in time, with four gates and plain tensors out",
        ),
        (
            {"coupled_input_forget_gates": True},
            "layer 'layers.0.0' is not batch first, forward in time, with four gates and plain tensors out",
        ),
        ({"tanh_quant": None}, "quantizer 'layers.0.0.cell_tanh_quant' is disabled"),
        (
            {"gate_acc_float_to_int_impl_type": "FLOOR"},
            "quantizer 'layers.0.0.input_acc_quant' does not round half to even, with a constant power of two, and clamp",
        ),
        (
            {"cell_state_scaling_init": 0.7, "cell_state_restrict_scaling_type": "FP"},
            "quantizer 'layers.0.0.cell_state_quant' does not round half to even, with a constant power of two, and clamp",
        ),
    ],
)
def test_refuses(options: dict[str, object], message: str) -> None:
    act, w = activation_quantizer(Format(8, 1)), weight_quantizer(Format(8, 1))
    settings = {"batch_first": True, "tanh_quant": act, **options}
    model = qnn.QuantLSTM(
        2, 3, weight_quant=w, io_quant=act, gate_acc_quant=act, sigmoid_quant=act, cell_state_quant=act, **settings
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fuse(model)
