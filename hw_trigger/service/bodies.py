"""Bodies of requests: their type, then their content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from hw_trigger.service.problems import ProblemError

JSON_TYPE = "application/json"


def content_type(request: Request, allowed: tuple[str, ...]) -> str:
    """Return the type of a request's body, in small letters and without parameters.

    Raises
    ------
    ProblemError
        It is none of those that are allowed, the text is no UTF-8, or the body is compressed (415).
    """
    headers = request.headers
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise ProblemError(415, f"the body has the content encoding {coding[:40]!r}, and must not be compressed")
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in allowed:
        given = f"the body has the content type {kind[:80]!r}" if kind else "the request has no content type"
        raise ProblemError(415, f"{given}; it must be {' or '.join(allowed)}")
    charset = parameters.strip().lower().replace('"', "")
    if (
        kind == JSON_TYPE
        and charset.startswith("charset=")
        and charset.removeprefix("charset=") not in {"utf-8", "utf8"}
    ):
        raise ProblemError(415, f"the body has {charset[:40]}; JSON is UTF-8")
    return kind


def query_values(items: Iterable[tuple[str, str]], numbers: str) -> dict[str, Any]:
    """Return a query's parameters by name; one given several times, and `numbers` in any case, as a tuple.

    Numbers that are none stay text, for the schema to refuse.
    """
    found: dict[str, list[str]] = {}
    for name, value in items:
        found.setdefault(name, []).append(value)
    values: dict[str, Any] = {name: given[0] if len(given) == 1 else tuple(given) for name, given in found.items()}
    if numbers in found:
        values[numbers] = tuple(_number(text) for text in found[numbers])
    return values


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else text
