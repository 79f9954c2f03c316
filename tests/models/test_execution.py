"""PyTorch and the golden model put out the same codes, all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.networks import (
    CLASSIFIER,
    DEEP,
    DEEP_CLASSIFIER,
    SMALL,
    network_formats,
    random_classifier_network,
    random_network,
    random_samples,
)
from support.programs import random_windows

from hw_trigger.fixedpoint import compiled, golden
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.golden import WindowsError
from hw_trigger.fixedpoint.program import Dense, Lstm, Scaling
from hw_trigger.models.execution import network_codes
from hw_trigger.models.export import network_formats as formats_of_program
from hw_trigger.models.export import to_program, with_error_trigger, with_margin_trigger
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.networks import QuantNetwork
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import ANOMALY, Architecture, ClassifierArchitecture


def a_scaling(model: QuantNetwork) -> Scaling:
    """Return a scaling that saturates the network's input now and then."""
    features = model.architecture.n_features
    gain, offset = Format(6, 1), Format(8, 1)
    return Scaling(
        "scaling",
        Format(12, 3),
        gain,
        np.arange(20, 20 + features),
        offset,
        np.arange(-40, -40 + features),
        model.formats.input,
    )


def train_a_little(model: QuantAutoencoder) -> None:
    x = random_samples(model.architecture, 32).clamp(-1, 1)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(6):
        optimizer.zero_grad()
        (model(x) - x).square().mean().backward()
        optimizer.step()


CASES = [
    *((SMALL, weight, state) for weight in (8, 6, 4) for state in (8, 10, 12, 16)),
    *((DEEP, weight, state) for weight, state in ((8, 8), (6, 12), (4, 16))),
]


@pytest.mark.parametrize(("architecture", "weight", "state"), CASES, ids=lambda item: getattr(item, "name", None))
def test_equals_golden(architecture: Architecture, weight: int, state: int) -> None:
    model = random_network(architecture, weight, state, seed=weight + state)
    for trained in (False, True):
        if trained:
            fuse(model)
            train_a_little(model)
        scaling = a_scaling(model) if trained else None
        program = to_program(model, name="network", scaling=scaling)
        raw = random_windows(program, 60, seed=state)
        wanted = golden.run(program, raw)
        np.testing.assert_array_equal(network_codes(model, scaling, raw, batch=32), wanted.output)
        assert len(np.unique(wanted.output)) >= 12
        assert sum(wanted.saturations.values()) > 0


CLASSIFIERS = [
    *((CLASSIFIER, weight, state) for weight, state in ((8, 8), (8, 16), (6, 12), (4, 8), (4, 10))),
    *((DEEP_CLASSIFIER, weight, state) for weight, state in ((8, 8), (4, 12), (8, 16))),
]


@pytest.mark.parametrize(("architecture", "weight", "state"), CLASSIFIERS, ids=lambda item: getattr(item, "name", None))
def test_a_classifier_equals_golden(architecture: ClassifierArchitecture, weight: int, state: int) -> None:
    model = random_classifier_network(architecture, weight, state, seed=weight + state)
    for fused in (False, True):
        if fused:
            fuse(model)
            separate_a_little(model)
        scaling = a_scaling(model) if fused else None
        program = with_margin_trigger(to_program(model, name="network", scaling=scaling), 0.125)
        raw = random_windows(program, 200, seed=state)
        wanted = golden.run(program, raw, trace=True)
        codes = network_codes(model, scaling, raw, batch=64)
        assert codes.shape == (200, architecture.n_classes)
        np.testing.assert_array_equal(codes, wanted.output)
        np.testing.assert_array_equal(compiled.run(program, raw).output, wanted.output)
        assert len(np.unique(wanted.output)) >= 12
        assert sum(wanted.saturations.values()) > 0
        # Both sides of the rectifiers are reached.
        rectified = np.concatenate(
            [codes for name, codes in wanted.outputs.items() if name.startswith("dense")], axis=1
        )
        assert 0 < np.count_nonzero(rectified) < rectified.size
        # The trigger, written out once more on real numbers.
        values = program.output.values(codes)
        margin = values[:, ANOMALY] - np.delete(values, ANOMALY, axis=1).max(axis=1)
        np.testing.assert_array_equal(wanted.trigger, margin > 0.125)
        assert formats_of_program(program) == model.formats


def separate_a_little(model: QuantClassifier) -> None:
    x = random_samples(model.architecture, 32)
    labels = torch.arange(32) % model.architecture.n_classes
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(6):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def test_a_classifier_with_wide_formats_is_exact_in_float64() -> None:
    """And not in float32, which would else have been chosen."""
    model = random_classifier_network(ClassifierArchitecture(window=12, n_features=2), 16, 16)
    fuse(model)
    program = to_program(model, name="network")
    raw = random_windows(program, 300)
    wanted = compiled.run(program, raw)
    assert program.exact_bits > 24
    np.testing.assert_array_equal(network_codes(model, None, raw), wanted.output)
    with torch.no_grad():
        values = model(torch.from_numpy(program.raw.values(raw)).float()).double().numpy()
    assert (program.output.quantize(values) != wanted.output).any()


def test_the_default_network_with_wide_formats_is_exact_in_float64() -> None:
    architecture = Architecture(window=12)
    model = random_network(architecture, 16, 16)
    fuse(model)
    program = to_program(model, name="network")
    raw = random_windows(program, 40)
    assert program.exact_bits > 24
    wanted = compiled.run(program, raw)
    np.testing.assert_array_equal(network_codes(model, None, raw), wanted.output)
    # And float32 would not have been, or this test would show nothing.
    with torch.no_grad():
        values = model(torch.from_numpy(program.raw.values(raw)).float()).double().numpy()
    assert (program.output.quantize(values) != wanted.output).any()


def test_a_layer_with_an_input_format_of_its_own() -> None:
    formats = network_formats(DEEP, 8, 8)
    coarse = Format(4, 0)
    formats = replace(
        formats,
        encoder=(formats.encoder[0], replace(formats.encoder[1], input=coarse)),
        latent=replace(formats.latent, input=coarse),
        decoder=(replace(formats.decoder[0], input=coarse), replace(formats.decoder[1], input=coarse)),
        output=replace(formats.output, input=coarse),
    )
    torch.manual_seed(3)
    model = QuantAutoencoder(DEEP, formats)
    program = to_program(model, name="network")
    raw = random_windows(program, 60)
    wanted = golden.run(program, raw)
    assert any(count for name, count in wanted.saturations.items() if name.endswith(".input"))
    np.testing.assert_array_equal(network_codes(model, None, raw), wanted.output)


def test_refuses_windows_of_another_shape() -> None:
    model = random_network(SMALL, 8, 8)
    with pytest.raises(WindowsError) as caught:
        network_codes(model, None, np.zeros((3, 5, 1), np.int64))
    assert str(caught.value) == "windows have the shape (3, 5, 1), and program 'small' takes (n, 7, 1)"


def test_the_program_of_a_network() -> None:
    model = random_network(DEEP, 6, 10)
    program = to_program(model, name="deep", scaling=a_scaling(model))
    assert [layer.name for layer in program.layers] == [
        "encoder_0", "encoder_1", "latent", "decoder_0", "decoder_1", "output",
    ]  # fmt: skip
    assert [layer.name for layer in to_program(random_network(SMALL, 8, 8), name="s").layers] == [
        "encoder", "latent", "decoder", "output",
    ]  # fmt: skip
    classifiers = [random_classifier_network(architecture, 8, 8) for architecture in (CLASSIFIER, DEEP_CLASSIFIER)]
    assert [[layer.name for layer in to_program(item, name="c").layers] for item in classifiers] == [
        ["lstm", "dense", "logits"],
        ["lstm_0", "lstm_1", "dense_0", "dense_1", "logits"],
    ]
    first, dense = program.layers[0], program.layers[2]
    assert isinstance(first, Lstm)
    assert isinstance(dense, Dense)
    # Rows of i, f, g, o, rounded to the format.
    layer: Any = model.encoder[0]
    layer = layer.layers[0][0]
    weight = torch.cat(
        [getattr(layer, f"{gate}_gate_params").input_weight.weight for gate in ("input", "forget", "cell", "output")]
    )
    np.testing.assert_array_equal(first.weight, first.weight_format.quantize(weight.detach().numpy()))
    np.testing.assert_array_equal(dense.bias, dense.bias_format.quantize(model.latent.bias.detach().numpy()))
    assert first.weight_format == model.formats.encoder[0].weight
    assert (program.steps, program.n_features, program.trigger) == (6, 3, None)


def test_the_trigger_is_added_and_replaced() -> None:
    program = with_error_trigger(to_program(random_network(SMALL, 8, 8), name="small"))
    assert program.trigger is not None
    assert program.trigger.threshold == 0
    raw = random_windows(program, 40)
    score = golden.run(program, raw).score
    assert score is not None
    # The real threshold is between the 20th and the 21st of the sorted mean squares.
    mean_squares = np.sort(program.trigger.score.values(score)) / (program.steps * program.n_features)
    threshold = float(mean_squares[19] + mean_squares[20]) / 2
    fired = golden.run(with_error_trigger(program, threshold), raw).trigger
    assert fired is not None
    assert fired.sum() == (mean_squares > threshold).sum() == 20
