"""Fixed-point formats, as Xilinx' ``ap_fixed<W, I, Q, O>``, and exact arithmetic on their integer codes.

A number is an integer *code* k with a format; its value is ``k * 2**-fraction``. Arithmetic here is on int64 codes and
never rounds but where a format says so. Source: AMD UG1399, "Arbitrary precision fixed-point data types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError

Codes = NDArray[np.int64]

MAX_WIDTH = 63
"""The widest format whose codes int64 holds with a bit to spare."""


class FormatError(UserError):
    """A fixed-point format that cannot be, or text that is none."""


class FormatTooWideError(UserError):
    """A tensor needs more bits than exact arithmetic has."""


class Rounding(StrEnum):
    """Quantization modes of ``ap_fixed`` (the letter Q)."""

    TRN = "TRN"  # towards minus infinity
    TRN_ZERO = "TRN_ZERO"  # towards zero
    RND = "RND"  # nearest, ties towards plus infinity
    RND_ZERO = "RND_ZERO"  # nearest, ties towards zero
    RND_INF = "RND_INF"  # nearest, ties away from zero
    RND_MIN_INF = "RND_MIN_INF"  # nearest, ties towards minus infinity
    RND_CONV = "RND_CONV"  # nearest, ties to even: Brevitas' and ONNX's ROUND


class Overflow(StrEnum):
    """Overflow modes of ``ap_fixed`` (the letter O)."""

    WRAP = "WRAP"
    SAT = "SAT"
    SAT_SYM = "SAT_SYM"  # saturate, with the most negative code left out: "narrow range"
    SAT_ZERO = "SAT_ZERO"  # an overflow gives zero


_TEXT = re.compile(
    r"\s*ap_(u?)fixed<\s*(\d+)\s*,\s*(-?\d+)\s*(?:,\s*AP_(\w+)\s*(?:,\s*AP_(\w+)\s*(?:,\s*0\s*)?)?)?>\s*"
)


@dataclass(frozen=True, slots=True)
class Format:
    """A fixed-point format.

    Attributes
    ----------
    width
        Bits in all, 1 to 63.
    integer
        Bits left of the binary point, the sign included; may be negative or exceed `width`.
    signed
        Two's complement, or unsigned.
    rounding, overflow
        What happens to a value that the format has no code for.
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = Rounding.RND_CONV
    overflow: Overflow = Overflow.SAT

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise FormatError(f"a format's width must be 1 to {MAX_WIDTH} bits, not {self.width}")
        if abs(self.fraction) > MAX_WIDTH:
            raise FormatError(f"a format's fraction must be within {MAX_WIDTH} bits, not {self.fraction}")
        if self.overflow is Overflow.SAT_SYM and self.signed and self.width == 1:
            raise FormatError("a signed format of 1 bit has no symmetric range (AP_SAT_SYM)")

    @property
    def fraction(self) -> int:
        """Bits right of the binary point; negative when the step is above 1."""
        return self.width - self.integer

    @property
    def step(self) -> float:
        """The value of code 1."""
        return 2.0**-self.fraction

    @property
    def low(self) -> int:
        """The least code that saturation gives."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (self.overflow is Overflow.SAT_SYM)

    @property
    def high(self) -> int:
        """The greatest code."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def magnitude(self) -> int:
        """The greatest absolute value of any code that can occur (wrapping reaches the most negative one)."""
        return max(-self.low, self.high)

    def __str__(self) -> str:
        name = f"ap_{'' if self.signed else 'u'}fixed"
        return f"{name}<{self.width},{self.integer},AP_{self.rounding},AP_{self.overflow}>"

    @classmethod
    def parse(cls, text: str) -> Format:
        """Read ``ap_fixed<8,2,AP_RND_CONV,AP_SAT>``; the modes default to ``AP_TRN`` and ``AP_WRAP`` as in C++.

        Raises
        ------
        FormatError
            The text is not a format.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise FormatError(f"{text!r} is not a format; one looks like 'ap_fixed<8,2,AP_RND_CONV,AP_SAT>'")
        unsigned, width, integer, rounding, overflow = match.groups()
        try:
            modes = Rounding(rounding or "TRN"), Overflow(overflow or "WRAP")
        except ValueError as error:
            allowed = ", ".join([*(f"AP_{mode}" for mode in Rounding), *(f"AP_{mode}" for mode in Overflow)])
            raise FormatError(f"{text!r} has an unknown mode; the modes are {allowed}") from error
        return cls(int(width), int(integer), not unsigned, *modes)

    def with_modes(self, rounding: Rounding, overflow: Overflow) -> Format:
        """Return the same bits with other modes."""
        return replace(self, rounding=rounding, overflow=overflow)

    def represents(self, codes: ArrayLike, fraction: int) -> bool:
        """Tell whether every code with `fraction` fractional bits has an equal in this format."""
        codes = np.asarray(codes, np.int64)
        return bool(np.array_equal(align(quantize_codes(codes, fraction, self), self.fraction, fraction), codes))

    def quantize(self, values: ArrayLike) -> Codes:
        """Round real numbers once to codes of this format; the inverse of `values`.

        Exact for every float64 that is not NaN: scaling by a power of two loses nothing.
        """
        scaled = np.ldexp(np.asarray(values, np.float64), self.fraction)
        rounded = _round_real(scaled, self.rounding)
        if self.overflow is Overflow.WRAP:
            modulus = 2.0**self.width
            return _wrap((rounded - np.floor(rounded / modulus) * modulus).astype(np.int64), self)
        if self.overflow is Overflow.SAT_ZERO:
            return np.where((rounded < self.low) | (rounded > self.high), 0.0, rounded).astype(np.int64)
        # float64 has no 2**63 - 1: clip integers where the limit is not a double of its own.
        clipped = np.clip(rounded, -(2.0**62), 2.0**62).astype(np.int64)
        return np.clip(clipped, self.low, self.high)

    def values(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Return the real values of codes."""
        return np.ldexp(np.asarray(codes, np.float64), -self.fraction)

    def all_codes(self) -> Codes:
        """Return the code of every bit pattern 0 .. 2**width - 1, in the order of the patterns."""
        return _wrap(np.arange(1 << self.width, dtype=np.int64), self)


def align(codes: Codes, fraction: int, wanted: int) -> Codes:
    """Shift codes from `fraction` to `wanted` fractional bits (``wanted >= fraction``, or the dropped bits are zero)."""
    shift = wanted - fraction
    return codes << shift if shift >= 0 else codes >> -shift


def quantize_codes(codes: ArrayLike, fraction: int, target: Format) -> Codes:
    """Round and saturate integer codes with `fraction` fractional bits to `target`, exactly.

    The caller sees to it that ``codes << max(0, target.fraction - fraction)`` fits int64.
    """
    return overflow_codes(round_codes(np.asarray(codes, np.int64), fraction - target.fraction, target.rounding), target)


def round_codes(codes: Codes, dropped: int, rounding: Rounding) -> Codes:
    """Drop the last `dropped` bits (append zeros where negative) with the given rounding, before any overflow."""
    if dropped <= 0:
        return codes << -dropped
    if dropped > 62:  # a shift that int64 does not have; the codes are far below half a step
        codes, dropped = _sticky(codes, dropped), 62
    floor = codes >> dropped
    remainder = codes - (floor << dropped)
    half = np.int64(1 << (dropped - 1))
    negative = codes < 0
    match rounding:
        case Rounding.TRN:
            up = np.zeros_like(negative)
        case Rounding.TRN_ZERO:
            up = negative & (remainder != 0)
        case Rounding.RND:
            up = remainder >= half
        case Rounding.RND_ZERO:
            up = (remainder > half) | ((remainder == half) & negative)
        case Rounding.RND_INF:
            up = (remainder > half) | ((remainder == half) & ~negative)
        case Rounding.RND_MIN_INF:
            up = remainder > half
        case Rounding.RND_CONV:
            up = (remainder > half) | ((remainder == half) & ((floor & 1) == 1))
    return floor + up


def overflow_codes(codes: Codes, target: Format) -> Codes:
    """Bring rounded codes into the range of `target` as its overflow mode says."""
    match target.overflow:
        case Overflow.SAT | Overflow.SAT_SYM:
            return np.clip(codes, target.low, target.high)
        case Overflow.SAT_ZERO:
            return np.where((codes < target.low) | (codes > target.high), np.int64(0), codes)
        case Overflow.WRAP:
            return _wrap(codes, target)


def overflows(codes: ArrayLike, fraction: int, target: Format) -> int:
    """Count the codes that saturate (or wrap) when they are brought to `target`."""
    rounded = round_codes(np.asarray(codes, np.int64), fraction - target.fraction, target.rounding)
    return int(np.count_nonzero((rounded < target.low) | (rounded > target.high)))


def exact_format(magnitude: int, fraction: int, tensor: str, *, limit: int = MAX_WIDTH) -> Format:
    """Return the narrowest signed format that holds every integer code up to `magnitude`, for the named tensor.

    Raises
    ------
    FormatTooWideError
        More than `limit` bits are needed.
    """
    width = magnitude.bit_length() + 1
    if width > limit:
        raise FormatTooWideError(
            f"tensor {tensor!r} needs {width} bits with {fraction} fractional ones to be exact, and {limit} are available; "
            "choose narrower formats for what flows into it"
        )
    return Format(width, width - fraction, True, Rounding.TRN, Overflow.WRAP)


def _sticky(codes: Codes, dropped: int) -> Codes:
    """Shrink a shift beyond 62 bits to 62: all codes are below half of the kept step, and keep sign and non-zeroness."""
    extra = dropped - 62
    floor = codes >> min(extra, 63)
    inexact = codes != 0
    return np.asarray(floor | inexact.astype(np.int64))


def _wrap(codes: Codes, target: Format) -> Codes:
    """Keep the last `width` bits, as two's complement where the format is signed."""
    low_bits: Codes = codes & np.int64((1 << target.width) - 1)
    if not target.signed:
        return low_bits
    return np.asarray(np.where(low_bits > target.high, low_bits - np.int64(1 << target.width), low_bits))


def _round_real(scaled: NDArray[np.float64], rounding: Rounding) -> NDArray[np.float64]:
    """Round real numbers to integers."""
    match rounding:
        case Rounding.TRN:
            return np.floor(scaled)
        case Rounding.TRN_ZERO:
            return np.trunc(scaled)
        case Rounding.RND_CONV:
            return np.rint(scaled)
        case _:
            pass
    # On magnitudes, where taking the whole part away is exact.
    magnitude = np.abs(scaled)
    whole = np.floor(magnitude)
    remainder = magnitude - whole
    tie_grows = {
        Rounding.RND: scaled >= 0,
        Rounding.RND_ZERO: np.zeros_like(scaled, bool),
        Rounding.RND_INF: np.ones_like(scaled, bool),
        Rounding.RND_MIN_INF: scaled < 0,
    }[rounding]
    return np.asarray(np.copysign(whole + ((remainder > 0.5) | ((remainder == 0.5) & tie_grows)), scaled))
