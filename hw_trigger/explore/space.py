"""What a sweep varies: a list for every choice, and the designs that they make."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from hw_trigger.errors import UserError, nearest
from hw_trigger.explore.designs import Budget, Design, Factors
from hw_trigger.explore.numbers import whole_numbers
from hw_trigger.explore.sizes import CONFIGURED, units_text
from hw_trigger.explore.sizes import quant as quant_of
from hw_trigger.explore.sizes import units as units_of
from hw_trigger.hls.reuse import allowed_reuse_factors
from hw_trigger.hls.settings import IO_TYPES, STRATEGIES, HlsSettings
from hw_trigger.models.spec import Architecture, QuantSpec
from hw_trigger.parts.database import FIGURES, Database

TYPICAL = "typical"
"""The clock period that designs usually have on the part."""

LONGEST_WINDOW = 100_000

SIZES = ("latent", "window")
FACTORS = ("reuse_factor", "recurrent_reuse_factor", "dense_reuse_factor", "gate_unroll")
BALANCED = ("balanced_multipliers", "balanced_dsp")

Numbers = tuple[int | str, ...]
Platform = tuple[str, tuple[str | int, ...], float]


class SpaceError(UserError):
    """A list of the sweep that is empty or holds what cannot be."""


@dataclass(frozen=True)
class Space:
    """Lists of choices; numbers are whole ones or ranges as :mod:`hw_trigger.explore.numbers` has them.

    In all lists down to `clock_ns` but `strategy` and `io_type`, ``"configured"`` stands for what the configuration has beside
    the sweep.

    Attributes
    ----------
    quant
        Widths, as :func:`hw_trigger.explore.sizes.quant` has them: ``w8a12``.
    units
        Units of encoder and decoder, as :func:`hw_trigger.explore.sizes.units` has them: ``64``, ``"32x16"``.
    latent, window
        Features of the latent vector; samples of a window.
    strategy, io_type, part
        As in the HLS settings; a part may also be a device's or a board's name.
    clock_ns
        Clock periods in nanoseconds; ``"typical"`` is the part's own.
    reuse_factor, recurrent_reuse_factor, dense_reuse_factor, gate_unroll
        As in the HLS settings. A factor that a layer cannot have is left out. All four empty: balanced designs only.
    balanced_multipliers, balanced_dsp
        Budgets: for each, one design whose factors are chosen layer by layer.

    Raises
    ------
    SpaceError, NumbersError, SizeError
        A list is empty, or holds what it cannot.
    """

    quant: tuple[str, ...]
    units: Numbers
    latent: Numbers
    window: Numbers
    strategy: tuple[str, ...]
    io_type: tuple[str, ...]
    part: tuple[str, ...]
    clock_ns: tuple[float | str, ...]
    reuse_factor: Numbers
    recurrent_reuse_factor: Numbers
    dense_reuse_factor: Numbers
    gate_unroll: Numbers
    balanced_multipliers: Numbers
    balanced_dsp: Numbers

    def __post_init__(self) -> None:
        self._check_empty()
        self._check_choices()
        for name in ("latent", "window", *FACTORS, *BALANCED):
            self.numbers(name)

    def _check_choices(self) -> None:
        for name, allowed in (("strategy", STRATEGIES), ("io_type", IO_TYPES)):
            for value in getattr(self, name):
                if value not in allowed:
                    raise SpaceError(
                        f"the sweep's {name} has {value!r}, and may have {' and '.join(allowed)}{nearest(value, allowed)}"
                    )
        for clock in self.clock_ns:
            if clock not in {TYPICAL, CONFIGURED} and not (isinstance(clock, int | float) and 0.1 <= clock <= 1000):
                raise SpaceError(
                    f"the sweep's clock_ns has {clock!r}, and each must be 0.1 to 1000 nanoseconds, {TYPICAL!r} or {CONFIGURED!r}"
                )
        for window in self.numbers("window"):
            if not 2 <= window <= LONGEST_WINDOW:
                raise SpaceError(f"the sweep's window has {window}, and each must be 2 to {LONGEST_WINDOW} samples")

    def _check_empty(self) -> None:
        """Refuse empty lists: of the factors all may be empty where there are budgets, and of the budgets any."""
        balanced = any(getattr(self, name) for name in BALANCED)
        optional = {*BALANCED}
        if balanced and not any(getattr(self, name) for name in FACTORS):
            optional |= {*FACTORS}
        for item in fields(self):
            if not getattr(self, item.name) and item.name not in optional:
                hint = (
                    "; leave all four factors empty for balanced designs only"
                    if item.name in FACTORS and balanced
                    else ""
                )
                raise SpaceError(f"the sweep's {item.name} is empty, and needs one choice at least{hint}")

    def numbers(self, name: str, base: Architecture | None = None) -> tuple[int, ...]:
        """Return the numbers of the list of that name; of ``latent`` and ``window`` the configured one may be that of `base`."""
        items: Numbers = getattr(self, name)
        if name in SIZES:
            known = () if base is None else (getattr(base, name),)
            items = tuple(number for item in items for number in (known if item == CONFIGURED else (item,)))
        return whole_numbers(name, items)


@dataclass(frozen=True)
class Base:
    """What a sweep does not vary.

    Attributes
    ----------
    architecture
        The configured one; its columns of telemetry are those of all.
    quant
        The configured preset, whose formats get other widths.
    hls
        The configured settings, for the back end, and for part and clock where the sweep has the configured ones.
    parts
        All that are known.
    """

    architecture: Architecture
    quant: QuantSpec
    hls: HlsSettings
    parts: Database


@dataclass(frozen=True)
class _Block:
    """Designs that differ in what any of them can have."""

    first: Design
    io_types: tuple[str, ...]
    platforms: tuple[Platform, ...]
    factors: tuple[tuple[int, ...], ...]
    budgets: tuple[Budget, ...]

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of choices of io_type, platform, and reuse."""
        return len(self.io_types), len(self.platforms), math.prod(map(len, self.factors)) + len(self.budgets)

    def __getitem__(self, index: int) -> Design:
        io_type, platform, reuse = (int(number) for number in np.unravel_index(index, self.shape))
        part, device, clock = self.platforms[platform]
        first = replace(self.first, part=part, device=device, clock_ns=clock)
        return replace(first, io_type=self.io_types[io_type], reuse=self._reuse(reuse))

    def _reuse(self, index: int) -> Factors | Budget:
        shape = tuple(map(len, self.factors))
        if index >= math.prod(shape):
            return self.budgets[index - math.prod(shape)]
        return Factors(
            *(choices[int(at)] for choices, at in zip(self.factors, np.unravel_index(index, shape), strict=True))
        )


class Grid(Sequence[Design]):
    """All designs of a space that can be, in a fixed order: those of one network follow each other.

    Attributes
    ----------
    skipped
        Designs left out because a layer cannot have a factor.
    """

    def __init__(self, space: Space, base: Base) -> None:
        platforms = _platforms(space, base)
        budgets = (
            *(Budget("multipliers", amount) for amount in space.numbers("balanced_multipliers")),
            *(Budget("dsp", amount) for amount in space.numbers("balanced_dsp")),
        )
        quants = tuple(dict.fromkeys(quant_of(text, base.quant) for text in space.quant))
        wanted = tuple(space.numbers(name) for name in FACTORS)
        self._blocks: list[_Block] = []
        self.skipped = 0
        for architecture, quant, strategy in itertools.product(
            _architectures(space, base.architecture), quants, space.strategy
        ):
            able = tuple(
                tuple(factor for factor in factors if factor in possible)
                for factors, possible in zip(wanted, _possible(architecture, strategy), strict=True)
            )
            first = Design(
                architecture, quant, base.hls.backend, strategy, "io_stream", *platforms[0], Factors(1, 1, 1, 1)
            )
            self._blocks.append(_Block(first, space.io_type, platforms, able, budgets))
            missing = math.prod(map(len, wanted)) - math.prod(map(len, able))
            self.skipped += missing * len(space.io_type) * len(platforms)
        self._ends = list(itertools.accumulate(math.prod(block.shape) for block in self._blocks))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        block = int(np.searchsorted(self._ends, index, side="right"))
        return self._blocks[block][index - (self._ends[block - 1] if block else 0)]

    def sample(self, most: int, seed: int) -> list[Design]:
        """Return all designs, or `most` of them drawn without replacement, in the grid's order; the same for the same seed.

        A larger sample of a seed has the smaller ones in it: they are the beginning of one permutation (Fisher and Yates), of
        which only that much is made.
        """
        count = len(self)
        if count <= most:
            return list(self)
        others = np.random.default_rng(seed).integers(np.arange(most), count)
        chosen: list[int] = []
        moved: dict[int, int] = {}
        for place, other in enumerate(others.tolist()):
            chosen.append(moved.get(other, other))
            moved[other] = moved.get(place, place)
        return [self[index] for index in sorted(chosen)]


def _platforms(space: Space, base: Base) -> tuple[Platform, ...]:
    """Return part, what it has, and clock of each pair, once.

    Raises
    ------
    UnknownPartError
        A part is not known.
    """
    found: dict[Platform, None] = {}
    for name, clock in itertools.product(space.part, space.clock_ns):
        match = base.parts.resolve(base.hls.part if name == CONFIGURED else name)
        periods = {TYPICAL: match.part.typical_clock_ns, CONFIGURED: base.hls.clock_ns}
        period = periods[clock] if isinstance(clock, str) else float(clock)
        device = (match.part.family, *(getattr(match.part, figure) for figure in FIGURES))
        found[match.full_name, device, period] = None
    return tuple(found)


def _architectures(space: Space, base: Architecture) -> list[Architecture]:
    """Return every size once, called as ``lstm<units>-l<latent>-t<window>``."""
    found: dict[Architecture, None] = {}
    choices = (space.units, space.numbers("latent", base), space.numbers("window", base))
    for text, latent, window in itertools.product(*choices):
        encoder, decoder = units_of(text, base)
        name = f"lstm{units_text(encoder, decoder).replace(':', '-')}-l{latent}-t{window}"
        found[Architecture(name, base.n_features, window, encoder, latent, decoder)] = None
    return list(found)


def _possible(architecture: Architecture, strategy: str) -> tuple[set[int], set[int], set[int], set[int]]:
    """Return the factors that every layer can have, in the order of :data:`FACTORS`."""
    lstms = [
        *itertools.pairwise((architecture.n_features, *architecture.encoder)),
        *itertools.pairwise((architecture.latent, *architecture.decoder)),
    ]
    dense = [
        (architecture.encoder[-1], architecture.latent),
        (architecture.decoder[-1], architecture.n_features),
    ]
    products = (
        [(before, 4 * units) for before, units in lstms],
        [(units, 4 * units) for _, units in lstms],
        dense,
    )
    reuse = [
        set.intersection(*(set(allowed_reuse_factors(*product, strategy)) for product in group)) for group in products
    ]
    unroll = math.gcd(*(units for _, units in lstms))
    return reuse[0], reuse[1], reuse[2], {number for number in range(1, unroll + 1) if unroll % number == 0}
