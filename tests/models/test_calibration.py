"""Integer bits follow from the float network, and impossible specifications are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.networks import DEEP, DEEP_CLASSIFIER, SMALL, random_samples
from torch import Tensor

from hw_trigger.fixedpoint import golden
from hw_trigger.models.calibration import CalibrationError, calibrate
from hw_trigger.models.export import to_program
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import Architecture, LstmFormats, NetworkFormats, QuantSpec, TensorSpec
from hw_trigger.models.statistics import observe, observe_classifier, observe_lstm


def float_network(architecture: Architecture, scale: float = 1.0) -> FloatAutoencoder:
    torch.manual_seed(4)
    model = FloatAutoencoder(architecture)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def test_observes_what_the_network_computes() -> None:
    model = float_network(DEEP, 2.0)
    x = random_samples(DEEP, 8)
    values = observe(model, x)
    assert torch.allclose(values.output, model(x), atol=1e-6)
    lstm = model.encoder[0]
    hidden, (_, cell) = lstm(x)
    layer = observe_lstm(lstm, x)
    assert torch.allclose(layer.hidden, hidden, atol=1e-6)
    assert torch.allclose(layer.cell[:, -1], cell[0], atol=1e-6)
    i, f, g, o = layer.sums
    assert torch.equal(layer.sigmoids, torch.sigmoid(torch.stack((i, f, o))))
    assert torch.equal(layer.tanhs[0], torch.tanh(g))


ARCHITECTURES = pytest.mark.parametrize("architecture", [SMALL, DEEP], ids=lambda item: item.name)

BOUNDS = {4: 0.75, 8: 0.012, 12: 5e-5}
"""What quantization to so many bits may add to a reconstruction, as a share of its variance from window to window.

About twice what is found; one integer bit more or less for every tensor gives at least three times as much.
"""

CALIBRATED = ("weight", "bias", "gate", "sigmoid", "tanh", "cell", "hidden", "output")


def all_of_width(width: int) -> QuantSpec:
    """Return a specification with so many bits for every tensor, integer bits left open."""
    act = TensorSpec(width)
    return QuantSpec(
        weight=TensorSpec(width, narrow=True), input=TensorSpec(width, 1), gate=act, cell=act, latent=act, output=act,
        sigmoid=TensorSpec(width, signed=False), tanh=act, hidden=act,
    )  # fmt: skip


def quantization_error(model: FloatAutoencoder, formats: NetworkFormats) -> float:
    """Return the mean square that quantization adds, as a share of the reconstruction's variance from window to window."""
    quantized = QuantAutoencoder(model.architecture, formats)
    quantized.load_float(model)
    x = samples(model.architecture)
    with torch.no_grad():
        wanted = model(x)
        return float((quantized(x) - wanted).square().mean() / (wanted - wanted.mean(dim=0)).square().mean())


def samples(architecture: Architecture) -> Tensor:
    return random_samples(architecture, 100).clamp(-1, 0.99)


def shift(layer: Any, by: int, *tensors: str) -> Any:
    """Return a layer's formats with so many integer bits more for the named tensors."""
    old = {tensor: getattr(layer, tensor) for tensor in tensors if hasattr(layer, tensor)}
    return replace(layer, **{tensor: replace(item, integer=item.integer + by) for tensor, item in old.items()})


def shifted(formats: NetworkFormats, by: int, *tensors: str) -> NetworkFormats:
    """Return formats with so many integer bits more for the named tensors of all layers."""
    encoder, decoder, (latent, output) = (
        tuple(shift(layer, by, *tensors) for layer in layers)
        for layers in (formats.encoder, formats.decoder, (formats.latent, formats.output))
    )
    return NetworkFormats(formats.input, encoder, latent, decoder, output)


@ARCHITECTURES
@pytest.mark.parametrize("width", BOUNDS)
def test_calibrated_networks_come_close_to_the_float_one(architecture: Architecture, width: int) -> None:
    """With one integer bit more or less they would not: the bound tells a right calibration from a wrong one."""
    model = float_network(architecture, 2.0)
    formats = calibrate(model, all_of_width(width), samples(architecture))
    assert quantization_error(model, formats) < BOUNDS[width]
    assert quantization_error(model, shifted(formats, 1, *CALIBRATED)) > BOUNDS[width]
    assert quantization_error(model, shifted(formats, -1, *CALIBRATED)) > BOUNDS[width]
    # The chain is whole: every layer takes what the one before gives.
    assert formats.encoder[0].input == formats.input
    assert formats.latent.input == formats.encoder[-1].hidden
    assert formats.decoder[0].input == formats.latent.output
    assert formats.output.input == formats.decoder[-1].hidden


@ARCHITECTURES
def test_an_integer_bit_too_few_of_any_tensor_would_be_noticed(architecture: Architecture) -> None:
    model = float_network(architecture, 2.0)
    formats = calibrate(model, all_of_width(12), samples(architecture))
    for tensor in CALIBRATED:
        assert quantization_error(model, shifted(formats, -1, tensor)) > 50 * BOUNDS[12], tensor


def float_classifier() -> FloatClassifier:
    torch.manual_seed(4)
    model = FloatClassifier(DEEP_CLASSIFIER)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def test_observes_what_a_classifier_computes() -> None:
    model = float_classifier()
    x = random_samples(DEEP_CLASSIFIER, 8)
    values = observe_classifier(model, x)
    assert torch.allclose(values.logits, model(x), atol=1e-6)
    assert torch.allclose(values.lstm[0].hidden, model.lstm[0](x)[0], atol=1e-6)
    assert [tuple(item.shape) for item in values.dense] == [(8, 5), (8, 3)]
    assert min(item.min() for item in values.dense) == 0


@pytest.mark.parametrize(("width", "bound"), [(8, 0.03), (12, 1.2e-4)])
def test_a_calibrated_classifier_comes_close_to_the_float_one(width: int, bound: float) -> None:
    """With one integer bit more or less it would not, as above."""
    model, x = float_classifier(), random_samples(DEEP_CLASSIFIER, 100).clamp(-1, 0.99)
    formats = calibrate(model, all_of_width(width), x)

    def error(by: int) -> float:
        lstm, dense, (logits,) = (
            tuple(shift(layer, by, *CALIBRATED) for layer in layers)
            for layers in (formats.lstm, formats.dense, (formats.logits,))
        )
        quantized = QuantClassifier(DEEP_CLASSIFIER, replace(formats, lstm=lstm, dense=dense, logits=logits))
        quantized.load_float(model)
        with torch.no_grad():
            wanted = model(x)
            return float((quantized(x) - wanted).square().mean() / (wanted - wanted.mean(dim=0)).square().mean())

    assert error(0) < bound
    assert error(1) > bound
    assert error(-1) > bound
    assert [layer.output.signed for layer in formats.dense] == [False, False]
    assert formats.logits.output.signed
    assert [layer.input for layer in (*formats.dense, formats.logits)] == [
        formats.lstm[-1].hidden,
        *(layer.output for layer in formats.dense),
    ]


def test_a_rectifier_has_every_code_of_a_symmetric_range() -> None:
    """Narrow is for signed tensors: a ReLU without its greatest code would be none."""
    formats = calibrate(
        float_classifier(), QuantSpec(latent=TensorSpec(7, narrow=True)), random_samples(DEEP_CLASSIFIER, 9)
    )
    assert [str(layer.output).split(",")[0] for layer in formats.dense] == ["ap_ufixed<7", "ap_ufixed<7"]
    assert [str(layer.output).split(",")[-1] for layer in formats.dense] == ["AP_SAT>", "AP_SAT>"]


def test_biases_are_no_finer_than_products() -> None:
    formats = calibrate(float_network(DEEP), QuantSpec(), random_samples(DEEP, 20).clamp(-1, 0.99))
    lstms: list[LstmFormats] = [*formats.encoder, *formats.decoder]
    assert all(
        item.bias.fraction <= item.weight.fraction + max(item.input.fraction, item.hidden.fraction) for item in lstms
    )
    assert all(
        item.bias.fraction <= item.weight.fraction + item.input.fraction for item in (formats.latent, formats.output)
    )
    model = QuantAutoencoder(DEEP, formats)
    model.load_float(float_network(DEEP))
    program = to_program(model, name="deep")
    assert program.exact_bits <= 24
    golden.run(program, np.zeros((1, DEEP.window, DEEP.n_features), np.int64))


def test_configured_integer_bits_stay() -> None:
    quant = QuantSpec(cell=TensorSpec(9, 5), weight=TensorSpec(6, 2), bias=TensorSpec(12, 7), output=TensorSpec(8, 3))
    formats = calibrate(float_network(SMALL), quant, random_samples(SMALL, 5))
    assert str(formats.encoder[0].cell) == "ap_fixed<9,5,AP_RND_CONV,AP_SAT>"
    assert str(formats.latent.weight) == "ap_fixed<6,2,AP_RND_CONV,AP_SAT>"
    assert str(formats.latent.bias) == "ap_fixed<12,7,AP_RND_CONV,AP_SAT>"
    assert str(formats.output.output) == "ap_fixed<8,3,AP_RND_CONV,AP_SAT>"
    assert str(formats.encoder[0].sigmoid) == "ap_ufixed<8,0,AP_RND_CONV,AP_SAT>"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"weight": TensorSpec(8, signed=False)},
            (
                "quant 'w8a8': tensor 'weight' is unsigned, and its values are negative too; only these may be unsigned: "
                "input, raw, sigmoid"
            ),
        ),
        (
            {"gate": TensorSpec(17)},
            (
                "quant 'w8a8': tensor 'gate' has a width of 17 bits, and 2 to 16 are possible "
                "(an activation table has an entry for each code)"
            ),
        ),
        (
            {"cell": TensorSpec(1)},
            (
                "quant 'w8a8': tensor 'cell' has a width of 1 bits, and 2 to 16 are possible "
                "(an activation table has an entry for each code)"
            ),
        ),
        (
            {"bias": TensorSpec(25)},
            "quant 'w8a8': tensor 'bias' has a width of 25 bits, and 2 to 24 are possible (as float32 holds)",
        ),
    ],
)
def test_refuses(changes: dict[str, TensorSpec], message: str) -> None:
    quant = replace(QuantSpec(), **changes)  # type: ignore[arg-type]
    with pytest.raises(CalibrationError) as caught:
        calibrate(float_network(SMALL), quant, random_samples(SMALL, 3))
    assert str(caught.value) == message


def test_refuses_a_damaged_network() -> None:
    model = float_network(SMALL)
    with torch.no_grad():
        model.latent.weight[0, 0] = float("nan")
    with pytest.raises(CalibrationError) as caught:
        calibrate(model, QuantSpec(), random_samples(SMALL, 3))
    assert str(caught.value) == (
        "tensor 'latent.weight' has values that are not finite; the float network is damaged: train it again"
    )
