"""The file on disk: the same bytes, and every damage noticed."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint import serialize
from hw_trigger.qonnx.file import SEAL, QonnxFileError, load, save
from hw_trigger.qonnx.reader import read
from hw_trigger.qonnx.writer import write

SMALL = Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "network.onnx"
    save(random_program(1, SMALL), path)
    return path


def test_round_trip(path: Path, tmp_path: Path) -> None:
    program = random_program(1, SMALL)
    assert serialize.digest(read(load(path))) == serialize.digest(program)
    again = tmp_path / "again.onnx"
    save(program, again)
    assert again.read_bytes() == path.read_bytes()
    onnx.checker.check_model(onnx.load(path))


def test_truncated_anywhere(path: Path) -> None:
    data = path.read_bytes()
    cuts = sorted({0, 1, 2, 5, 20, len(data) // 2, len(data) - 1, *range(7, len(data), len(data) // 150)})
    for cut in cuts:
        path.write_bytes(data[:cut])
        with pytest.raises(QonnxFileError, match=r"truncated"):
            load(path)


def test_flipped_bytes(path: Path) -> None:
    """Every flip is noticed: it makes the file no ONNX file, or one whose seal is broken."""
    data = path.read_bytes()
    for position in range(0, len(data), 23):
        damaged = bytearray(data)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(bytes(damaged))
        with pytest.raises(QonnxFileError):
            load(path)


def test_message_of_an_altered_file(path: Path) -> None:
    model = onnx.load(path)
    next(tensor for tensor in model.graph.initializer if tensor.name == "latent.weight.value").raw_data = b"\0" * 16
    onnx.save(model, path)
    with pytest.raises(QonnxFileError) as error:
        load(path)
    assert (
        str(error.value)
        == f"{path} is truncated or was altered: its content does not match the SHA-256 written with it"
    )


def test_message_of_a_file_without_its_seal(path: Path) -> None:
    onnx.save(write(random_program(1, SMALL)), path)
    with pytest.raises(QonnxFileError) as error:
        load(path)
    assert (
        str(error.value)
        == f"{path} is truncated or was altered: its content does not match the SHA-256 written with it"
    )


def test_files_of_others_need_no_seal(path: Path) -> None:
    model = write(random_program(1, SMALL))
    model.producer_name = "another"
    onnx.save(model, path)
    assert SEAL not in {entry.key for entry in load(path).metadata_props}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "{path} is not an ONNX file, or it is truncated: it holds no graph"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "{path} is not an ONNX file, or it is truncated"),
        (b"x: 1\ny: 2\n", "{path} is not an ONNX file, or it is truncated"),
    ],
    ids=["empty", "picture", "text"],
)
def test_not_onnx(path: Path, content: bytes, complaint: str) -> None:
    path.write_bytes(content)
    with pytest.raises(QonnxFileError) as error:
        load(path)
    assert str(error.value) == complaint.format(path=path)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(QonnxFileError) as error:
        load(tmp_path / "none.onnx")
    assert str(error.value) == f"cannot read the ONNX file {tmp_path / 'none.onnx'}: No such file or directory"


def test_tensors_in_other_files(path: Path) -> None:
    model = write(random_program(1, SMALL))
    model.producer_name = "another"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(QonnxFileError) as error:
        load(path)
    first = model.graph.initializer[0].name
    assert str(error.value) == f"{path} keeps tensor {first!r} in another file; store the model in one file"


def test_invalid_model(path: Path) -> None:
    model = write(random_program(1, SMALL))
    model.producer_name = "another"
    del model.opset_import[:]
    path.write_bytes(model.SerializeToString())
    with pytest.raises(QonnxFileError) as error:
        load(path)
    assert str(error.value).startswith(f"{path} is no valid ONNX model: ")
