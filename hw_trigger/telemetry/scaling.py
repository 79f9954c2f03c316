"""From telemetry values to what the network takes: raw codes, and the scaling that is fitted to the training data.

The scaling is part of the firmware, ``x = output(raw * gain + offset)``. Its gain has few significant bits, so that the sum is
exact in float32 too (24 bits), which keeps every executor on the same codes; what that costs is a fraction of a percent of
the range. Source of the contract: :class:`hw_trigger.fixedpoint.program.Scaling`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import MAX_WIDTH, Codes, Format, overflows
from hw_trigger.fixedpoint.golden import Saturations, scale
from hw_trigger.fixedpoint.program import FLOAT32_BITS, Scaling
from hw_trigger.telemetry.channel import Samples, check_finite

GAIN_BITS = range(8, 3, -1)
"""Significant bits of the gain, the first that fits being taken. With 4, up to an eighth of the range is unused."""

LEAST_HALF_RANGE = 1 / 16
"""Half of the range that a column has at least, in units of the source, if nothing else is said: a gain of 16 at most."""

GUARD_BITS = 4
"""Fractional bits of the offset beyond those of the output: it is right to 1/32 of the output's step."""


class ScalingError(UserError):
    """No scaling fits: the raw format is too wide, or the features' ranges are too unlike."""


def to_raw(samples: NDArray[np.floating], raw: Format, *, what: str = "the samples") -> Codes:
    """Return telemetry values, any shape, as codes of the raw format: one rounding, one overflow.

    Parameters
    ----------
    what
        Names the samples in an error.

    Raises
    ------
    SamplesError
        Values are NaN or infinite; the message tells where the first one is.
    """
    check_finite(samples, what)
    return raw.quantize(samples)


def saturated(samples: NDArray[np.floating], raw: Format, *, what: str = "the samples") -> int:
    """Count the values that are outside the range of the raw format, after rounding.

    Raises
    ------
    SamplesError
        As `to_raw`.
    """
    check_finite(samples, what)
    wide = Format(MAX_WIDTH, MAX_WIDTH - raw.fraction, rounding=raw.rounding)
    return overflows(wide.quantize(samples), raw.fraction, raw)


def constant_columns(raw: Codes) -> tuple[int, ...]:
    """Return the columns of raw codes ``(N, features)`` that are one code throughout."""
    return tuple(np.flatnonzero((raw == raw[0]).all(axis=0)).tolist())


def scaled_values(scaling: Scaling, raw: Codes) -> NDArray[np.float64]:
    """Return x, the network's input, as real values, of raw codes ``(..., features)``; in exact integer arithmetic."""
    return scaling.output.values(scale(scaling, raw, Saturations()))


def fit_scaling(
    train: Samples,
    raw: Format,
    output: Format,
    *,
    channel: str,
    least_half_range: float = LEAST_HALF_RANGE,
) -> Scaling:
    """Fit the scaling that brings each column of the training data to [-1, 1), or to the output's range where that is less.

    A column of a narrow range, or of none, is scaled as if its range were wider on both sides: a gain without limit would make an
    anomaly of the least change.

    Parameters
    ----------
    train
        Training samples, ``(N, features)``, in the units of the source. Test data have no part in it.
    raw, output
        Formats of a raw sample and of the network's input.
    channel
        The channel's name, for errors.
    least_half_range
        Half of the range of a column whose own is narrower, in the units of the source; above 0.

    Raises
    ------
    ScalingError
        The sum would need more than 24 bits, one shared gain format cannot hold the gains of all columns, or `least_half_range`
        is not above 0.
    SamplesError
        Values are NaN or infinite.
    """
    if not 0 < least_half_range < math.inf:
        raise ScalingError(f"data.least_half_range must be above 0 and finite, not {least_half_range:g}")
    codes = to_raw(train, raw, what=f"the training data of channel {channel!r}")
    low, high = raw.values(codes.min(axis=0)), raw.values(codes.max(axis=0))
    bottom = max(-1.0, float(output.values(output.low)))
    top = min(1.0 - output.step, float(output.values(output.high)))
    if not bottom < top:
        raise ScalingError(f"the network's input format {output} has no two values within [-1, 1); choose a finer one")
    gains = (top - bottom) / np.maximum(high - low, 2 * least_half_range)
    for bits in GAIN_BITS:
        found = _with_gain_bits(bits, gains, trained=(low, high), target=(bottom, top), raw=raw, output=output)
        if (found.gain == 0).any():
            column = int(np.flatnonzero(found.gain == 0)[0])
            raise ScalingError(
                f"channel {channel!r}: column {column} needs a gain of {gains[column]:g} beside another of {gains.max():g}, "
                f"which a shared format of {bits} bits cannot hold; leave one of the columns out"
            )
        if found.accumulator.width <= FLOAT32_BITS:
            return found
    raise ScalingError(
        f"channel {channel!r}: with the raw format {raw} the scaling needs {found.accumulator.width} bits even with a gain of "
        f"{GAIN_BITS[-1]} bits, and {FLOAT32_BITS} are available; choose a raw format of fewer bits"
    )


def _with_gain_bits(
    bits: int,
    gains: NDArray[np.float64],
    *,
    trained: tuple[NDArray[np.float64], NDArray[np.float64]],
    target: tuple[float, float],
    raw: Format,
    output: Format,
) -> Scaling:
    """Build the scaling whose greatest gain has so many significant bits."""
    _, exponent = math.frexp(float(gains.max()))
    # One bit more for the sign: a signed gain needs no second kind of multiplier downstream.
    gain_format = Format(bits + 1, exponent + 1)
    # Rounded down, so that the trained range does not leave the target.
    gain = np.floor(np.ldexp(gains, gain_format.fraction)).astype(np.int64)
    low, high = trained
    middle = sum(target) / 2 - gain_format.values(gain) * (low + high) / 2
    # No finer than the product, which alone then decides how wide the sum is.
    fraction = min(raw.fraction + gain_format.fraction, output.fraction + GUARD_BITS)
    offset = np.rint(np.ldexp(middle, fraction)).astype(np.int64)
    width = max(2, int(np.abs(offset).max()).bit_length() + 1)
    return Scaling("scaling", raw, gain_format, gain, Format(width, width - fraction), offset, output)
