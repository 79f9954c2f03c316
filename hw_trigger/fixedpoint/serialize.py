"""The program as JSON: versioned, complete, and the same bytes for the same program.

Layout (version 1): ``{"format": "hw_trigger program", "version": 1, "name", "steps", "n_features", "input", "scaling",
"layers": [{"kind": "lstm" | "dense", ...}], "trigger"}``; formats are written as ``ap_fixed<W,I,AP_Q,AP_O>``, arrays as nested
lists of integer codes. Tables are not written: they follow from the formats.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, Layer, Lstm, Program, Scaling, Trigger

FORMAT = "hw_trigger program"
VERSION = 1

Part = TypeVar("Part")

_KINDS: dict[str, type[Layer]] = {"lstm": Lstm, "dense": Dense}


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
        "layers": [
            {"kind": "lstm" if isinstance(layer, Lstm) else "dense", **_to_dict(layer)} for layer in program.layers
        ],
        "trigger": None if program.trigger is None else _to_dict(program.trigger),
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def from_text(text: str) -> Program:
    """Read a program back.

    Raises
    ------
    ProgramFileError
        The text is not JSON, not a program, or of another version.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ProgramFileError(f"the program is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ProgramFileError(f"the JSON is not a program: its 'format' must be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise ProgramFileError(f"the program has version {document.get('version')!r}, and this release reads {VERSION}")
    try:
        return Program(
            name=document["name"],
            steps=document["steps"],
            n_features=document["n_features"],
            input=Format.parse(document["input"]),
            layers=tuple(_from_dict(_KINDS[layer.pop("kind")], layer) for layer in document["layers"]),
            scaling=None if document["scaling"] is None else _from_dict(Scaling, document["scaling"]),
            trigger=None if document["trigger"] is None else _from_dict(Trigger, document["trigger"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProgramFileError(f"the program is damaged: {type(error).__name__}: {error}") from error


def digest(program: Program) -> str:
    """Return the SHA-256 of the program's content: equal for equal programs, on every machine."""
    return sha256_bytes(to_text(program).encode())


def _to_dict(layer: Layer | Scaling | Trigger) -> dict[str, Any]:
    return {item.name: _plain(getattr(layer, item.name)) for item in fields(layer)}


def _plain(value: Any) -> Any:
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _from_dict(kind: type[Part], values: dict[str, Any]) -> Part:
    return kind(**{name: _rich(value) for name, value in values.items()})


def _rich(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("ap_"):
        return Format.parse(value)
    if isinstance(value, list):
        return (
            tuple(_rich(item) for item in value) if value and isinstance(value[0], str) else np.array(value, np.int64)
        )
    return value
