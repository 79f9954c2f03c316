"""What OpenAPI tells of the routes: bodies, errors, examples."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel

from hw_trigger.service.bodies import JSON_TYPE
from hw_trigger.service.model import Model
from hw_trigger.service.problems import PROBLEM_TYPE
from hw_trigger.service.values import NPY_TYPE

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemAnswer"}

DESCRIPTIONS = {
    400: "The body is no JSON.",
    401: "An API key is asked for, and none or an unknown one was given.",
    404: "There is no such model or stream.",
    408: "The body did not arrive in time.",
    409: "The stream cannot go on with this request; `detail` tells why, and `count` where it is.",
    413: "The request is larger than the service's limits.",
    415: "The body's content type or encoding is none that is taken.",
    422: "The request is not as it must be; `errors` tells where.",
    503: "The service is closing, starting, or has a full queue.",
}

RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, each a problem."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"description": DESCRIPTIONS[status], "content": {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA}}}
        if status == 503:
            found[status]["headers"] = RETRY
    return found


def json_body(kind: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """Return a body of JSON for OpenAPI."""
    return {JSON_TYPE: {"schema": kind.model_json_schema(), "examples": {"typical": {"value": example}}}}


def npy_body(model: Model) -> dict[str, Any]:
    """Return a body of a ``.npy`` file for OpenAPI."""
    text = f"A file of numpy.save: float or integer numbers of shape (n, {model.steps}, {model.n_features})."
    return {NPY_TYPE: {"schema": {"type": "string", "format": "binary", "description": text}}}


def query_parameters(kind: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the fields of a type as parameters of the query."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.pop("description", ""),
            "schema": _given(schema),
        }
        for name, schema in kind.model_json_schema()["properties"].items()
    ]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without null: a query's parameter is left out instead."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    return kinds[0] if kinds else {"type": "array", "maxItems": 0, "items": {"type": "integer"}}


def example_samples(model: Model, count: int) -> list[list[float]]:
    """Return samples for an example: a slow wave."""
    return [
        [round(math.sin(0.2 * index + feature), 3) for feature in range(model.n_features)] for index in range(count)
    ]
