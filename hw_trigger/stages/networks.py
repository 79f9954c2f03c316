"""The trained networks of a bundle, for comparisons with PyTorch."""

from __future__ import annotations

import torch

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, QUANTIZED_WEIGHTS, Bundle, load_bundle
from hw_trigger.config.compose import ConfigError, from_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.models.export import network_formats
from hw_trigger.models.networks import FloatNetwork, QuantNetwork, float_network, quant_network
from hw_trigger.training.state import load_state

LATER = ("csim", "hls", "rtl", "explore", "evaluate", "fleet", "tracking", "serve", "paths", "parts")
"""Sections of the configuration that training does not see."""


class OutdatedBundleError(UserError):
    """A bundle whose configuration this release cannot read."""


def open_bundle(config: Config) -> tuple[Bundle, Config]:
    """Return the run's bundle, and the configuration that goes with it.

    What the bundle was trained with is the bundle's; where things are, and the settings of later stages, are the given ones.

    Raises
    ------
    BundleError
        There is no bundle, or it is damaged.
    OutdatedBundleError
        Its configuration is that of another release.
    """
    bundle = load_bundle(config.bundle_path)
    given = config.model_dump(mode="json", include=set(LATER))
    try:
        trained = from_yaml(bundle.read(CONFIG).decode(), **given)
    except ConfigError as error:
        raise OutdatedBundleError(
            f"the bundle {bundle.path} is of another release of hw_trigger, and its configuration cannot be read; "
            "train again with `hw-trigger qat`"
        ) from error
    data = config.data.model_copy(
        update={"columns": trained.data.columns, "least_half_range": trained.data.least_half_range}
    )
    return bundle, trained.model_copy(update={"run": config.run_name, "data": data})


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
