"""The program as JSON: versioned, complete, and the same bytes for the same program.

Layout (version 2): ``{"format": "hw_trigger program", "version": 2, "name", "steps", "n_features", "input", "scaling",
"layers": [{"kind": "lstm" | "dense", ...}], "trigger": null | {"kind": "error" | "deviation" | "margin", ...}}``; formats are
written as ``ap_fixed<W,I,AP_Q,AP_O>``, arrays as nested lists of integer codes. Tables are not written: they follow from the
formats.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import (
    Dense,
    DeviationTrigger,
    ErrorTrigger,
    Layer,
    Lstm,
    MarginTrigger,
    Program,
    Scaling,
    Trigger,
)

FORMAT = "hw_trigger program"
VERSION = 2

Part = TypeVar("Part")

_LAYERS: dict[str, type[Layer]] = {"lstm": Lstm, "dense": Dense}
_TRIGGERS: dict[str, type[Trigger]] = {"error": ErrorTrigger, "deviation": DeviationTrigger, "margin": MarginTrigger}


class ProgramFileError(UserError):
    """JSON that is not a program, or one of a version that is not known."""


def to_text(program: Program) -> str:
    """Return the program as JSON text."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": program.name,
        "steps": program.steps,
        "n_features": program.n_features,
        "input": str(program.input),
        "scaling": None if program.scaling is None else _to_dict(program.scaling),
        "layers": [_with_kind(_LAYERS, layer) for layer in program.layers],
        "trigger": None if program.trigger is None else _with_kind(_TRIGGERS, program.trigger),
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def from_text(text: str) -> Program:
    """Read a program back.

    Raises
    ------
    ProgramFileError
        The text is not JSON, not a program, or of another version; the message names the damaged entry.
    FormatError, FormatTooWideError, ProgramError
        The entries are whole, but make no program.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProgramFileError(f"the program is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ProgramFileError(f"the JSON is not a program: its 'format' must be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise ProgramFileError(f"the program has version {document.get('version')!r}, and this release reads {VERSION}")
    del document["format"], document["version"]
    return _read_part(Program, document, "program")


def digest(program: Program) -> str:
    """Return the SHA-256 of the program's content: equal for equal programs, on every machine."""
    return sha256_bytes(to_text(program).encode())


def _with_kind(kinds: Mapping[str, type], part: Layer | Trigger) -> dict[str, Any]:
    kind = next(name for name, item in kinds.items() if item is type(part))
    return {"kind": kind, **_to_dict(part)}


def _to_dict(layer: Layer | Scaling | Trigger) -> dict[str, Any]:
    return {item.name: _plain(getattr(layer, item.name)) for item in fields(layer)}


def _plain(value: Any) -> Any:
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _read_part(kind: type[Part], values: Any, where: str) -> Part:
    """Build a dataclass from a JSON object, every field read as its type says."""
    types = get_type_hints(kind)
    hints = {item.name: types[item.name] for item in fields(kind)}  # type: ignore[arg-type]  # every part is a dataclass
    if not isinstance(values, dict) or values.keys() != hints.keys():
        raise _damaged(where, f"an object with the entries {', '.join(hints)}")
    return kind(**{name: _read(hint, values[name], f"{where}.{name}") for name, hint in hints.items()})


def _read(hint: Any, value: Any, where: str) -> Any:
    """Read a JSON value as a type that the program's dataclasses have."""
    if hint in _READERS:
        return _READERS[hint](value, where)
    if get_origin(hint) is tuple:
        item, *others = get_args(hint)
        length = len(value) if others == [...] and isinstance(value, list) else 1 + len(others)
        if not isinstance(value, list) or len(value) != length:
            raise _damaged(where, "a list" if others == [...] else f"a list of {length}")
        return tuple(_read(item, entry, f"{where}[{index}]") for index, entry in enumerate(value))
    part, _ = get_args(hint)  # a part, or None
    return None if value is None else _read_part(part, value, where)


def _read_kind(kinds: Mapping[str, type[Part]]) -> Callable[[Any, str], Part]:
    def read(value: Any, where: str) -> Part:
        if not isinstance(value, dict) or str(value.get("kind")) not in kinds:
            raise _damaged(where, f"an object whose 'kind' is one of {', '.join(kinds)}")
        return _read_part(kinds[value.pop("kind")], value, where)

    return read


def _read_trigger(value: Any, where: str) -> Trigger | None:
    return None if value is None else _read_kind(_TRIGGERS)(value, where)


def _read_codes(value: Any, where: str) -> Codes:
    try:
        codes = np.array(value)
    except ValueError as error:  # ragged lists
        raise _damaged(where, "lists of integers of equal length") from error
    if not np.can_cast(codes.dtype, np.int64) or codes.dtype == bool or not 1 <= codes.ndim <= 2:
        raise _damaged(where, "a list, or a list of lists, of integers of 64 bits")
    return codes.astype(np.int64)


def _read_plain(kind: type, name: str) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:  # a bool is an int, but not here
            raise _damaged(where, name)
        return value

    return read


def _read_format(value: Any, where: str) -> Format:
    if not isinstance(value, str):
        raise _damaged(where, "a format")
    return Format.parse(value)


def _damaged(where: str, wanted: str) -> ProgramFileError:
    return ProgramFileError(f"the program is damaged: {where} is not {wanted}")


_READERS: dict[Any, Callable[[Any, str], Any]] = {
    str: _read_plain(str, "a text"),
    int: _read_plain(int, "an integer"),
    bool: _read_plain(bool, "true or false"),
    Format: _read_format,
    Codes: _read_codes,
    Layer: _read_kind(_LAYERS),
    Trigger | None: _read_trigger,
}
