"""A served bundle: its program, the variants that compute it, and the way from telemetry to raw codes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.errors import UserError, nearest
from hw_trigger.fixedpoint.decision import measure
from hw_trigger.fixedpoint.formats import MAX_WIDTH, Codes, Format, overflow_codes
from hw_trigger.fixedpoint.golden import Saturations, scale
from hw_trigger.fixedpoint.program import Program, Trigger
from hw_trigger.service.variants.base import Variant
from hw_trigger.telemetry.channel import SamplesError, check_finite


class AbsentVariantError(UserError):
    """A variant that a model is not served with."""


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle that is served.

    Attributes
    ----------
    id
        The name of the bundle's directory.
    variants
        By name, in the order of :data:`hw_trigger.service.variants.base.VARIANTS`.
    absent
        Variants that were asked for and that this bundle cannot have, and why.
    """

    id: str
    bundle: Bundle
    variants: Mapping[str, Variant]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        """The fixed-point program."""
        return self.bundle.program

    @property
    def trigger(self) -> Trigger:
        """The program's trigger."""
        return self.bundle.trigger

    @property
    def sha256(self) -> str:
        """The hash of the program, which is the firmware's too."""
        return self.bundle.manifest.program_sha256

    @property
    def steps(self) -> int:
        """Samples of a window."""
        return self.program.steps

    @property
    def n_features(self) -> int:
        """Values of a sample."""
        return self.program.n_features

    @cached_property
    def n_measures(self) -> int:
        """What the trigger takes of each window alone: so many integers."""
        x = np.zeros((1, self.steps, self.n_features), np.int64)
        measures = measure(self.trigger, x, np.zeros((1, *self.program.output_shape), np.int64))
        return int(measures.shape[1])

    def variant(self, name: str) -> Variant:
        """Return a variant by name.

        Raises
        ------
        AbsentVariantError
            The model is not served with it; the message names those that it is served with.
        """
        if name in self.variants:
            return self.variants[name]
        why = f": {self.absent[name]}" if name in self.absent else nearest(name, self.variants)
        raise AbsentVariantError(
            f"model {self.id!r} is not served with the variant {name!r}{why}; there are {', '.join(self.variants)}"
        )

    def quantize(self, values: NDArray[np.float64]) -> tuple[Codes, int]:
        """Return telemetry as raw codes, shape unchanged, and the number of samples that did not fit.

        A sample did not fit where any of its values is outside the raw format, or is clipped behind the scaling by the format of
        the network's input.

        Parameters
        ----------
        values
            Samples in the telemetry's units, ``(..., n_features)``.

        Raises
        ------
        SamplesError
            The last dimension is another, or values are NaN or infinite.
        """
        values = np.asarray(values, np.float64)
        if not values.ndim or values.shape[-1] != self.n_features:
            raise SamplesError(
                f"the samples have the shape {values.shape}, and model {self.id!r} takes (..., {self.n_features})"
            )
        raw = self.program.raw
        check_finite(values, "the samples")
        rounded = self._unlimited_raw.quantize(values)
        codes = overflow_codes(rounded, raw)
        low, high = self._unclipped
        fits = (rounded >= raw.low) & (rounded <= raw.high) & (codes >= low) & (codes <= high)
        return codes, codes[..., 0].size - int(np.count_nonzero(fits.all(axis=-1)))

    @cached_property
    def _unlimited_raw(self) -> Format:
        """The raw format, with room for what it has none for."""
        return _unlimited(self.program.raw)

    @cached_property
    def _unclipped(self) -> tuple[Codes, Codes]:
        """The least and the greatest raw code of each feature that the scaling does not clip; it is monotone."""
        scaling, raw = self.bundle.scaling, self.program.raw
        unlimited = replace(scaling, output=_unlimited(scaling.output))
        codes = range(raw.low, raw.high + 1)
        ends = []
        for feature, gain in enumerate(scaling.gain.tolist()):
            sign = 1 if gain >= 0 else -1

            def rising(code: int, feature: int = feature, sign: int = sign) -> int:
                sample = np.zeros(self.n_features, np.int64)
                sample[feature] = code
                return sign * int(scale(unlimited, sample, Saturations())[feature])

            least, greatest = sorted((sign * scaling.output.low, sign * scaling.output.high))
            first = bisect_left(codes, least, key=rising)
            ends.append((raw.low + first, raw.low + bisect_right(codes, greatest, key=rising) - 1))
        low, high = zip(*ends, strict=True)
        return np.array(low, np.int64), np.array(high, np.int64)


def _unlimited(target: Format) -> Format:
    """Return a format that rounds as `target` does, with room for what `target` has none for."""
    return Format(MAX_WIDTH, MAX_WIDTH - target.fraction, rounding=target.rounding)
