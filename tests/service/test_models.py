"""All bundles of a directory are served but hostile or damaged ones, which are refused with a reason and do nothing."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from support.programs import random_windows

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, MANIFEST, NETWORK, Bundle
from hw_trigger.config.compose import from_yaml
from hw_trigger.files import sha256_file
from hw_trigger.service.models import Models, ModelsError, RefusedModelError, UnknownModelError, load_models
from hw_trigger.service.variants.base import VARIANTS
from hw_trigger.service.variants.opening import UnknownVariantError, opener
from hw_trigger.stages.networks import load_float


@pytest.fixture(scope="module")
def served(models_directory: Path) -> Models:
    return load_models(models_directory, None, VARIANTS, opener(1))


def test_all_bundles_with_all_variants(served: Models, trained: Mapping[str, Bundle], models_directory: Path) -> None:
    assert list(served.models) == ["deviation", "error", "margin"]
    assert not served.refused
    for name, model in served.models.items():
        assert model.id == name
        assert list(model.variants) == list(VARIANTS)
        assert model.sha256 == trained[name].manifest.program_sha256
        assert served.get(name) is model
    assert torch.get_num_threads() == 1


def test_names_and_variants_that_are_asked_for(models_directory: Path) -> None:
    found = load_models(models_directory, ("error", "absent", "../error"), ("onnx", "integer"), opener(1))
    assert list(found.models) == ["error"]
    assert list(found.models["error"].variants) == ["integer", "onnx"]
    assert dict(found.refused) == {
        "../error": "its name must be of letters, digits, '.', '_' and '-', and begin with a letter or a digit",
        "absent": f"there is no bundle at {models_directory / 'absent'}; `hw-trigger qat` writes one",
    }


def test_what_cannot_be_got(served: Models, models_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError) as unknown:
        served.get("eror")
    assert str(unknown.value) == (
        "there is no model 'eror'; did you mean 'error'?; there are: deviation, error, margin"
    )
    refused = load_models(models_directory, ("absent",), VARIANTS, opener(1))
    with pytest.raises(RefusedModelError) as caught:
        refused.get("absent")
    assert str(caught.value) == f"model 'absent' is not served: {refused.refused['absent']}"
    with pytest.raises(UnknownModelError, match=r"^there is no model 'x'; there are: none$"):
        refused.get("x")
    with pytest.raises(ModelsError) as directory:
        load_models(tmp_path / "none", None, VARIANTS, opener(1))
    assert str(directory.value) == (
        f"there is no directory of models at {tmp_path / 'none'}; `hw-trigger qat` writes a model into one"
    )
    with pytest.raises(UnknownVariantError):
        load_models(models_directory, None, ("float64",), opener(1))


def test_what_is_no_bundle_is_passed_over(trained: Mapping[str, Bundle], tmp_path: Path) -> None:
    shutil.copytree(trained["error"].path, tmp_path / ".error.scratch")
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("models")
    found = load_models(tmp_path, None, ("integer",), opener(1))
    assert not found.models
    assert not found.refused


@dataclass
class Hostile:
    """A copy of a bundle beside a good one; changes keep its hashes right, as whoever writes it would."""

    path: Path

    def manifest(self, change: Callable[[dict[str, Any]], object]) -> None:
        values = json.loads((self.path / MANIFEST).read_text("utf-8"))
        change(values)
        (self.path / MANIFEST).write_text(json.dumps(values), "utf-8")

    def file(self, name: str, content: bytes) -> None:
        (self.path / name).write_bytes(content)
        digest = sha256_file(self.path / name)
        self.manifest(lambda values: values["files"].update({name: digest}))

    def network(self, change: Callable[[ModelProto], object]) -> None:
        model = ModelProto.FromString((self.path / NETWORK).read_bytes())
        model.producer_name = "another"
        del model.metadata_props[:]
        change(model)
        self.file(NETWORK, model.SerializeToString())

    def config(self, old: str, new: str) -> None:
        text = (self.path / CONFIG).read_text("utf-8")
        assert old in text
        self.file(CONFIG, text.replace(old, new).encode())

    def reason(self, *variants: str) -> str:
        found = load_models(self.path.parent, None, variants or ("integer",), opener(1))
        assert list(found.models) == ["good"], found.refused
        assert list(found.refused) == ["hostile"]
        return found.refused["hostile"].replace(str(self.path), "BUNDLE")


@pytest.fixture
def hostile(trained: Mapping[str, Bundle], tmp_path: Path) -> Hostile:
    for name in ("good", "hostile"):
        shutil.copytree(trained["error"].path, tmp_path / name)
    return Hostile(tmp_path / "hostile")


def test_an_altered_file(hostile: Hostile) -> None:
    content = bytearray((hostile.path / NETWORK).read_bytes())
    content[-1] ^= 1
    (hostile.path / NETWORK).write_bytes(content)
    assert re.fullmatch(
        r"BUNDLE/network\.onnx: the SHA-256 is \w{64}, and \w{64} is needed; the bundle is damaged or altered",
        hostile.reason(),
    )


@pytest.mark.parametrize("name", ["../good/config.yaml", "/etc/hostname"])
def test_a_path_outside(hostile: Hostile, name: str) -> None:
    hostile.manifest(lambda values: values["files"].update({name: "0" * 64}))
    shown = name if name.startswith("/") else f"BUNDLE/{name}"
    assert hostile.reason() == f"{shown} is outside the bundle; its files must be in its own directory"


@pytest.mark.parametrize("name", [MANIFEST, NETWORK, FLOAT_WEIGHTS])
def test_a_link_out_of_the_bundle(hostile: Hostile, name: str) -> None:
    (hostile.path / name).unlink()
    (hostile.path / name).symlink_to(hostile.path.parent / "good" / name)
    assert hostile.reason() == f"BUNDLE/{name} is outside the bundle; its files must be in its own directory"


def test_files_without_an_end(hostile: Hostile) -> None:
    """Whoever reads a pipe that nobody writes to waits for ever."""
    (hostile.path / NETWORK).unlink()
    os.mkfifo(hostile.path / NETWORK)
    assert hostile.reason() == "BUNDLE/network.onnx is no plain file"
    (hostile.path / NETWORK).unlink()
    with (hostile.path / NETWORK).open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert hostile.reason() == "BUNDLE/network.onnx has 1099511627776 bytes, and 67108864 are read at most"


def test_many_files(hostile: Hostile) -> None:
    hostile.manifest(lambda values: values["files"].update({f"file{index}": "0" * 64 for index in range(100)}))
    count = len(json.loads((hostile.path / MANIFEST).read_text())["files"])
    assert hostile.reason() == f"BUNDLE/bundle.json lists {count} files, and a bundle has 64 at most"


def test_a_manifest_that_nests_without_an_end(hostile: Hostile) -> None:
    (hostile.path / MANIFEST).write_text("[" * 200_000)
    reason = hostile.reason()
    assert reason.startswith("it cannot be loaded (RecursionError: ")


def test_external_data(hostile: Hostile, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\0" * 4096)

    def change(model: ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.ClearField("raw_data")
        tensor.external_data.add(key="location", value=str(secret))

    hostile.network(change)
    name = ModelProto.FromString((hostile.path / NETWORK).read_bytes()).graph.initializer[0].name
    assert hostile.reason() == (
        f"BUNDLE/network.onnx keeps tensor '{name}' in another file, and a bundle's network is one file"
    )


def test_giant_shapes(hostile: Hostile) -> None:
    def change(model: ModelProto) -> None:
        model.graph.initializer.append(TensorProto(name="giant", data_type=1, dims=[1 << 40, 1 << 20]))

    hostile.network(change)
    assert re.fullmatch(
        r"BUNDLE/network\.onnx has \d{19} values in its tensors, and 4194304 are served at most", hostile.reason()
    )


@pytest.mark.parametrize("op", ["Expand", "ConstantOfShape", "Add"])
def test_constants_that_unfold(hostile: Hostile, op: str) -> None:
    """A reader that computes constants would need petabytes."""

    def change(model: ModelProto) -> None:
        size = numpy_helper.from_array(np.array([1 << 50]), "size")
        value = numpy_helper.from_array(np.zeros((1, 1), np.float32), "value")
        model.graph.initializer.extend([size, value])
        inputs = {"Expand": ["value", "size"], "ConstantOfShape": ["size"], "Add": ["value", "value"]}[op]
        model.graph.node.insert(0, helper.make_node(op, inputs, ["bomb"]))

    hostile.network(change)
    what = {"ConstantOfShape": "the operator 'ConstantOfShape',"}.get(
        op, f"an operator {op!r} that takes constants only,"
    )
    assert hostile.reason() == f"BUNDLE/network.onnx has {what} which no bundle's network has"


def test_functions_that_unfold(hostile: Hostile) -> None:
    """Each calls the next twice; whoever inlines them has 2**60 nodes."""

    def change(model: ModelProto) -> None:
        for index in range(60):
            nodes = [helper.make_node(f"F{index + 1}", ["x"], [name], domain="evil") for name in ("y", "z")]
            opsets = [helper.make_opsetid("evil", 1)]
            model.functions.append(helper.make_function("evil", f"F{index}", ["x"], ["y"], nodes, opsets))

    hostile.network(change)
    assert hostile.reason() == "BUNDLE/network.onnx has the function 'F0', which no bundle's network has"


def test_a_function_by_the_name_of_a_known_operator_is_never_run(hostile: Hostile) -> None:
    """The reader takes operators by their names, so the file gives the same program; what its own function says goes nowhere."""

    def change(model: ModelProto) -> None:
        function = next(item for item in model.functions if item.name == "QuantLSTMCell")
        del function.node[:]
        function.node.extend(helper.make_node("Identity", ["x"], [output]) for output in function.output)

    hostile.network(change)
    found = load_models(hostile.path.parent, None, ("integer", "onnx"), opener(1))
    assert list(found.models) == ["good", "hostile"], found.refused
    raw = random_windows(found.models["good"].program, 20)
    expected = found.models["good"].variant("integer").measure(raw)
    assert len(np.unique(expected)) > 5
    for name in ("integer", "onnx"):
        np.testing.assert_array_equal(found.models["hostile"].variant(name).measure(raw), expected)


def test_a_configuration_that_unfolds(hostile: Hostile) -> None:
    bomb = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    hostile.file(CONFIG, "\n".join(bomb).encode())
    assert hostile.reason() == "BUNDLE/config.yaml has YAML aliases, and the configuration of a bundle has none"


def test_a_configuration_of_a_giant_network(hostile: Hostile) -> None:
    hostile.config("latent: 2", "latent: 1000000000")
    assert hostile.reason("float32") == (
        "BUNDLE/config.yaml is of a network with (steps, features, layers) (16, 1, [4, 1000000000, 4, 1]), "
        "and BUNDLE/network.onnx has (16, 1, [4, 2, 4, 1])"
    )


def test_a_configuration_with_a_million_threads(hostile: Hostile) -> None:
    text = (hostile.path / CONFIG).read_text("utf-8")
    threads = re.search(r"^  threads: (\d+)$", text, re.MULTILINE)
    assert threads is not None
    hostile.config(threads[0], "  threads: 1000000")
    found = load_models(hostile.path.parent, None, VARIANTS, opener(1))
    assert list(found.models) == ["good", "hostile"]
    assert torch.get_num_threads() == 1


class Evil:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("kind", ["torch", "pickle"])
@pytest.mark.parametrize("variant", ["float32", "int8-dynamic"])
def test_a_pickle_that_runs_code(hostile: Hostile, tmp_path: Path, kind: str, variant: str) -> None:
    mark, target = tmp_path / "run", hostile.path / FLOAT_WEIGHTS
    if kind == "torch":
        torch.save({"encoder.0.weight_ih_l0": Evil(mark)}, target)
    else:
        target.write_bytes(pickle.dumps(Evil(mark)))
    hostile.file(FLOAT_WEIGHTS, target.read_bytes())
    reason = hostile.reason(variant)
    if kind == "torch":
        assert reason == "the file BUNDLE/training/float.pt is damaged; remove it and train again"
    else:
        assert reason == "BUNDLE/training/float.pt is no file of weights that PyTorch writes: File is not a zip file"
    assert not mark.exists()
    if kind == "torch":  # it would have run: the test can tell
        torch.load(target, weights_only=False)
        assert mark.exists()


def test_weights_that_unfold(hostile: Hostile) -> None:
    target = hostile.path / FLOAT_WEIGHTS
    with zipfile.ZipFile(target) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    hostile.file(FLOAT_WEIGHTS, target.read_bytes())
    assert hostile.reason("float32") == "BUNDLE/training/float.pt is compressed, and files of weights are not"


def test_weights_that_are_no_numbers(hostile: Hostile, trained: Mapping[str, Bundle]) -> None:
    model = load_float(trained["error"], from_yaml(trained["error"].read(CONFIG).decode()))
    state = model.state_dict()
    state["latent.bias"][0] = float("nan")
    torch.save(state, hostile.path / FLOAT_WEIGHTS)
    hostile.file(FLOAT_WEIGHTS, (hostile.path / FLOAT_WEIGHTS).read_bytes())
    assert hostile.reason("float32") == (
        "the file BUNDLE/training/float.pt has values in 'latent.bias' that are not finite"
    )


def test_a_bundle_without_float_weights_is_served_without_their_variants(hostile: Hostile) -> None:
    (hostile.path / FLOAT_WEIGHTS).unlink()
    hostile.manifest(lambda values: values["files"].pop(FLOAT_WEIGHTS))
    model = load_models(hostile.path.parent, None, VARIANTS, opener(1)).get("hostile")
    assert list(model.variants) == ["integer", "onnx"]
    assert dict(model.absent) == dict.fromkeys(
        ("float32", "int8-dynamic"), "the bundle has no file 'training/float.pt'"
    )
    assert hostile.reason("float32") == (
        "it can have none of the variants float32: the bundle has no file 'training/float.pt'"
    )


def test_a_window_too_large_to_serve(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw_trigger.service.admission.WINDOW_VALUES", 16 * 4)
    assert list(load_models(hostile.path.parent, None, ("integer",), opener(1)).models) == ["good", "hostile"]
    monkeypatch.setattr("hw_trigger.service.admission.WINDOW_VALUES", 16 * 4 - 1)
    found = load_models(hostile.path.parent, None, ("integer",), opener(1))
    assert found.refused["hostile"] == (
        f"{hostile.path / NETWORK} has windows of 16 steps with up to 4 values each, 64 together, and 63 are served at most"
    )
