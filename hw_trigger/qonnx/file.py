"""The QONNX file on disk: written whole, with a seal of its content, and checked when loaded."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from hw_trigger.files import sha256_bytes, write_whole
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.contract import PRODUCER, QonnxError
from hw_trigger.qonnx.writer import write

SEAL = "hw_trigger.sha256"
"""Key of the metadata that holds the SHA-256 of the model without it."""


class QonnxFileError(QonnxError):
    """A file that is no ONNX model, or not the one that was written."""


def save(program: Program, path: Path) -> None:
    """Write a program to one sealed file; the same bytes for the same program.

    Raises
    ------
    QonnxError
        QONNX cannot say what the program does.
    OutputError
        The file cannot be written.
    """
    model = write(program)
    seal = _content_hash(model)
    model.metadata_props.add(key=SEAL, value=seal)
    write_whole(path, model.SerializeToString(deterministic=True))


def load(path: Path) -> ModelProto:
    """Return the model in a file, of this package or another.

    Raises
    ------
    QonnxFileError
        There is no such file, it is no ONNX model, or truncated, or one of :func:`save` that was altered, or keeps tensors in
        other files.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise QonnxFileError(f"cannot read the ONNX file {path}: {error.strerror}") from error
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise QonnxFileError(f"{path} is not an ONNX file, or it is truncated") from error
    if not model.ir_version or not model.HasField("graph"):
        raise QonnxFileError(f"{path} is not an ONNX file, or it is truncated: it holds no graph")
    _check_seal(model, path)
    external = next((t.name for t in model.graph.initializer if t.data_location == TensorProto.EXTERNAL), None)
    if external is not None:
        raise QonnxFileError(f"{path} keeps tensor {external!r} in another file; store the model in one file")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise QonnxFileError(f"{path} is no valid ONNX model: {error}") from error
    return model


def _check_seal(model: ModelProto, path: Path) -> None:
    """Check that a file of ours holds what was written."""
    seals = [entry.value for entry in model.metadata_props if entry.key == SEAL]
    if not seals and model.producer_name != PRODUCER:
        return
    if seals != [_content_hash(model)]:
        raise QonnxFileError(
            f"{path} is truncated or was altered: its content does not match the SHA-256 written with it"
        )


def _content_hash(model: ModelProto) -> str:
    """Return the SHA-256 of a model without its seal."""
    bare = ModelProto()
    bare.CopyFrom(model)
    others = [entry for entry in model.metadata_props if entry.key != SEAL]
    del bare.metadata_props[:]
    bare.metadata_props.extend(others)
    return sha256_bytes(bare.SerializeToString(deterministic=True))
