"""The two classifiers: shapes, what they compute, and the quantized one at high precision is the float one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.networks import CLASSIFIER, DEEP_CLASSIFIER, classifier_formats, random_classifier_network, random_samples

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import ClassifierArchitecture, ClassifierFormats, DenseFormats, LstmFormats

WITHOUT_DENSE = ClassifierArchitecture("plain", window=5, lstm=(3,), dense=(), n_classes=2)


def wide_formats(architecture: ClassifierArchitecture) -> ClassifierFormats:
    """Return formats so fine that quantization does not show."""
    wide, sigmoid, rectified = Format(24, 4), Format(24, 0, signed=False), Format(24, 4, signed=False)
    lstm = LstmFormats(wide, wide, wide, wide, sigmoid, wide, wide, wide)
    inputs = [wide, *(rectified for _ in architecture.dense)]
    dense = tuple(DenseFormats(given, wide, wide, rectified) for given in inputs[:-1])
    return ClassifierFormats(wide, (lstm,) * len(architecture.lstm), dense, DenseFormats(inputs[-1], wide, wide, wide))


@pytest.mark.parametrize("architecture", [CLASSIFIER, DEEP_CLASSIFIER, WITHOUT_DENSE], ids=lambda item: item.name)
def test_starts_from_the_float_network(architecture: ClassifierArchitecture) -> None:
    torch.manual_seed(1)
    float_model = FloatClassifier(architecture)
    quantized = QuantClassifier(architecture, wide_formats(architecture))
    x = random_samples(architecture, 9)
    wanted = float_model(x)
    assert wanted.shape == (9, architecture.n_classes)
    assert not torch.allclose(quantized(x), wanted, atol=1e-3)
    quantized.load_float(float_model)
    assert torch.allclose(quantized(x), wanted, atol=1e-4)


def test_the_float_network_is_the_one_described() -> None:
    torch.manual_seed(2)
    model = FloatClassifier(DEEP_CLASSIFIER)
    x = random_samples(DEEP_CLASSIFIER, 40)
    hidden, _ = model.lstm[0](x)
    _, (h, _) = model.lstm[1](hidden)
    first = (h[0] @ model.dense[0].weight.T + model.dense[0].bias).clamp(min=0)
    second = (first @ model.dense[1].weight.T + model.dense[1].bias).clamp(min=0)
    assert 0 < (first == 0).sum() < first.numel()
    assert torch.allclose(model(x), second @ model.logits.weight.T + model.logits.bias, atol=1e-6)


def test_only_the_last_sample_may_change_the_class_at_once() -> None:
    """The last state is what is classified: every sample of the window has a part in it."""
    model = random_classifier_network(CLASSIFIER, 8, 12)
    x = random_samples(CLASSIFIER, 1).repeat(CLASSIFIER.window, 1, 1)
    changed = x.clone()
    steps = torch.arange(CLASSIFIER.window)
    changed[steps, steps] += 0.5
    assert (model(changed) != model(x)).any(dim=1).sum() >= 3


def test_a_layer_takes_its_input_in_a_format_of_its_own() -> None:
    formats = classifier_formats(DEEP_CLASSIFIER, 8, 8)
    coarse, rectified = Format(3, 1), Format(3, 0, signed=False)
    narrowed = replace(
        formats,
        lstm=(formats.lstm[0], replace(formats.lstm[1], input=coarse)),
        dense=(replace(formats.dense[0], input=coarse), formats.dense[1]),
        logits=replace(formats.logits, input=rectified),
    )
    model = QuantClassifier(DEEP_CLASSIFIER, narrowed)
    seen: dict[str, torch.Tensor] = {}
    watched = {"lstm_1": model.lstm[1], "dense_0": model.dense[0], "logits": model.logits}
    for name, layer in watched.items():
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    model(random_samples(DEEP_CLASSIFIER, 5))
    for name, step in (("lstm_1", coarse.step), ("dense_0", coarse.step), ("logits", rectified.step)):
        codes = seen[name].double() / step
        assert torch.equal(codes, codes.round()), name
        assert codes.abs().max() <= 7
