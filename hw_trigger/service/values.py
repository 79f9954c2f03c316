"""The numbers of requests as arrays: of checked JSON, and of ``.npy`` files, whose header is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Sequence, Sized
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError

NPY_TYPE: Final = "application/x-npy"

MOST_HEADER: Final = 512
"""Bytes of a header: NumPy's own need 128."""

MAGIC: Final = b"\x93NUMPY"

_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
"""Of the header, by the format's version."""

_NUMBER = rb"(?:0|[1-9]\d{0,8})"

# What NumPy writes for an array of numbers, and nothing else. NumPy's own reader evaluates the header as a Python literal, which
# takes as long as a small network, and a hostile one may take much more.
_HEADER = re.compile(
    rb"\{'descr': '(?P<descr>[<>][fiu][248]|[<>|][iu]1)', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:(?:NUMBER, ?)+(?:NUMBER)?)?)\),? ?\} *\n?".replace(b"NUMBER", _NUMBER)
)


class NpyError(UserError):
    """A body that is no ``.npy`` file of numbers, or one of another shape or size than is allowed."""


class LengthError(UserError):
    """Windows or samples of other lengths than the model needs."""


def windows_array(windows: list[list[list[float]]], steps: int, n_features: int) -> NDArray[np.float64]:
    """Return windows as an array, ``(n, steps, n_features)``.

    Raises
    ------
    LengthError
        One has another length.
    """
    _check_lengths(windows, steps, "a window", "samples")
    return samples_array(list(chain.from_iterable(windows)), n_features).reshape(-1, steps, n_features)


def samples_array(samples: list[list[float]], n_features: int) -> NDArray[np.float64]:
    """Return samples as an array, ``(n, n_features)``.

    Raises
    ------
    LengthError
        One has another length.
    """
    _check_lengths(samples, n_features, "a sample", "values")
    count = len(samples) * n_features
    return np.fromiter(chain.from_iterable(samples), np.float64, count).reshape(-1, n_features)


def _check_lengths(lists: Sequence[Sized], length: int, what: str, of: str) -> None:
    other = set(map(len, lists)) - {length}
    if other:
        raise LengthError(f"{what} has {min(other)} {of}, and the model needs {length}")


def read_npy(body: bytes, most: int, steps: int, n_features: int) -> NDArray[np.float64]:
    """Return the windows of a ``.npy`` file, float64 ``(n, steps, n_features)``.

    Parameters
    ----------
    most
        Windows that there may be.

    Raises
    ------
    NpyError
        It is no such file, or the array is another one. (Whether its numbers are finite is not checked here.)
    """
    shape, fortran, dtype, start = _header(body)
    if len(shape) != 3 or not 1 <= shape[0] <= most or shape[1:] != (steps, n_features):
        raise NpyError(
            f"the array has the shape {shape}, and the model needs (n, {steps}, {n_features}), n of 1 to {most}"
        )
    count = shape[0] * shape[1] * shape[2]
    if len(body) - start != count * dtype.itemsize:
        raise NpyError(
            f"behind its header the file has {len(body) - start} bytes, and {count} numbers of type {dtype} need "
            f"{count * dtype.itemsize}"
        )
    flat = np.frombuffer(body, dtype, count, start)
    return np.ascontiguousarray(flat.reshape(shape, order="F" if fortran else "C"), np.float64)


def _header(body: bytes) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    """Return the shape, whether the first index is the fastest, the type, and where the numbers begin."""
    if not body.startswith(MAGIC) or len(body) < 8:
        raise NpyError("the body is no .npy file: it does not begin as one")
    version = (body[6], body[7])
    if version not in _LENGTH_BYTES:
        raise NpyError(f"the .npy file has version {version[0]}.{version[1]}, and 1.0 and 2.0 are read")
    begin = 8 + _LENGTH_BYTES[version]
    length = int.from_bytes(body[8:begin], "little")
    header = body[begin : begin + min(length, MOST_HEADER)]
    found = _HEADER.fullmatch(header)
    if len(header) != length or found is None:
        raise NpyError("the .npy file's header is not that of an array of numbers as NumPy writes it")
    shape = tuple(int(text) for text in found["shape"].split(b",") if text.strip())
    return shape, found["fortran"] == b"True", np.dtype(found["descr"].decode()), begin + length
