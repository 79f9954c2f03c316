"""Parts that users describe in their configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw_trigger.errors import UserError, nearest
from hw_trigger.parts.database import DSPS, FIGURES, Database, Part, Source, board_key

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
FAMILIES: Final = tuple(DSPS)
OWN = "the configuration"
DEFAULT_CLOCK = "200 MHz, hls4ml's default clock period"

Count = Annotated[int, Field(ge=0, strict=True)]


class PartError(UserError):
    """A part in the configuration that lacks a figure, has an impossible one, or takes the name of another."""


class _Entry(BaseModel):
    """What the configuration says of one part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Literal[FAMILIES]  # type: ignore[valid-type]
    dsp: Count
    bram18: Count
    lut: Count
    ff: Count
    uram: Count = 0
    typical_clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] = 5.0
    full_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    source: Annotated[str, Field(min_length=1)] = OWN


NEEDED = [name for name, each in _Entry.model_fields.items() if each.is_required()]
MEANING = {
    "family": f"one of {', '.join(FAMILIES)}",
    **dict.fromkeys(FIGURES, "a whole number that is not negative"),
    "typical_clock_ns": "a positive number of nanoseconds",
    "full_name": "a name such as 'xcvu13p-flga2577-2-e'",
    "source": "a text",
}


def with_parts(database: Database, given: Mapping[Any, Any]) -> Database:
    """Return the database with the parts of the configuration.

    A part of the database stays as it is. Who wants another ``xcu250``, without what the shell takes, calls it something
    else, ``xcu250_shell``, and gives it the same ``full_name``.

    Parameters
    ----------
    given
        By the part's name, a mapping with ``family`` (one of :data:`hw_trigger.parts.database.DSPS`), ``dsp``, ``bram18``,
        ``lut`` and ``ff``, and where wanted ``uram`` (0), ``typical_clock_ns`` (5, hls4ml's default), ``full_name`` (what
        vendors' tools take; the name) and ``source``.

    Raises
    ------
    PartError
        A part is not described so, or its name is that of a part or a board in the database. The message names the part, the
        key, the value it had, and what is allowed.
    """
    for name, entry in given.items():
        part = _part(name, entry)
        if any(part.name == known.name or board_key(part.name) in map(board_key, known.boards) for known in database):
            raise PartError(
                f"the part {name!r} in the configuration has the name of a part or a board that is known already; "
                f"it needs another, for example '{part.name}_own'"
            )
        database = Database(tuple(sorted((*database, part), key=lambda each: each.name)))
    return database


def _part(name: Any, entry: Any) -> Part:
    where = f"the part {name!r} in the configuration"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise PartError(
            f"{where} must have a name of letters, digits, dashes and underscores, a letter or a digit first"
        )
    if not isinstance(entry, Mapping):
        raise PartError(f"{where} must be a mapping with {', '.join(NEEDED)}, not {entry!r}")
    try:
        told = _Entry.model_validate(dict(entry))
    except ValidationError as error:
        raise PartError(f"{where} {'; it '.join(_wrong(entry, error))}") from error
    return Part(
        name=name.lower(),
        family=told.family,
        **{figure: getattr(told, figure) for figure in FIGURES},
        speed_grades=(),
        typical_clock_ns=told.typical_clock_ns,
        typical_clock_reason=OWN if "typical_clock_ns" in told.model_fields_set else DEFAULT_CLOCK,
        full_name=told.full_name or name,
        boards={},
        sources=dict.fromkeys(FIGURES, Source(told.source)),
    )


def _wrong(entry: Mapping[Any, Any], error: ValidationError) -> Iterator[str]:
    """Yield what is wrong, as ends of a sentence about the part: what is missing in one, then key by key."""
    keys = [(each["type"], each["loc"][0]) for each in error.errors()]
    missing = [str(key) for kind, key in keys if kind == "missing"]
    if missing:
        yield f"has no {', '.join(missing)}; needed are {', '.join(NEEDED)}"
    yield from (_wrong_key(entry, kind, key) for kind, key in keys if kind != "missing")


def _wrong_key(entry: Mapping[Any, Any], kind: str, key: Any) -> str:
    """Return what is wrong with one key that is there."""
    if kind == "extra_forbidden":
        return f"has an unknown key {key!r}{nearest(str(key), MEANING)}; allowed are {', '.join(MEANING)}"
    close = nearest(str(entry[key]), FAMILIES) if key == "family" else ""
    return f"has {key} = {entry[key]!r}{close}; it must be {MEANING[key]}"
