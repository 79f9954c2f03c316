"""Either kind of network follows from its architecture."""

from __future__ import annotations

import pytest
import torch
from support.networks import CLASSIFIER, SMALL, classifier_formats, network_formats, random_samples

from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.networks import float_network, quant_network, quantized
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier


def test_the_kind_is_the_architectures() -> None:
    assert type(float_network(SMALL)) is FloatAutoencoder
    assert type(float_network(CLASSIFIER)) is FloatClassifier
    assert type(quant_network(SMALL, network_formats(SMALL, 8, 8))) is QuantAutoencoder
    assert type(quant_network(CLASSIFIER, classifier_formats(CLASSIFIER, 8, 8))) is QuantClassifier
    with pytest.raises(TypeError, match=r"^Architecture with ClassifierFormats$"):
        quant_network(SMALL, classifier_formats(CLASSIFIER, 8, 8))


def test_a_quantized_network_has_the_float_ones_weights() -> None:
    for model, formats in (
        (FloatAutoencoder(SMALL), network_formats(SMALL, 16, 16)),
        (FloatClassifier(CLASSIFIER), classifier_formats(CLASSIFIER, 16, 16)),
    ):
        x = random_samples(model.architecture, 8).clamp(-1, 1)
        assert torch.allclose(quantized(model, formats)(x), model(x), atol=2e-3)
