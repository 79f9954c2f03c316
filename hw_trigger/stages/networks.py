"""The trained networks of a bundle, for comparisons with PyTorch."""

from __future__ import annotations

import torch

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, QUANTIZED_WEIGHTS, Bundle
from hw_trigger.config.schema import Config
from hw_trigger.models.export import network_formats
from hw_trigger.models.networks import FloatNetwork, QuantNetwork, float_network, quant_network
from hw_trigger.training.state import load_state


def use_threads(config: Config) -> None:
    """Have PyTorch use as many threads as are configured: on tensors of these sizes more of them may be much slower."""
    torch.set_num_threads(config.training.threads)


def load_float(bundle: Bundle, config: Config) -> FloatNetwork:
    """Return the float network, ready to infer.

    Raises
    ------
    StateFileError
        Its weights are not this network's.
    """
    use_threads(config)
    model = float_network(config.architecture())
    load_state(model, bundle.path / FLOAT_WEIGHTS)
    return model.eval()


def load_quantized(bundle: Bundle, config: Config) -> QuantNetwork:
    """Return the quantized network of stock Brevitas layers, ready to infer.

    Raises
    ------
    StateFileError
        Its weights are not this network's.
    """
    use_threads(config)
    model = quant_network(config.architecture(), network_formats(bundle.program))
    load_state(model, bundle.path / QUANTIZED_WEIGHTS)
    return model.eval()
