"""``POST /v1/score``: the decision on windows."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from hw_trigger.service.answer_schemas import ScoreAnswer
from hw_trigger.service.answers import Scores
from hw_trigger.service.bodies import JSON_TYPE, content_type, query_values
from hw_trigger.service.context import Context, answer
from hw_trigger.service.routes.documents import errors, example_samples, json_body, npy_body, query_parameters
from hw_trigger.service.schemas import Options
from hw_trigger.service.values import NPY_TYPE, read_npy, windows_array


def add_routes(app: FastAPI, context: Context) -> None:
    """Add the route to an application."""
    types, limits = context.types, context.settings.limits

    async def score(request: Request) -> Response:
        kind = content_type(request, (JSON_TYPE, NPY_TYPE))
        body = await request.body()
        options: Options = types.options.model_construct()
        if request.scope["query_string"]:
            options = types.options.model_validate(query_values(request.query_params.multi_items(), "state"))
        if kind == JSON_TYPE:
            given = types.score.model_validate_json(body)
            options = merged(given, options)
            model = context.choose(options.model)
            values = windows_array(given.windows, model.steps, model.n_features)
        else:
            model = context.choose(options.model)
            values = read_npy(body, limits.windows, model.steps, model.n_features)
        found = await context.scorer.score(
            model.id, values, state=options.state, variant=options.variant, channel=options.channel
        )
        return answer({"model": model.id, **scores_document(found)})

    model = next(iter(context.models.models.values()))
    example = {
        "model": model.id,
        "windows": [example_samples(model, model.steps)],
        "variant": "integer",
        "channel": "P-1",
    }
    example["variant"] = context.settings.variant
    app.add_api_route(
        "/v1/score",
        score,
        methods=["POST"],
        tags=["scores"],
        summary="Score consecutive windows",
        description=SCORE_TEXT,
        responses={200: {"model": ScoreAnswer}, **errors(400, 401, 404, 408, 413, 415, 422, 503)},
        openapi_extra={
            "parameters": query_parameters(types.options),
            "requestBody": {"required": True, "content": {**json_body(types.score, example), **npy_body(model)}},
        },
    )


SCORE_TEXT = """The windows are consecutive ones of a stream, each of consecutive samples in the telemetry's units. A trigger that
remembers begins with the first of them, or goes on from `state`, which every answer has. The body is JSON, or a `.npy` file,
which is read much quicker, with the other fields in the query. What the body says goes before the query."""


def merged(given: Options, query: Options) -> Options:
    """Return the options of a body, those that it leaves out from the query."""
    if not query.model_fields_set:
        return given
    fields: dict[str, Any] = {name: getattr(query, name) for name in query.model_fields_set}
    fields |= {name: value for name in Options.model_fields if (value := getattr(given, name)) is not None}
    return Options.model_construct(**fields)


def scores_document(found: Scores) -> dict[str, Any]:
    """Return scores as they are serialized."""
    threshold = found.threshold
    return {
        "variant": found.variant,
        "codes": found.codes,
        "values": found.values,
        "triggers": found.triggers,
        "threshold": {"value": threshold.value, "code": threshold.code, "unit": threshold.unit},
        "saturated": found.saturated,
        "state": found.state,
    }
