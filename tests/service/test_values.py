"""Numbers of requests as arrays: what NumPy writes is read, and nothing else."""

from __future__ import annotations

import io
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.api import npy

from hw_trigger.service.values import LengthError, NpyError, read_npy, samples_array, windows_array

MAGIC = b"\x93NUMPY"


def file(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    text = header.encode("latin-1")
    size = len(text) if length is None else length
    return MAGIC + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", size) + text + data


def described(descr: str = "<f8", shape: str = "(1, 3, 2)", fortran: str = "False") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f2", "i1", "u1", "<i2", ">u4", "<i8", "<u8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_numbers(dtype: str, order: str) -> None:
    array = np.arange(4 * 3 * 2).reshape(4, 3, 2).astype(dtype, order=order)  # type: ignore[call-overload]
    found = read_npy(npy(array), 4, 3, 2)
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, array)


def test_version_2() -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ones((1, 3, 2)), version=(2, 0))
    assert read_npy(stream.getvalue(), 1, 3, 2).sum() == 6


NO_FILE = "the body is no .npy file: it does not begin as one"
NO_HEADER = "the .npy file's header is not that of an array of numbers as NumPy writes it"
DATA = bytes(48)

HOSTILE = [
    (b"", NO_FILE),
    (MAGIC, NO_FILE),
    (pickle.dumps(np.zeros(3)), NO_FILE),
    (MAGIC + b"\x03\x00" + bytes(200), "the .npy file has version 3.0, and 1.0 and 2.0 are read"),
    (file(described("|O"), DATA), NO_HEADER),
    (file(described("<c16"), DATA), NO_HEADER),
    (file(described("<f1"), DATA), NO_HEADER),
    (file(described("<f16"), DATA), NO_HEADER),
    (file(described("<U4"), DATA), NO_HEADER),
    (file("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,), }", DATA), NO_HEADER),
    (file(described(shape="(01, 3, 2)"), DATA), NO_HEADER),
    (file(described(shape="(-1, 3, 2)"), DATA), NO_HEADER),
    (file(described(shape="(1e3, 3, 2)"), DATA), NO_HEADER),
    (file(described(shape="(9999999999, 3, 2)"), DATA), NO_HEADER),
    (file("__import__('os').system('true')", DATA), NO_HEADER),
    (file("(" * 500, DATA), NO_HEADER),
    (file("-" * 60_000, DATA), NO_HEADER),
    (file(described(), DATA, length=65_000), NO_HEADER),
    (file(described(), DATA, (2, 0), length=0xFFFFFFFF), NO_HEADER),
    (file(described(shape="()"), bytes(8)), "the array has the shape (), and the model needs (n, 3, 2), n of 1 to 4"),
    (file(described(shape="(6,)"), DATA), "the array has the shape (6,), and the model needs (n, 3, 2), n of 1 to 4"),
    (
        file(described(shape="(0, 3, 2)")),
        "the array has the shape (0, 3, 2), and the model needs (n, 3, 2), n of 1 to 4",
    ),
    (
        file(described(shape="(999999999, 3, 2)"), DATA),
        "the array has the shape (999999999, 3, 2), and the model needs (n, 3, 2), n of 1 to 4",
    ),
    (
        file(described(), DATA[:-1]),
        "behind its header the file has 47 bytes, and 6 numbers of type float64 need 48",
    ),
    (
        file(described("<f4"), DATA),
        "behind its header the file has 48 bytes, and 6 numbers of type float32 need 24",
    ),
]


@pytest.mark.parametrize(("body", "message"), HOSTILE)
def test_hostile_files(body: bytes, message: str) -> None:
    with pytest.raises(NpyError) as caught:
        read_npy(body, 4, 3, 2)
    assert str(caught.value) == message


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_or_read(data: st.DataObject) -> None:
    body = bytearray(npy(np.ones((2, 3, 2))))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_npy(bytes(body), 4, 3, 2).shape == (2, 3, 2)
    except NpyError:
        return


def test_lists() -> None:
    array = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(windows_array(array.tolist(), 3, 2), array)
    np.testing.assert_array_equal(samples_array(array[0].tolist(), 2), array[0])


def test_ragged_lists() -> None:
    with pytest.raises(LengthError, match=r"^a window has 2 samples, and the model needs 3$"):
        windows_array([[[1.0]] * 3, [[1.0]] * 2], 3, 1)
    with pytest.raises(LengthError, match=r"^a sample has 2 values, and the model needs 1$"):
        windows_array([[[1.0], [1.0, 2.0], [1.0]]], 3, 1)
