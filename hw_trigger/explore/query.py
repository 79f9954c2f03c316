"""What a user asks a sweep for: ``part=xc7z020 latency<100us dsp<50%``."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import pandas as pd

from hw_trigger.errors import UserError, nearest
from hw_trigger.explore.pareto import MAXIMIZED
from hw_trigger.explore.space import TYPICAL, Space
from hw_trigger.hls.settings import STRATEGIES
from hw_trigger.parts.database import Database


class QueryError(UserError):
    """A query that cannot be read."""


TIMES: Final[Mapping[str, float]] = MappingProxyType({"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6})
"""Units of time, in microseconds."""

PREFIXES: Final[Mapping[str, float]] = MappingProxyType({"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9})

FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "latency": "latency_us",
        "interval": "interval_us",
        "throughput": "windows_per_second",
        "windows_per_second": "windows_per_second",
        "dsp": "dsp",
        "bram": "bram18",
        "bram18": "bram18",
        "uram": "uram",
        "lut": "lut",
        "ff": "ff",
        "multipliers": "multipliers",
        "share": "tightest_share",
        "auc": "auc_roc",
        "auc_roc": "auc_roc",
        "auc_pr": "auc_pr",
    }
)
"""What can be limited, minimized or maximized, and the column that it is in."""

CHOICES = ("part", "clock", "strategy", "io_type", "quant", "units", "window")
"""What can be chosen with ``=``."""

_RESOURCES = ("dsp", "bram18", "uram", "lut", "ff")
_TERM = re.compile(r"([A-Za-z0-9_]+)(<=|>=|<|>|=)([^<>=]+)")
_NUMBER = re.compile(r"(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\s*(\D*)")
_COMPARE: Mapping[str, Callable[[pd.Series, float], pd.Series]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Limit:
    """A figure below or above a value.

    Attributes
    ----------
    text
        As the user wrote it.
    column, sign, value
        In the unit of the column.
    """

    text: str
    column: str
    sign: str
    value: float

    def met(self, results: pd.DataFrame) -> pd.Series:
        """Return which designs keep the limit; a figure that is not known does not."""
        return _COMPARE[self.sign](results[self.column], self.value)

    def excess(self, results: pd.DataFrame) -> pd.Series:
        """Return by how much designs miss the limit: 0.2 is a fifth beyond it, 0 kept, infinite where the figure is not known."""
        values = results[self.column].astype(float)
        beyond = values / self.value - 1 if self.sign.startswith("<") else self.value / values - 1
        # A strict limit is missed by what equals it, too.
        missed = beyond.clip(lower=sys.float_info.min)
        return missed.where(~self.met(results), 0.0).where(values.notna(), float("inf"))


@dataclass(frozen=True)
class Query:
    """Limits, choices, and what the best is.

    Attributes
    ----------
    choices
        By one of :data:`CHOICES`, as the user wrote it.
    objective
        The column that is minimized or, if it is in :data:`hw_trigger.explore.pareto.MAXIMIZED`, maximized; ``None``: the least
        loss of accuracy, then the least share of the part.
    """

    text: str
    limits: tuple[Limit, ...]
    choices: Mapping[str, str]
    objective: str | None

    def restrict(self, space: Space, parts: Database) -> Space:
        """Return the space with what the query chooses in place of its own lists.

        With a part and no clock, the clock is the part's typical one.

        Raises
        ------
        UnknownPartError
            The part is not known.
        SpaceError, SizeError, NumbersError
            A choice cannot be.
        """
        changes: dict[str, tuple[float | str, ...]] = {}
        for name, value in self.choices.items():
            if name == "clock":
                changes["clock_ns"] = (_clock(value),)
            else:
                changes[name] = (value,)
        if "part" in self.choices:
            changes["part"] = (parts.resolve(self.choices["part"]).full_name,)
            changes.setdefault("clock_ns", (TYPICAL,))
        return replace(space, **changes)  # type: ignore[arg-type]


def parse_query(text: str) -> Query:
    """Read a query: terms with spaces or commas between them.

    A term is a choice (``part=zcu104 clock=5ns strategy=Resource quant=w8a8 units=32x16``), a limit (``latency<100us``,
    ``interval<=2000cycles``, ``throughput>20k/s``, ``dsp<50%``, ``lut<40000``, ``auc>0.8``), or ``minimize=`` or ``maximize=``
    with the name of a figure.

    Raises
    ------
    QueryError
        There is no term, one is none of these, a name or a unit is unknown, or something is said twice.
    """
    if not text.replace(",", " ").strip():
        raise QueryError("the query is empty: it needs a term at least, as in 'part=xc7z020 latency<100us dsp<50%'")
    limits: list[Limit] = []
    choices: dict[str, str] = {}
    objective: str | None = None
    for term in re.sub(r"\s*(<=|>=|<|>|=)\s*", r"\1", text).replace(",", " ").split():
        match = _TERM.fullmatch(term)
        if match is None:
            raise QueryError(
                f"the query's term {term!r} cannot be read: it must be a choice, as 'part=xc7z020', or a limit, as "
                "'latency<100us'"
            )
        name, sign, value = match.groups()
        if name in {"minimize", "maximize"} and sign == "=":
            if objective is not None:
                raise QueryError(f"the query says twice what the best is; the second time it says {term!r}")
            objective = _objective(name, value)
        elif sign == "=":
            if name in choices:
                raise QueryError(f"the query chooses {name} twice: {choices[name]!r} and {value!r}")
            choices[_known(term, name, CHOICES, FIGURES)] = _choice(name, value)
        else:
            limits.append(_limit(term, _known(term, name, tuple(FIGURES), CHOICES), sign, value))
    return Query(text, tuple(limits), choices, objective)


def _known(term: str, name: str, here: tuple[str, ...], elsewhere: Mapping[str, str] | tuple[str, ...]) -> str:
    """Check the name of a choice or of a limit."""
    if name in here:
        return name
    limits = "a limit, with < or >" if here is CHOICES else "chosen, with ="
    if name in elsewhere:
        raise QueryError(f"the query's term {term!r} cannot be: {name} is {limits}")
    what = "choices are" if here is CHOICES else "limits are on"
    raise QueryError(
        f"the query's term {term!r} names {name!r}{nearest(name, [*here, *elsewhere])}; {what} {', '.join(here)}"
    )


def _objective(verb: str, name: str) -> str:
    if name not in FIGURES:
        raise QueryError(f"the query cannot {verb} {name!r}{nearest(name, FIGURES)}; it can {', '.join(FIGURES)}")
    column = FIGURES[name]
    if (verb == "maximize") != (column in MAXIMIZED):
        other = "minimize" if verb == "maximize" else "maximize"
        raise QueryError(
            f"the query says {verb}={name}, and less is {'worse' if other == 'maximize' else 'better'}: {other}={name}"
        )
    return column


def _choice(name: str, value: str) -> str:
    if name == "strategy":
        return next((known for known in STRATEGIES if known.lower() == value.lower()), value)
    return value


def _limit(term: str, name: str, sign: str, value: str) -> Limit:
    """Return a limit in the unit of its column."""
    match = _NUMBER.fullmatch(value)
    number, unit = (float(match[1]), match[2].strip()) if match else (0.0, "")
    if match is None or number <= 0:
        raise QueryError(f"the query's term {term!r} needs a number above 0 behind {sign}, not {value!r}")
    column = FIGURES[name]
    if column in {"latency_us", "interval_us"}:
        if unit == "cycles":
            return Limit(term, column.replace("_us", "_cycles"), sign, number)
        return Limit(term, column, sign, number * _unit(term, unit, TIMES, ("cycles",)))
    if column == "windows_per_second":
        return Limit(term, column, sign, number * _unit(term, unit.removesuffix("/s"), PREFIXES))
    if column in _RESOURCES and unit == "%":
        return Limit(term, f"{column}_share", sign, number / 100)
    if column in _RESOURCES or column == "multipliers":
        return Limit(term, column, sign, number * _unit(term, unit, PREFIXES, ("%",) if column in _RESOURCES else ()))
    return Limit(term, column, sign, number * _unit(term, unit, {"": 1.0, "%": 0.01}))


def _unit(term: str, unit: str, units: Mapping[str, float], more: tuple[str, ...] = ()) -> float:
    if unit not in units:
        allowed = ", ".join(name or "none" for name in (*units, *more))
        found = repr(unit) if unit else "no unit"
        raise QueryError(
            f"the query's term {term!r} has {found}{nearest(unit, [*units, *more])}; the units are {allowed}"
        )
    return units[unit]


def _clock(value: str) -> float:
    """Return a clock period in nanoseconds, of a period or a frequency."""
    match = _NUMBER.fullmatch(value)
    number, unit = (float(match[1]), match[2].strip()) if match else (0.0, "")
    periods = {"ns": number, "MHz": 1e3 / number if number else 0.0}
    if not periods.get(unit):
        raise QueryError(
            f"the query's clock must be a period or a frequency, as clock=5ns or clock=200MHz, not {value!r}"
        )
    return periods[unit]
