"""The networks of either kind, by their architecture."""

from __future__ import annotations

from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.float_classifier import FloatClassifier
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.quant_classifier import QuantClassifier
from hw_trigger.models.spec import Architecture, ClassifierArchitecture, ClassifierFormats, NetworkFormats

FloatNetwork = FloatAutoencoder | FloatClassifier
QuantNetwork = QuantAutoencoder | QuantClassifier


def float_network(architecture: Architecture | ClassifierArchitecture) -> FloatNetwork:
    """Return the float network of an architecture, with initial weights."""
    return FloatAutoencoder(architecture) if isinstance(architecture, Architecture) else FloatClassifier(architecture)


def quant_network(
    architecture: Architecture | ClassifierArchitecture, formats: NetworkFormats | ClassifierFormats
) -> QuantNetwork:
    """Return the quantized network of an architecture, with initial weights."""
    if isinstance(architecture, Architecture) and isinstance(formats, NetworkFormats):
        return QuantAutoencoder(architecture, formats)
    if isinstance(architecture, ClassifierArchitecture) and isinstance(formats, ClassifierFormats):
        return QuantClassifier(architecture, formats)
    raise TypeError(f"{type(architecture).__name__} with {type(formats).__name__}")


def quantized(model: FloatNetwork, formats: NetworkFormats | ClassifierFormats) -> QuantNetwork:
    """Return the quantized network with the weights of a float one."""
    network = quant_network(model.architecture, formats)
    network.load_float(model)
    return network
