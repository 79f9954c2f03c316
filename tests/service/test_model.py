"""Telemetry becomes raw codes as the firmware has them, and samples that do not fit are counted once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from support.programs import Sizes, random_program
from support.scorers import manifest_of

from hw_trigger.bundle.bundle import CONFIG, Bundle, write_bundle
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import overflows
from hw_trigger.service.model import AbsentVariantError, Model
from hw_trigger.service.variants.integer import IntegerVariant
from hw_trigger.telemetry.channel import SamplesError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of three features, whose raw format has room beyond what the scaling takes for some of them."""
    program = random_program(8, Sizes(n_features=3))
    path: Path = tmp_path_factory.mktemp("models") / "three"
    bundle = write_bundle(path, manifest_of(program), program, {CONFIG: b"channel: X\n"})
    return Model("three", bundle, {"integer": IntegerVariant(program, 1)}, {"float32": "the bundle has no file 'x'"})


def test_codes_and_the_count_are_the_golden_models(model: Model) -> None:
    """Of each sample alone: a value's code outside the raw format, or the golden model's count of saturations by the scaling."""
    raw, scaling = model.program.raw, model.bundle.scaling
    rng = np.random.default_rng(0)
    values = rng.normal(0, 2, (400, 3)) + rng.choice([0, 0, 0, 20], (400, 3))
    values[0] = raw.values([raw.high] * 3)
    values[1] = raw.values([raw.low] * 3)
    values[2] = raw.values([raw.high] * 3) + 0.49 * raw.step
    values[3] = raw.values([raw.high] * 3) + 0.51 * raw.step
    codes, count = model.quantize(values)
    np.testing.assert_array_equal(codes, raw.quantize(values))
    by_raw = by_scaling = by_either = 0
    for sample in values:
        rounded = np.rint(sample / raw.step)
        beyond = bool(((rounded < raw.low) | (rounded > raw.high)).any())
        saturations = golden.Saturations()
        golden.scale(scaling, raw.quantize(sample), saturations)
        clipped = saturations["scaling.output"] > 0
        by_raw, by_scaling, by_either = by_raw + beyond, by_scaling + clipped, by_either + (beyond or clipped)
    assert count == by_either
    assert by_raw > 0
    assert by_scaling > 0
    assert by_raw < by_either < 400
    assert model.quantize(values.reshape(20, 20, 3))[1] == count
    assert model.quantize(values[0])[0].shape == (3,)


def test_a_sample_counts_once(model: Model) -> None:
    high = float(model.program.raw.values(model.program.raw.high))
    values = np.zeros((4, 3))
    values[1] = 2 * high
    values[3, 2] = 1e300
    codes, count = model.quantize(values)
    assert count == 2
    assert codes[3, 2] == model.program.raw.high
    assert model.quantize(np.zeros((0, 3)))[1] == 0
    assert overflows(codes, model.program.raw.fraction, model.program.raw) == 0


def test_what_is_no_telemetry(model: Model) -> None:
    with pytest.raises(SamplesError) as shape:
        model.quantize(np.zeros((5, 2)))
    assert str(shape.value) == "the samples have the shape (5, 2), and model 'three' takes (..., 3)"
    with pytest.raises(SamplesError) as single:
        model.quantize(np.float64(3))  # type: ignore[arg-type]
    assert str(single.value) == "the samples have the shape (), and model 'three' takes (..., 3)"
    with pytest.raises(SamplesError) as unknown:
        model.quantize(np.array([[0.0, np.nan, np.inf]]))
    assert str(unknown.value) == "the samples: 2 values are not finite, the first is nan at index (0, 1)"


def test_what_a_model_says_of_itself(trained: Mapping[str, Bundle]) -> None:
    for kind, measures in (("deviation", 3), ("error", 1), ("margin", 1)):
        bundle = trained[kind]
        variant = IntegerVariant(bundle.program, 1)
        model = Model(kind, bundle, {"integer": variant})
        assert (model.steps, model.n_features, model.n_measures) == (16, 1, measures)
        assert variant.measure(np.zeros((2, 16, 1), np.int64)).shape == (2, measures)
        assert model.sha256 == bundle.manifest.program_sha256
        assert model.trigger is bundle.trigger
        assert model.program is bundle.program
        assert model.variant("integer") is variant


def test_variants_that_are_not_there(model: Model) -> None:
    with pytest.raises(AbsentVariantError) as unknown:
        model.variant("integers")
    assert str(unknown.value) == (
        "model 'three' is not served with the variant 'integers'; did you mean 'integer'?; there are integer"
    )
    with pytest.raises(AbsentVariantError) as absent:
        model.variant("float32")
    assert str(absent.value) == (
        "model 'three' is not served with the variant 'float32': the bundle has no file 'x'; there are integer"
    )
