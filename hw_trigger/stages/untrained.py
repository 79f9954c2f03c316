"""The program of a network that was not trained: sizes, formats and initial weights, for what can be told before training."""

from __future__ import annotations

import torch

from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint.program import Program
from hw_trigger.models.calibration import calibrate
from hw_trigger.models.export import to_program
from hw_trigger.models.networks import float_network, quantized
from hw_trigger.stages.thresholds import with_configured_trigger


def untrained_program(config: Config) -> Program:
    """Return the program of an untrained network of the configured sizes and formats, with a trigger.

    Raises
    ------
    FormatTooWideError
        A tensor cannot be exact.
    """
    torch.manual_seed(config.seed)
    architecture = config.architecture()
    samples = torch.rand(1, architecture.window, architecture.n_features) * 2 - 1
    model = float_network(architecture)
    network = quantized(model, calibrate(model, config.quant, samples))
    return with_configured_trigger(config, to_program(network, name=config.run_name))
