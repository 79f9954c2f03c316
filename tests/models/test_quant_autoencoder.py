"""The two autoencoders: shapes, and the quantized one at high precision is the float one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.networks import DEEP, SMALL, network_formats, random_samples
from torch import nn

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.spec import Architecture, DenseFormats, LstmFormats, NetworkFormats


def wide_formats(architecture: Architecture) -> NetworkFormats:
    """Return formats so fine that quantization does not show."""
    wide, sigmoid = Format(24, 4), Format(24, 0, signed=False)
    lstm = LstmFormats(wide, wide, wide, wide, sigmoid, wide, wide, wide)
    dense = DenseFormats(wide, wide, wide, wide)
    return NetworkFormats(wide, (lstm,) * len(architecture.encoder), dense, (lstm,) * len(architecture.decoder), dense)


@pytest.mark.parametrize("architecture", [SMALL, DEEP], ids=lambda item: item.name)
def test_starts_from_the_float_network(architecture: Architecture) -> None:
    torch.manual_seed(1)
    float_model = FloatAutoencoder(architecture)
    quantized = QuantAutoencoder(architecture, wide_formats(architecture))
    x = random_samples(architecture, 9)
    wanted = float_model(x)
    assert wanted.shape == x.shape
    assert not torch.allclose(quantized(x), wanted, atol=1e-3)
    quantized.load_float(float_model)
    assert torch.allclose(quantized(x), wanted, atol=1e-4)
    # The float network is left as it was.
    assert torch.equal(float_model(x), wanted)


def test_the_float_network_is_the_one_described() -> None:
    """Written out once more, layer by layer, with PyTorch's own cells."""
    torch.manual_seed(2)
    model = FloatAutoencoder(DEEP)
    x = random_samples(DEEP, 4)
    sequence = list(x.unbind(1))
    for lstm in model.encoder:
        sequence = run_cells(lstm, sequence)
    latent = model.latent(sequence[-1])
    sequence = [latent] * DEEP.window
    for lstm in model.decoder:
        sequence = run_cells(lstm, sequence)
    wanted = torch.stack([model.output(h) for h in sequence], dim=1)
    assert torch.allclose(model(x), wanted, atol=1e-6)


def run_cells(lstm: nn.Module, sequence: list[torch.Tensor]) -> list[torch.Tensor]:
    assert isinstance(lstm, nn.LSTM)
    cell = nn.LSTMCell(lstm.input_size, lstm.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    state, hidden = None, []
    for x in sequence:
        state = cell(x, state)
        hidden.append(state[0])
    return hidden


def test_a_layer_takes_its_input_in_a_format_of_its_own() -> None:
    """Where a layer's input format is not that of the layer before, its input is brought to it."""
    formats = network_formats(DEEP, 8, 8)
    coarse = Format(3, 1)
    narrowed = replace(
        formats,
        encoder=(formats.encoder[0], replace(formats.encoder[1], input=coarse)),
        decoder=(replace(formats.decoder[0], input=coarse), formats.decoder[1]),
        output=replace(formats.output, input=coarse),
    )
    model = QuantAutoencoder(DEEP, narrowed)
    seen: dict[str, torch.Tensor] = {}
    watched = {"encoder_0": model.encoder[0], "encoder_1": model.encoder[1], "decoder_0": model.decoder[0]}
    for name, layer in {**watched, "output": model.output}.items():
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    model(random_samples(DEEP, 5))
    for name in ("encoder_1", "decoder_0", "output"):
        codes = seen[name].double() / coarse.step
        assert torch.equal(codes, codes.round()), name
        assert codes.abs().max() <= 4
    assert not torch.equal(seen["encoder_0"] * 4, (seen["encoder_0"] * 4).round())
