"""Read and write bundles.

::

    models/<run>/
        bundle.json         the manifest: names, threshold, formats, provenance, SHA-256 of every other file
        network.onnx        QONNX: scaling, network and trigger; all that inference needs
        config.yaml         the whole configuration of the run
        history.json        losses of both trainings, by epoch, for the report
        training/float.pt, training/quantized.pt
                            the trained weights, for comparisons with PyTorch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from onnx import ModelProto

from hw_trigger.bundle.manifest import BundleError, Manifest, from_text, to_text
from hw_trigger.files import sha256_bytes, sha256_file, whole_directory
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program, Scaling, Trigger
from hw_trigger.qonnx.file import load, save
from hw_trigger.qonnx.reader import read

MANIFEST = "bundle.json"
NETWORK = "network.onnx"
CONFIG = "config.yaml"
HISTORY = "history.json"
FLOAT_WEIGHTS = "training/float.pt"
QUANTIZED_WEIGHTS = "training/quantized.pt"

REQUIRED = (NETWORK, CONFIG)
"""What inference needs; the other files are for comparisons and reports."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A loaded and checked bundle.

    Attributes
    ----------
    path
        Its directory.
    manifest
        What ``bundle.json`` says.
    model
        The QONNX file.
    program
        The fixed-point program, read from it.
    scaling, trigger
        Of the program: a bundle always has both.
    """

    path: Path
    manifest: Manifest
    model: ModelProto
    program: Program
    scaling: Scaling
    trigger: Trigger

    def read(self, name: str) -> bytes:
        """Return the content of one of the bundle's files, compared with its SHA-256 again.

        Raises
        ------
        BundleError
            The bundle has no such file, or it is gone or altered.
        """
        if name not in self.manifest.files:
            raise BundleError(f"bundle {self.path} has no file {name!r}; `hw-trigger qat` writes one that has")
        return read_checked(self.path, name, self.manifest.files[name])


def write_bundle(
    path: Path, manifest: Manifest, program: Program, files: Mapping[str, bytes | Callable[[Path], None]]
) -> Bundle:
    """Write a bundle whole: the program as QONNX, and `files`; the hashes of all are put into the manifest.

    Parameters
    ----------
    files
        By name, the content of a file, or a function that writes it to the path that it is given.

    Raises
    ------
    OutputError
        The directory cannot be written; what was there before is still there.
    """
    with whole_directory(path) as scratch:
        save(program, scratch / NETWORK)
        for name, content in files.items():
            target = scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(target)
            else:
                target.write_bytes(content)
        digests = {name: sha256_file(scratch / name) for name in sorted([NETWORK, *files])}
        complete = manifest.model_copy(update={"files": digests})
        (scratch / MANIFEST).write_text(to_text(complete), "utf-8")
        # What was written is read back as any other reader would: the QONNX file must give this very program.
        bundle = load_bundle(scratch)
    return replace(bundle, path=path)


def load_bundle(path: Path) -> Bundle:
    """Load a bundle, and check all of it.

    Raises
    ------
    BundleError
        There is none, a file is missing or altered, or the version is not known.
    QonnxError
        The QONNX file cannot be represented exactly.
    """
    if not (path / MANIFEST).is_file():
        raise BundleError(f"there is no bundle at {path}; `hw-trigger qat` writes one")
    try:
        text = (path / MANIFEST).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"cannot read {path / MANIFEST}: {error}") from error
    manifest = from_text(text, str(path / MANIFEST))
    absent = [name for name in REQUIRED if name not in manifest.files]
    if absent:
        raise BundleError(f"{path / MANIFEST} lists no file {absent[0]!r}")
    for name, digest in manifest.files.items():
        read_checked(path, name, digest)
    model = load(path / NETWORK)
    program = read(model)
    return Bundle(path, manifest, model, program, *_check_program(path, manifest, program))


def read_checked(path: Path, name: str, digest: str) -> bytes:
    """Return the content of a file of the bundle at `path`.

    Raises
    ------
    BundleError
        It is outside the bundle, cannot be read, or has another SHA-256.
    """
    target = path / name
    if not target.resolve().is_relative_to(path.resolve()):
        raise BundleError(f"{path / MANIFEST} lists the file {name!r}, which is outside the bundle")
    try:
        content = target.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read {target}: {error.strerror}") from error
    found = sha256_bytes(content)
    if found != digest:
        raise BundleError(f"{target}: the SHA-256 is {found}, and {digest} is needed; the bundle is damaged or altered")
    return content


def _check_program(path: Path, manifest: Manifest, program: Program) -> tuple[Scaling, Trigger]:
    """Refuse a manifest that speaks of another program than the QONNX file; return the program's scaling and trigger."""
    found = serialize.digest(program)
    if found != manifest.program_sha256:
        raise BundleError(
            f"{path / NETWORK} gives the program {found}, and {path / MANIFEST} speaks of {manifest.program_sha256}"
        )
    if program.trigger is None or program.scaling is None:
        raise BundleError(f"{path / NETWORK} has no scaling or no trigger, and a bundle needs both")
    if program.trigger.threshold != manifest.threshold.code:
        raise BundleError(
            f"{path / NETWORK} has the threshold {program.trigger.threshold}, "
            f"and {path / MANIFEST} has {manifest.threshold.code}"
        )
    return program.scaling, program.trigger
