"""Errors as clients see them: each is a problem of RFC 9457, ``application/problem+json``, the framework's own included."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from hw_trigger.errors import UserError
from hw_trigger.service.batching import ClosedError, QueueFullError, RequestTooLargeError
from hw_trigger.service.models import UnknownModelError
from hw_trigger.service.streams.keeper import TooManyChannelsError
from hw_trigger.service.streams.state import ConflictError, StoredStreamError, UnknownStreamError
from hw_trigger.service.streams.store import StoreError

PROBLEM_TYPE = "application/problem+json"

MOST_FINDINGS = 20
"""A request with more mistakes is told so many of them."""

RETRY_CLOSING = 5
"""Seconds after which a client may ask again where the service closes: another one may have begun."""

_STATUS: dict[type[Exception], int] = {
    UnknownModelError: 404,
    UnknownStreamError: 404,
    ConflictError: 409,
    StoredStreamError: 409,
    TooManyChannelsError: 409,
    RequestTooLargeError: 413,
    QueueFullError: 503,
    ClosedError: 503,
    StoreError: 503,
}
"""Other mistakes of users are 422: the request is well formed, and says what cannot be."""


@dataclass(frozen=True)
class Problem:
    """What is told of an error.

    Attributes
    ----------
    status
        HTTP status.
    detail
        What is wrong with this request, and what is allowed.
    headers
        Of the response, beside its content type.
    extra
        Further members: `errors`, `count`, `retry_after`.
    """

    status: int
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the problem as it is serialized."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.extra}

    def response(self) -> Response:
        """Return the problem as a response."""
        return Response(orjson.dumps(self.document()), self.status, self.headers, PROBLEM_TYPE)


class ProblemError(Exception):
    """A request that is refused.

    Attributes
    ----------
    problem
        What is told of it.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(status, detail)

    @classmethod
    def of(cls, problem: Problem) -> ProblemError:
        """Return the error of a problem that has more to tell than its detail."""
        error = cls(problem.status, problem.detail)
        error.problem = problem
        return error


def problem_of(error: Exception) -> Problem | None:
    """Return what is told of an error; ``None`` where it is none of the client's, and no more than that is told."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, ValidationError):
        return validation_problem(error.errors(include_url=False, include_context=False, include_input=False))
    if not isinstance(error, UserError):
        return None
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
    if isinstance(error, ConflictError):
        return Problem(status, str(error), extra={"count": error.count})
    if status == 503:
        return unavailable(str(error), getattr(error, "retry_after", RETRY_CLOSING))
    return Problem(status, str(error))


def unavailable(detail: str, seconds: float) -> Problem:
    """Return the problem of a service that cannot do it now, and may again in so many seconds."""
    whole = max(1, math.ceil(seconds))
    return Problem(503, detail, {"Retry-After": str(whole)}, {"retry_after": whole})


def validation_problem(found: Sequence[ErrorDetails] | Sequence[dict[str, Any]]) -> Problem:
    """Return the problem of a request that is no JSON (400), or whose fields are not as they must be (422)."""
    if found and found[0]["type"] == "json_invalid":
        return Problem(400, f"the body is no JSON: {found[0]['msg'].removeprefix('Invalid JSON: ')}")
    errors = [
        {"where": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in found[:MOST_FINDINGS]
    ]
    first = errors[0]
    return Problem(422, f"{first['where'] or 'the body'}: {first['message']}", extra={"errors": errors})


def install_handlers(app: FastAPI) -> None:
    """Have an application answer every error with a problem."""
    for kind in (ProblemError, UserError, ValidationError):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _bug)


async def _refused(request: Request, error: Exception) -> Response:
    del request
    problem = problem_of(error)
    if problem is None:
        raise error
    return problem.response()


async def _parameters(request: Request, error: Exception) -> Response:
    del request
    return validation_problem(cast("RequestValidationError", error).errors()).response()


async def _framework(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    path = request.url.path
    if error.status_code == 404:
        return Problem(404, f"there is nothing at {path}; /openapi.json tells what there is").response()
    if error.status_code == 405:
        methods = _methods(request)
        return Problem(405, f"{request.method} is not possible at {path}; {methods} is", {"Allow": methods}).response()
    return Problem(error.status_code, error.detail, error.headers or {}).response()


async def _bug(request: Request, error: Exception) -> Response:
    """Tell of a mistake of ours: that there is one, and nothing of it. (The server logs it.)"""
    del request, error
    return Problem(500, "the service failed to answer; its log tells why").response()


def _methods(request: Request) -> str:
    """Return the methods of all routes of a path: Starlette knows those of the first one."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))
