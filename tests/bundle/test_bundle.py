"""A bundle is whole, checked when it is loaded, and every alteration is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.programs import random_program

from hw_trigger.bundle.bundle import (
    CONFIG,
    FLOAT_WEIGHTS,
    HISTORY,
    QUANTIZED_WEIGHTS,
    Bundle,
    load_bundle,
    write_bundle,
)
from hw_trigger.bundle.manifest import (
    BundleError,
    ChannelRecord,
    Manifest,
    ProvenanceRecord,
    ScalerRecord,
    ThresholdRecord,
)
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program
from hw_trigger.fixedpoint.tensors import formats_of

FILES = {CONFIG: b"channel: X\n", HISTORY: b"{}\n", FLOAT_WEIGHTS: b"f", QUANTIZED_WEIGHTS: b"q"}


def manifest_of(program: Program) -> Manifest:
    assert program.scaling is not None
    assert program.trigger is not None
    return Manifest(
        name=program.name,
        channel=ChannelRecord(name="X", spacecraft="S", source="a test", columns=(0,), sha256="0" * 64),
        threshold=ThresholdRecord(
            kind="error",
            rule="sigmas",
            parameter=4,
            unit=program.trigger.unit,
            value=0.3,
            code=program.trigger.threshold,
            train_mean=0.1,
            train_sigma=0.05,
        ),
        scaler=ScalerRecord(
            gain=tuple(program.scaling.gain_format.values(program.scaling.gain).tolist()),
            offset=tuple(program.scaling.offset_format.values(program.scaling.offset).tolist()),
        ),
        formats=formats_of(program),
        program_sha256=serialize.digest(program),
        provenance=ProvenanceRecord(seed=0, versions={}, config_sha256="1" * 64),
        files={},
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    program = random_program(5)
    return write_bundle(tmp_path / "run", manifest_of(program), program, FILES)


def edit(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> str:
    """Change the manifest on disk, and return the error of loading it."""
    path = bundle.path / "bundle.json"
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle.path)
    return str(caught.value)


def test_round_trip(bundle: Bundle) -> None:
    again = load_bundle(bundle.path)
    assert serialize.digest(again.program) == serialize.digest(random_program(5))
    assert again.manifest == bundle.manifest
    assert again.read(CONFIG) == FILES[CONFIG]
    assert sorted(again.manifest.files) == sorted([*FILES, "network.onnx"])
    assert again.manifest.formats["encoder_0.cell"].startswith("ap_fixed<")


def test_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    program = random_program(5)
    other = write_bundle(tmp_path / "other", manifest_of(program), program, FILES)
    for name in ["bundle.json", *bundle.manifest.files]:
        assert (bundle.path / name).read_bytes() == (other.path / name).read_bytes(), name


def test_a_failed_write_leaves_the_old_bundle(bundle: Bundle) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    before = (bundle.path / "bundle.json").read_bytes()
    program = random_program(6)
    with pytest.raises(UserError) as caught:
        write_bundle(bundle.path, manifest_of(program), program, {**FILES, FLOAT_WEIGHTS: fail})
    assert str(caught.value) == f"cannot write the directory {bundle.path}: No space left on device"
    assert (bundle.path / "bundle.json").read_bytes() == before
    assert [path.name for path in bundle.path.parent.iterdir()] == ["run"]


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        load_bundle(tmp_path / "run")
    assert str(caught.value) == f"there is no bundle at {tmp_path / 'run'}; `hw-trigger qat` writes one"


@pytest.mark.parametrize("name", [*FILES, "network.onnx"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_file(bundle: Bundle, name: str, damage: str) -> None:
    path = bundle.path / name
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
        message = f"cannot read {path}: No such file or directory"
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content[:-1] if damage == "cut" else content)
        digest = bundle.manifest.files[name]
        message = f"{path}: the SHA-256 is [0-9a-f]{{64}}, and {digest} is needed; the bundle is damaged or altered"
    with pytest.raises(BundleError, match=f"^{message}$"):
        load_bundle(bundle.path)


def test_another_version(bundle: Bundle) -> None:
    assert edit(bundle, lambda values: values.update(version=1)) == (
        f"{bundle.path / 'bundle.json'} has version 1, and this release reads 2; train again: hw-trigger qat"
    )


def test_something_else(bundle: Bundle) -> None:
    (bundle.path / "bundle.json").write_text("[]")
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle.path)
    assert str(caught.value) == (
        f"{bundle.path / 'bundle.json'} is no manifest of a bundle: its 'format' must be 'hw_trigger bundle'"
    )
    (bundle.path / "bundle.json").write_text("{")
    with pytest.raises(BundleError, match=f"^{re.escape(str(bundle.path / 'bundle.json'))} is not JSON: "):
        load_bundle(bundle.path)


def test_a_damaged_manifest(bundle: Bundle) -> None:
    assert edit(bundle, lambda values: values["channel"].update(sha256="x")) == (
        f"{bundle.path / 'bundle.json'} is damaged: channel.sha256: String should match pattern '^[0-9a-f]{{64}}$'"
    )


def test_a_file_that_is_not_listed(bundle: Bundle) -> None:
    assert edit(bundle, lambda values: values["files"].pop(CONFIG)) == (
        f"{bundle.path / 'bundle.json'} lists no file 'config.yaml'"
    )


def test_inference_needs_no_training_files(tmp_path: Path) -> None:
    program = random_program(5)
    bundle = write_bundle(tmp_path / "run", manifest_of(program), program, {CONFIG: FILES[CONFIG]})
    assert serialize.digest(bundle.program) == serialize.digest(program)
    with pytest.raises(BundleError) as caught:
        bundle.read(HISTORY)
    assert str(caught.value) == (
        f"bundle {bundle.path} has no file 'history.json'; `hw-trigger qat` writes one that has"
    )


def test_a_file_outside(bundle: Bundle) -> None:
    assert edit(bundle, lambda values: values["files"].update({"../x": "0" * 64})) == (
        f"{bundle.path / 'bundle.json'} lists the file '../x', which is outside the bundle"
    )


def test_the_network_of_another_bundle(bundle: Bundle, tmp_path: Path) -> None:
    program = random_program(6)
    other = write_bundle(tmp_path / "other", manifest_of(program), program, FILES)
    shutil.copy(other.path / "network.onnx", bundle.path)
    digest = other.manifest.files["network.onnx"]
    assert edit(bundle, lambda values: values["files"].update({"network.onnx": digest})) == (
        f"{bundle.path / 'network.onnx'} gives the program {other.manifest.program_sha256}, "
        f"and {bundle.path / 'bundle.json'} speaks of {bundle.manifest.program_sha256}"
    )


def test_another_threshold(bundle: Bundle) -> None:
    code = bundle.manifest.threshold.code
    assert edit(bundle, lambda values: values["threshold"].update(code=code + 1)) == (
        f"{bundle.path / 'network.onnx'} has the threshold {code}, and {bundle.path / 'bundle.json'} has {code + 1}"
    )


def test_a_program_without_trigger(tmp_path: Path) -> None:
    program = random_program(5)
    bare = random_program(5, trigger=False)
    manifest = manifest_of(program).model_copy(update={"program_sha256": serialize.digest(bare)})
    with pytest.raises(BundleError, match=r"has no scaling or no trigger, and a bundle needs both$"):
        write_bundle(tmp_path / "run", manifest, bare, FILES)
    assert not (tmp_path / "run").exists()
