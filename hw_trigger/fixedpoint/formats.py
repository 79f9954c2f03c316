"""Fixed-point formats, as Xilinx' ``ap_fixed<W, I, Q, O>``, and exact arithmetic on their integer codes.

A number is an integer *code* k with a format; its value is ``k * 2**-fraction``. Arithmetic here is on int64 codes and
never rounds but where a format says so. Source: AMD UG1399, "Arbitrary precision fixed-point data types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError

Codes = NDArray[np.int64]

MAX_WIDTH = 63
"""The widest signed format: int64 holds its codes with a bit to spare. An unsigned one has a bit less."""


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
        Bits in all, 1 to 63, or 62 where unsigned.
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
        widest = MAX_WIDTH if self.signed else MAX_WIDTH - 1
        if not 1 <= self.width <= widest:
            kind = "a signed" if self.signed else "an unsigned"
            raise FormatError(f"{kind} format's width must be 1 to {widest} bits, not {self.width}")
        if abs(self.fraction) > MAX_WIDTH:
            raise FormatError(f"a format's fraction must be within {MAX_WIDTH} bits, not {self.fraction}")
        if self.overflow is Overflow.SAT_SYM and self.signed and self.width == 1:
            # The ap_fixed headers give its only negative code, which is what the mode excludes.
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

    def quantize(self, values: ArrayLike) -> Codes:
        """Round real numbers once to codes of this format; the inverse of `values`.

        Exact for every float64, infinities included (an infinity wraps to 0, as every large power of two does).

        Raises
        ------
        FormatError
            A value is not a number.
        """
        values = np.asarray(values, np.float64)
        if np.isnan(values).any():
            raise FormatError(
                f"{np.count_nonzero(np.isnan(values))} values are not numbers, and {self} has no code for that"
            )
        # Past 2**±900 the value does not matter any more, and scaling by a power of two would leave float64's range.
        magnitude = np.where(values == 0, 0.0, np.clip(np.abs(values), 2.0**-900, 2.0**900))
        rounded = _round_real(np.ldexp(np.copysign(magnitude, values), self.fraction), self.rounding)
        if self.overflow is Overflow.WRAP:
            rounded = np.fmod(rounded, 2.0**self.width)
        # The doubles next to the limits of int64 are outside every format.
        return overflow_codes(np.clip(rounded, -(2.0**63), 2.0**63 - 1024).astype(np.int64), self)

    def exact_codes(self, values: ArrayLike, tensor: str) -> Codes:
        """Return the codes of real numbers that are this format's already: what an executor gave for the named tensor.

        Raises
        ------
        RuntimeError
            A value is none of the format's: the executor did not compute what the program says.
        """
        scaled = np.ldexp(np.asarray(values, np.float64), self.fraction)
        exact = (scaled == np.rint(scaled)) & (scaled >= self.low) & (scaled <= self.high)
        if not exact.all():
            raise RuntimeError(f"tensor {tensor!r} has {np.count_nonzero(~exact)} values that are none of {self}")
        return np.asarray(scaled.astype(np.int64))

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

    The caller sees to it that ``codes << max(0, target.fraction - fraction)`` fits int64; a program checks that of its
    tensors.
    """
    return overflow_codes(round_codes(np.asarray(codes, np.int64), fraction - target.fraction, target.rounding), target)


def round_codes(codes: Codes, dropped: int, rounding: Rounding) -> Codes:
    """Drop the last `dropped` bits (append zeros where negative) with the given rounding, before any overflow."""
    if dropped <= 0:
        return codes << -dropped
    if dropped > 62:  # the half of a step would not fit int64
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
        More than `limit` bits are needed, or more fractional ones than a format has.
    """
    if abs(fraction) > MAX_WIDTH:
        raise FormatTooWideError(
            f"tensor {tensor!r} needs {fraction} fractional bits to be exact, and a format has {MAX_WIDTH} at most; "
            "choose formats with fewer of them for what flows into it"
        )
    width = magnitude.bit_length() + 1
    if width > limit:
        raise FormatTooWideError(
            f"tensor {tensor!r} needs {width} bits with {fraction} fractional ones to be exact, and {limit} are available; "
            "choose narrower formats for what flows into it"
        )
    return Format(width, width - fraction, True, Rounding.TRN, Overflow.WRAP)


def _sticky(codes: Codes, dropped: int) -> Codes:
    """Drop the bits of a shift beyond 62, and set the last bit left where one of them was set.

    That keeps the sign, and whether what 62 more bits drop is below, at or above a half.
    """
    extra = min(dropped - 62, 63)
    floor = codes >> extra
    return np.asarray(floor | (codes != floor << extra))


def _wrap(codes: Codes, target: Format) -> Codes:
    """Keep the last `width` bits, as two's complement where the format is signed."""
    if not target.signed:
        return codes & np.int64((1 << target.width) - 1)
    unused = 64 - target.width
    return codes << unused >> unused


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
