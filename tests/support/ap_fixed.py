"""The ap_fixed headers that hls4ml ships, compiled: conversions, products and sums on integer codes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.formats import Codes, Format, FormatError

SOURCE = Path(__file__).parents[1] / "fixedpoint" / "cpp" / "conversions.cpp"


@dataclass(frozen=True)
class Conversion:
    """One instance of the headers' assignment, by its place in the table of the C++ file."""

    index: int
    source: Format
    target: Format


class ApFixed:
    """The compiled table of the C++ file."""

    def __init__(self, cache: Path) -> None:
        self._library = ctypes.CDLL(str(_build(cache)))
        for name in ("conversion_source", "conversion_target", "operand_name"):
            getattr(self._library, name).restype = ctypes.c_char_p
        self.refused: list[str] = []
        """Names of targets that the headers compile, and that are no formats here."""
        self.conversions: list[Conversion] = []
        for index in range(self._library.conversion_count()):
            source = Format.parse(self._library.conversion_source(index).decode())
            name = self._library.conversion_target(index).decode()
            try:
                self.conversions.append(Conversion(index, source, Format.parse(name)))
            except FormatError:
                self.refused.append(name)
        self.operands = [
            Format.parse(self._library.operand_name(index).decode()) for index in range(self._library.operand_count())
        ]

    def convert(self, conversion: Conversion, codes: ArrayLike) -> Codes:
        """Assign codes of the source to the target."""
        given = np.ascontiguousarray(codes, np.int64)
        results = np.empty_like(given)
        self._library.conversion_codes(conversion.index, _pointer(given), _pointer(results), ctypes.c_long(given.size))
        return results

    def quantize(self, conversion: Conversion, values: ArrayLike) -> Codes:
        """Assign doubles to the target."""
        given = np.ascontiguousarray(values, np.float64)
        results = np.empty(given.shape, np.int64)
        self._library.conversion_values(conversion.index, _pointer(given), _pointer(results), ctypes.c_long(given.size))
        return results

    def multiply(self, left: Format, right: Format, a: Codes, b: Codes) -> Codes:
        """Return the codes of ``a * b`` in the type that the headers give a product."""
        return self._combine("product_codes", left, right, a, b)

    def add(self, left: Format, right: Format, a: Codes, b: Codes) -> Codes:
        """Return the codes of ``a + b`` in the type that the headers give a sum."""
        return self._combine("sum_codes", left, right, a, b)

    def _combine(self, function: str, left: Format, right: Format, a: Codes, b: Codes) -> Codes:
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        results = np.empty_like(a)
        places = self.operands.index(left), self.operands.index(right)
        getattr(self._library, function)(*places, _pointer(a), _pointer(b), _pointer(results), ctypes.c_long(a.size))
        return results


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def headers() -> Path:
    """Return the directory of the headers, without importing hls4ml."""
    spec = find_spec("hls4ml")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "templates" / "vivado" / "ap_types"


def _build(cache: Path) -> Path:
    """Compile the table (20 s), or find it compiled from the same sources."""
    sources = [SOURCE, *sorted(headers().rglob("*.h"))]
    library = cache / f"{sha256_bytes(b''.join(path.read_bytes() for path in sources))}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            built = Path(scratch) / "conversions.so"
            # NDEBUG: the headers assert where more bits are dropped than the source has, and go on to compute it rightly.
            flags = ["-std=c++0x", "-O0", "-DNDEBUG", "-shared", "-fPIC"]
            subprocess.run(["g++", *flags, "-I", headers(), SOURCE, "-o", built], check=True, capture_output=True)
            built.replace(library)
    return library
