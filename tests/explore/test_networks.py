"""Programs of networks that were not trained: named and formatted as trained ones, and of the same cost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from hw_trigger.config.compose import load_config
from hw_trigger.estimate.program import estimate
from hw_trigger.explore.networks import untrained_program
from hw_trigger.fixedpoint.formats import FormatTooWideError
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.models.calibration import calibrate
from hw_trigger.models.export import to_program
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.models.spec import Architecture, QuantSpec, TensorSpec


def calibrated(architecture: Architecture, quant: QuantSpec, program: Program) -> Program:
    """The program that calibration makes of PyTorch's own first weights, with the same scaling."""
    torch.manual_seed(0)
    model = FloatAutoencoder(architecture)
    steps = torch.arange(architecture.window) / 7
    windows = torch.stack([torch.sin(steps + shift) * 0.8 for shift in range(4)])
    windows = windows[:, :, None].expand(-1, -1, architecture.n_features)
    network = QuantAutoencoder(architecture, calibrate(model, quant, windows))
    network.load_float(model)
    return to_program(network, name="calibrated", scaling=program.scaling)


@pytest.mark.parametrize("model", ["lstm8", "lstm64", "lstm32x16"])
@pytest.mark.parametrize("preset", ["w4a8", "w8a16"])
def test_as_calibration_makes_them(model: str, preset: str) -> None:
    config = load_config([f"model={model}", f"quant={preset}", "data.columns=[0,1]", "model.window=12"])
    drawn = untrained_program(config.autoencoder(), config.quant)
    real = calibrated(config.autoencoder(), config.quant, drawn)
    assert [layer.name for layer in drawn.layers] == [layer.name for layer in real.layers]
    assert (drawn.steps, drawn.n_features, drawn.input) == (real.steps, real.n_features, real.input)
    for ours, theirs in zip(drawn.layers, real.layers, strict=True):
        assert type(ours) is type(theirs)
        assert ours.weight.shape == theirs.weight.shape
        assert (ours.steps, ours.input.width, ours.output.width) == (
            theirs.steps,
            theirs.input.width,
            theirs.output.width,
        )
        assert ours.weight_format.width == theirs.weight_format.width
        # Another draw may move the widest weight over a power of two.
        assert abs(ours.weight_format.integer - theirs.weight_format.integer) <= 1
        assert abs(ours.accumulator.width - theirs.accumulator.width) <= 2
        if isinstance(ours, Lstm) and isinstance(theirs, Lstm):
            assert (ours.repeat_input, ours.return_sequence) == (theirs.repeat_input, theirs.return_sequence)
            assert ours.activations == theirs.activations
            assert ours.hidden == theirs.hidden
            assert [gate.width for gate in ours.gates] == [gate.width for gate in theirs.gates]


@pytest.mark.parametrize("strategy", ["Latency", "Resource"])
def test_cost_is_that_of_calibrated_networks(strategy: str) -> None:
    config = load_config(["model=lstm16", "model.window=20"])
    drawn = untrained_program(config.autoencoder(), config.quant)
    settings = HlsSettings(strategy=strategy, recurrent_reuse_factor=16)
    # Without the trigger, which the other lacks.
    bare = Program("bare", drawn.steps, drawn.n_features, drawn.input, drawn.layers, drawn.scaling)
    ours = estimate(bare, settings)
    theirs = estimate(calibrated(config.autoencoder(), config.quant, drawn), settings)
    assert (ours.latency_cycles, ours.interval_cycles) == (theirs.latency_cycles, theirs.interval_cycles)
    for resource in ("bram18", "lut", "ff"):
        assert getattr(ours.logic, resource) == pytest.approx(getattr(theirs.logic, resource), rel=0.05)


def test_the_same_for_the_same_sizes() -> None:
    architecture = Architecture("one", 2, 12, (5, 3), 2, (4,))
    first = untrained_program(architecture, QuantSpec())
    untrained_program.cache_clear()
    second = untrained_program(architecture, QuantSpec())
    assert first is not second
    for one, other in zip(first.layers, second.layers, strict=True):
        assert_array_equal(one.weight, other.weight)
        assert np.ptp(one.weight) > 0


def test_formats_that_cannot_be_exact() -> None:
    quant = QuantSpec(weight=TensorSpec(24, narrow=True), hidden=TensorSpec(24, 1), input=TensorSpec(24, 1))
    with pytest.raises(FormatTooWideError):
        untrained_program(Architecture("wide", 1, 10, (64,), 4, (64,)), quant)
