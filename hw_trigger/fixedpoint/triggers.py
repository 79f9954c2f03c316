"""The triggers of a fixed-point program: how the decision of a window follows from what the network computed of it.

Each has a `score`, an exact integer format, and a `threshold`, a code with the score's fraction: ``trigger = score > threshold``.
What people read is in the trigger's `unit`: `values` are those of scores' codes, and `threshold_code` is the way back.
How they compute is written down once, in :mod:`hw_trigger.fixedpoint.decision`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes, Format, FormatTooWideError, Overflow, Rounding, exact_format

EXACT_BITS = 53
"""Accumulators may have as many bits as a float64 product of integers keeps: every executor is exact up to there."""


class ProgramError(UserError):
    """A program whose parts do not fit together."""


@dataclass(frozen=True)
class Comparison:
    """What triggers that compare a window with its reconstruction have in common: the exact squared error.

    Attributes
    ----------
    input, reconstruction
        Formats of x and of the reconstruction, both of shape ``(steps, n_features)`` a window.
    threshold
        Code with the fraction of `score`.
    """

    name: str
    steps: int
    n_features: int
    input: Format
    reconstruction: Format
    threshold: int

    @cached_property
    def error(self) -> Format:
        """The exact format of ``x - reconstruction``."""
        fraction = max(self.input.fraction, self.reconstruction.fraction)
        magnitude = (self.input.magnitude << (fraction - self.input.fraction)) + (
            self.reconstruction.magnitude << (fraction - self.reconstruction.fraction)
        )
        return exact_format(magnitude, fraction, f"{self.name}.error", limit=EXACT_BITS)

    @cached_property
    def energy(self) -> Format:
        """The exact, unsigned format of the sum over steps and features of the squared error."""
        return _sum_of_squares(f"{self.name}.energy", self.error, self.steps * self.n_features)


@dataclass(frozen=True)
class ErrorTrigger(Comparison):
    """``score = sum over steps and features of (x - reconstruction)**2``, exact.

    The division of a mean by steps * features is folded into the threshold.
    """

    unit: ClassVar[str] = "scaled units squared"

    def __post_init__(self) -> None:
        _check_threshold(self.name, self.threshold, self.score)

    @property
    def score(self) -> Format:
        """The exact, unsigned format of the sum of squares."""
        return self.energy

    def threshold_code(self, mean_square: float) -> int:
        """Return the integer threshold that equals ``mean of squares > mean_square``, for real `mean_square`."""
        return _code(mean_square * self.steps * self.n_features, self.score)

    def values(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Return the mean squares of scores, shape unchanged."""
        return self.score.values(codes) / (self.steps * self.n_features)


SCORE_FRACTION = 8
"""Fractional bits of a logarithm, and of a deviation score: the score counts 1/256 octaves."""

MOST_SETTLING = (1 << 31) - 1
"""What C++ and ONNX count to in the formats that they have for it."""

GUARD = 12
"""Bits that running means have beyond a score's: a mean over 2**11 windows still follows steps of 1/256."""


@dataclass(frozen=True)
class DeviationTrigger(Comparison):
    """How far a window's error and activity are from their own running means, in octaves, and x from the trained range.

    Telemetry drifts in gain and offset, so the level of the error in operation is not that of training: what tells is how the
    error changes, up or down. Windows are those of a stream, one after another; the state is 0 at its start. With n windows
    before this one, ``L`` the piecewise-linear base-2 logarithm (Mitchell, "Computer Multiplication and Division Using Binary
    Logarithms", 1962) and sums exact::

        energy   = sum over steps and features of (x - reconstruction)**2
        activity = sum over features and all but the first step of (x[t] - x[t - 1])**2
        excess   = max over features of max(0, |x[last]| - 1)
        e, a     = L(energy + energy_floor), L(activity + activity_floor)
        d_e, d_a = |e - energy_mean|, |a - activity_mean|          (both means begin at the first window's values)
        k        = min(floor(log2(n + 1)), baseline)
        energy_mean += (e - energy_mean) >> k;                     activity_mean likewise
        held     = max(excess << weight, held - (held >> excess_decay))
        score    = d_e + d_a + held
        trigger  = n >= settle and score > max(threshold, record)
        record   = max(score, record - (record >> record_decay))   (0 where not adaptive)

    Means, `held` and `record` are kept with :data:`GUARD` bits more than the score has.

    Attributes
    ----------
    threshold
        Least score of an alarm, in 2**-8 octaves.
    adaptive
        An alarm must also be a new record: exceed every earlier score of the stream, which are forgotten slowly.
    settle
        Windows at the stream's start without alarms, 1 or more; the means and the record do learn from them.
    baseline
        Log2 of the windows that the running means look back on.
    weight
        Log2 of the octaves that x counts for each unit beyond 1, the trained range.
    excess_decay, record_decay
        Log2 of the windows in which `held` and `record` fall to 1/e.
    floor
        The floors are a mean square of 2**-floor, so that quantization noise is no deviation.
    """

    unit: ClassVar[str] = "octaves"

    adaptive: bool
    settle: int
    baseline: int = 11
    weight: int = 2
    excess_decay: int = 6
    record_decay: int = 16
    floor: int = 10

    def __post_init__(self) -> None:
        if not 1 <= self.settle <= MOST_SETTLING:
            raise ProgramError(
                f"trigger {self.name!r} has a settling time of {self.settle} windows; 1 to {MOST_SETTLING} are possible"
            )
        for name in ("baseline", "weight", "excess_decay", "record_decay", "floor"):
            value, most = getattr(self, name), 24
            if not 0 <= value <= most:
                raise ProgramError(f"trigger {self.name!r} has {name} {value}, and 0 to {most} are possible")
        if self.excess_shift < 0:
            raise ProgramError(
                f"trigger {self.name!r} has weight {self.weight} and input {self.input}; the input may have "
                f"{SCORE_FRACTION + GUARD + self.weight} fractional bits at most, so that its excess is no finer than the state"
            )
        # A logarithm shifts its argument by its result's fractional bits, in 64 of them.
        for tensor, squares in (("energy", self.energy), ("activity", self.activity)):
            exact_format(
                squares.high + self._floor(squares), squares.fraction, f"{self.name}.{tensor}", limit=EXACT_BITS + 2
            )
        _ = self.held
        _check_threshold(self.name, self.threshold, self.score)

    @cached_property
    def difference(self) -> Format:
        """The exact format of ``x[t] - x[t - 1]``."""
        return exact_format(2 * self.input.magnitude, self.input.fraction, f"{self.name}.difference", limit=EXACT_BITS)

    @cached_property
    def activity(self) -> Format:
        """The exact, unsigned format of the activity."""
        return _sum_of_squares(f"{self.name}.activity", self.difference, max(1, self.steps - 1) * self.n_features)

    @cached_property
    def excess(self) -> Format:
        """The exact, unsigned format of ``|x| - 1``."""
        magnitude = max(1, self.input.magnitude - self.one)
        return _unsigned(magnitude, self.input.fraction)

    @cached_property
    def one(self) -> int:
        """The code of 1, the end of the trained range; the least one above it where 1 is none."""
        return 1 << max(0, self.input.fraction)

    @cached_property
    def energy_floor(self) -> int:
        """Code with the fraction of `energy`."""
        return self._floor(self.energy)

    @cached_property
    def activity_floor(self) -> int:
        """Code with the fraction of `activity`."""
        return self._floor(self.activity)

    def _floor(self, squares: Format) -> int:
        shift = squares.fraction - self.floor
        count = self.steps * self.n_features
        return count << shift if shift >= 0 else max(1, count >> -shift)

    @cached_property
    def excess_shift(self) -> int:
        """By how many bits a code of `excess` is shifted to be `held`, with its weight."""
        return self.weight + SCORE_FRACTION + GUARD - self.input.fraction

    @cached_property
    def held(self) -> Format:
        """The unsigned format of the weighted excess that is held, and of nothing wider in the state but the record."""
        magnitude = self.excess.high << self.excess_shift
        exact_format(magnitude, SCORE_FRACTION + GUARD, f"{self.name}.held", limit=EXACT_BITS)
        return _unsigned(magnitude, SCORE_FRACTION + GUARD)

    @cached_property
    def mean(self) -> Format:
        """The unsigned format of the running means."""
        highest = max(
            logarithm(squares.high + floor)
            for squares, floor in ((self.energy, self.energy_floor), (self.activity, self.activity_floor))
        )
        return _unsigned(highest << GUARD, SCORE_FRACTION + GUARD)

    @cached_property
    def record(self) -> Format:
        """The unsigned format of the record: that of the score, with the guard bits."""
        return Format(self.score.width + GUARD, self.score.integer, False, Rounding.TRN, Overflow.WRAP)

    @cached_property
    def last_count(self) -> int:
        """Where the count of windows stops: nothing changes any more from there on."""
        return max(self.settle, 1 << self.baseline)

    @cached_property
    def score(self) -> Format:
        """The unsigned format of the score, wide enough for any."""
        highest = sum(
            logarithm(squares.high + floor) - logarithm(floor)
            for squares, floor in ((self.energy, self.energy_floor), (self.activity, self.activity_floor))
        )
        return _unsigned(highest + (self.held.high >> GUARD), SCORE_FRACTION)

    def threshold_code(self, octaves: float) -> int:
        """Return the integer threshold that equals ``score > octaves``, for real `octaves`."""
        return _code(octaves, self.score)

    def values(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Return scores in octaves, shape unchanged."""
        return self.score.values(codes)


@dataclass(frozen=True)
class MarginTrigger:
    """The decision of a classifier: ``score = logit[positive] - max of the other logits``, exact.

    Attributes
    ----------
    n_classes
        Logits, 2 or more.
    positive
        Index of the class that triggers.
    input
        Format of the logits.
    threshold
        Code with the fraction of `score`; 0 is where `positive` is as probable as another class.
    """

    unit: ClassVar[str] = "logits"

    name: str
    n_classes: int
    positive: int
    input: Format
    threshold: int

    def __post_init__(self) -> None:
        if self.n_classes < 2 or not 0 <= self.positive < self.n_classes:
            raise ProgramError(
                f"trigger {self.name!r} is for class {self.positive} of {self.n_classes}; it must be one of 2 or more"
            )
        _check_threshold(self.name, self.threshold, self.score)

    @cached_property
    def score(self) -> Format:
        """The exact, signed format of the margin."""
        return exact_format(2 * self.input.magnitude, self.input.fraction, f"{self.name}.score", limit=EXACT_BITS)

    def threshold_code(self, margin: float) -> int:
        """Return the integer threshold that equals ``score > margin``, for real `margin`."""
        return _code(margin, self.score)

    def values(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Return scores as differences of logits, shape unchanged."""
        return self.score.values(codes)


Trigger = ErrorTrigger | DeviationTrigger | MarginTrigger


def logarithm(number: int) -> int:
    """Return ``L(number)`` of a whole number of 1 or more, in 2**-8 octaves: exact at powers of two, linear between them."""
    exponent = number.bit_length() - 1
    return (exponent << SCORE_FRACTION) + ((number << SCORE_FRACTION) >> exponent) - (1 << SCORE_FRACTION)


def logarithms(numbers: Codes) -> Codes:
    """Return :func:`logarithm` of each whole number of 1 or more and of 55 bits at most, shape unchanged."""
    exponent = np.frexp(numbers.astype(np.float64))[1].astype(np.int64) - 1
    exponent -= (numbers >> exponent) == 0  # float64 rounds some of more than 53 bits up to the next power of two
    return (exponent << SCORE_FRACTION) + ((numbers << SCORE_FRACTION) >> exponent) - (1 << SCORE_FRACTION)


def _sum_of_squares(tensor: str, term: Format, count: int) -> Format:
    """Return the exact, unsigned format of the sum of `count` squares."""
    width = (count * (1 << (term.width - 1)) ** 2).bit_length()
    if width > EXACT_BITS:
        raise FormatTooWideError(
            f"tensor {tensor!r} needs {width} bits to be exact, and {EXACT_BITS} are available; "
            "choose a narrower input or output format, or a shorter window"
        )
    fraction = 2 * term.fraction
    return Format(width, width - fraction, False, Rounding.TRN, Overflow.WRAP)


def _unsigned(magnitude: int, fraction: int) -> Format:
    width = max(1, magnitude.bit_length())
    return Format(width, width - fraction, False, Rounding.TRN, Overflow.WRAP)


def _code(value: float, score: Format) -> int:
    exact = np.floor(np.ldexp(value, score.fraction))
    return int(min(max(exact, float(score.low)), float(score.high)))


def _check_threshold(name: str, threshold: int, score: Format) -> None:
    if not score.low <= threshold <= score.high:
        raise ProgramError(
            f"trigger {name!r} has the threshold {threshold}, and a score has codes {score.low} to {score.high}"
        )
