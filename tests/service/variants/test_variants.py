"""The exact variants give the golden model's codes; the others give the trigger what PyTorch gives, and say what they cost."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation
from torch import nn

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, NETWORK, Bundle
from hw_trigger.bundle.manifest import BundleError
from hw_trigger.config.compose import from_yaml
from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.decision import decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import WindowsError
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.file import SEAL
from hw_trigger.qonnx.writer import write
from hw_trigger.service.variants import int8
from hw_trigger.service.variants.base import EXACT, VARIANTS, Variant
from hw_trigger.service.variants.integer import IntegerVariant, weight_bytes
from hw_trigger.service.variants.onnx import OnnxVariant
from hw_trigger.service.variants.opening import UnknownVariantError, open_variant
from hw_trigger.stages.networks import load_float
from hw_trigger.stages.scoring import float_scores

KINDS = ("deviation", "error", "margin")


def config_of(bundle: Bundle) -> Config:
    return from_yaml(bundle.read("config.yaml").decode())


def opened(bundle: Bundle, name: str, threads: int = 1) -> Variant:
    return open_variant(name, bundle, config_of(bundle), threads)


def check_exact(variant: Variant, program: Program, raw: Codes) -> golden.Execution:
    """Compare a variant that is asked in parts, out of order, with the golden model's stream."""
    assert program.trigger is not None
    expected = golden.run(program, raw)
    cuts = [0, 1, 2, 60, 60, 191, len(raw)]
    pieces = [slice(start, stop) for start, stop in pairwise(cuts)]
    found = {piece.start: variant.measure(raw[piece]) for piece in reversed(pieces) if piece.stop > piece.start}
    measures = np.concatenate([found[start] for start in sorted(found)])
    assert measures.dtype == np.int64
    assert variant.measure(raw[:0]).shape == (0, measures.shape[1])
    decision = decide(program.trigger, measures)
    np.testing.assert_equal(
        (decision.score, decision.trigger, decision.state), (expected.score, expected.trigger, expected.state)
    )
    return expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXACT)
def test_exact_variants_of_trained_bundles(trained: Mapping[str, Bundle], name: str, kind: str) -> None:
    program = trained[kind].program
    result = check_exact(opened(trained[kind], name), program, random_windows(program, 400))
    assert result.saturations["scaling.output"] > 0
    assert result.score is not None
    assert len(np.unique(result.score)) > 20


PROGRAMS = [
    random_program(8),
    random_program(23),
    random_program(2, Sizes(steps=7, n_features=3, encoder=(5, 4), latent=2, decoder=(3, 6))),
    with_deviation(random_program(33)),
    with_deviation(random_program(3, Sizes(n_features=2))),
    random_classifier(4, n_classes=3),
    random_program(5, widths=(10, 14)),
]


def test_the_programs_reach_every_corner() -> None:
    found = {
        tensor.partition(".")[2]
        for program in PROGRAMS
        for tensor, count in golden.run(program, random_windows(program, 300, 1)).saturations.items()
        if count
    }
    assert {"input", "gate_i", "gate_f", "gate_g", "gate_o", "cell", "output"} <= found


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
@pytest.mark.parametrize("variant", [IntegerVariant, OnnxVariant])
def test_exact_variants_of_programs_that_saturate(
    variant: type[IntegerVariant | OnnxVariant], program: Program, threads: int
) -> None:
    result = check_exact(variant(program, threads), program, random_windows(program, 300, threads))
    assert sum(count > 0 for count in result.saturations.values()) >= 2


@pytest.mark.parametrize("name", VARIANTS)
def test_what_no_variant_takes(trained: Mapping[str, Bundle], name: str) -> None:
    bundle = trained["error"]
    variant, program = opened(bundle, name), bundle.program
    assert variant.name == name
    with pytest.raises(WindowsError) as shape:
        variant.measure(np.zeros((2, 3, 1), np.int64))
    assert str(shape.value) == (
        f"windows have the shape (2, 3, 1), and program {program.name!r} takes (n, {program.steps}, {program.n_features})"
    )
    raw = random_windows(program, 2)
    raw[0, 0, 0] = program.raw.high + 1
    with pytest.raises(WindowsError) as outside:
        variant.measure(raw)
    assert str(outside.value) == (
        f"windows have 1 codes outside the raw format {program.raw}; quantize the samples to it first"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_session_runs_what_the_file_says(trained: Mapping[str, Bundle], kind: str) -> None:
    """A graph written anew of the program is the file's own, but for the seal."""
    file = copy.deepcopy(trained[kind].model)
    seal = next(entry for entry in file.metadata_props if entry.key == SEAL)
    file.metadata_props.remove(seal)
    assert write(trained[kind].program).SerializeToString(deterministic=True) == file.SerializeToString(
        deterministic=True
    )
    assert NETWORK in trained[kind].manifest.files


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_the_float_network(trained: Mapping[str, Bundle], kind: str) -> None:
    bundle, config = trained[kind], config_of(trained[kind])
    raw = random_windows(bundle.program, 300)
    decision = decide(bundle.trigger, opened(bundle, "float32").measure(raw))
    expected = float_scores(load_float(bundle, config), bundle.program, raw)
    np.testing.assert_array_equal(bundle.trigger.values(decision.score), expected.scores)
    np.testing.assert_array_equal(decision.trigger, expected.alarms)


@pytest.mark.parametrize("kind", KINDS)
def test_int8_is_near_the_float_network(trained: Mapping[str, Bundle], kind: str) -> None:
    bundle = trained[kind]
    raw = random_windows(bundle.program, 200)
    exact, rounded = (opened(bundle, name).measure(raw) for name in ("float32", "int8-dynamic"))
    assert exact.shape == rounded.shape
    assert np.any(exact[:, 0] != rounded[:, 0])
    assert np.corrcoef(exact[:, 0], rounded[:, 0])[0, 1] > 0.95
    np.testing.assert_array_equal(exact[:, 1:], rounded[:, 1:])  # what is of the input alone


def test_int8_depends_on_the_batch_and_the_others_do_not(trained: Mapping[str, Bundle]) -> None:
    bundle = trained["error"]
    raw = random_windows(bundle.program, 40)
    for name, same in (("integer", True), ("onnx", True), ("int8-dynamic", False)):
        variant = opened(bundle, name)
        alone = np.concatenate([variant.measure(raw[index : index + 1]) for index in range(len(raw))])
        assert np.array_equal(variant.measure(raw), alone) is same, name


def test_quantization_warns_of_nothing_and_leaves_the_float_network(trained: Mapping[str, Bundle]) -> None:
    model = load_float(trained["error"], config_of(trained["error"]))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quantized = int8.quantize(model)
    kinds = [type(module) for module in quantized.modules()]
    assert nn.LSTM not in kinds
    assert nn.Linear not in kinds
    assert sum(kind.__module__.startswith("torch.ao.nn.quantized.dynamic") for kind in kinds) >= 4
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_other_warnings_are_not_hidden(trained: Mapping[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*_args: object, **_settings: object) -> nn.Module:
        warnings.warn("something else is deprecated", DeprecationWarning, stacklevel=1)
        return nn.Linear(1, 1)

    model = load_float(trained["error"], config_of(trained["error"]))
    monkeypatch.setattr(torch.ao.quantization, "quantize_dynamic", warn)
    with pytest.raises(DeprecationWarning, match=r"^something else is deprecated$"):
        int8.quantize(model)


def test_bytes_of_weights(trained: Mapping[str, Bundle]) -> None:
    """Input 1, LSTM 4, latent 2, LSTM 4, output 1; PyTorch has two biases in an LSTM."""
    bundle = trained["error"]
    found = {name: opened(bundle, name).weight_bytes for name in VARIANTS}
    weights = 16 * (1 + 4) + 2 * 4 + 16 * (2 + 4) + 1 * 4
    biases = 16 + 2 + 16 + 1
    assert found["float32"] == 4 * (weights + biases + 32)
    assert found["int8-dynamic"] == weights + 4 * 6 + 4 * (biases + 32)
    assert found["integer"] == weights + 2 * biases  # 8 and 16 bits
    assert 4 * (weights + biases) < found["onnx"] < 4 * (weights + biases) + 1000


def test_bytes_of_narrow_weights_are_rounded_up_a_tensor() -> None:
    program = random_program(1)
    latent = program.layers[1]
    bits = latent.weight.size * latent.weight_format.width, latent.bias.size * latent.bias_format.width
    assert any(count % 8 for count in bits)
    alone = replace(program, layers=program.layers[:2], trigger=None)
    first = replace(program, layers=program.layers[:1], trigger=None)
    assert weight_bytes(alone) - weight_bytes(first) == sum(-(-count // 8) for count in bits)


def test_names(trained: Mapping[str, Bundle]) -> None:
    with pytest.raises(UnknownVariantError) as caught:
        opened(trained["error"], "int8")
    assert str(caught.value) == "there is no variant 'int8'; there are integer, onnx, float32, int8-dynamic"


@pytest.mark.parametrize("name", ["float32", "int8-dynamic"])
def test_weights_that_are_not_among_the_bundles_files(trained: Mapping[str, Bundle], name: str) -> None:
    """A file that no hash is known of is not read, though it lies there."""
    bundle = trained["error"]
    files = {file: digest for file, digest in bundle.manifest.files.items() if file != FLOAT_WEIGHTS}
    other = replace(bundle, manifest=bundle.manifest.model_copy(update={"files": files}))
    assert (other.path / FLOAT_WEIGHTS).is_file()
    with pytest.raises(BundleError, match=rf"^bundle {re.escape(str(bundle.path))} has no file 'training/float\.pt'; "):
        open_variant(name, other, config_of(bundle), 1)
