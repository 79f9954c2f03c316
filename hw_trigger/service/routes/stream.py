"""``/v1/stream/{channel}``: samples one after another, by requests or by a WebSocket."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from hw_trigger.errors import UserError
from hw_trigger.service.answer_schemas import PushAnswer, StreamAnswer
from hw_trigger.service.bodies import JSON_TYPE, content_type
from hw_trigger.service.context import Context, answer, serialized
from hw_trigger.service.model import Model
from hw_trigger.service.problems import Problem, ProblemError, problem_of
from hw_trigger.service.routes.documents import errors, example_samples, json_body
from hw_trigger.service.routes.score import scores_document
from hw_trigger.service.schemas import ChannelName, ModelId, PushRequest
from hw_trigger.service.sockets import RESTART
from hw_trigger.service.values import samples_array

Channel = Annotated[ChannelName, Path()]
ModelQuery = Annotated[ModelId | None, Query()]

PUSH_TEXT = """Every sample that completes a window (the newest ones of the channel, as many as the model takes) is scored. When
the answer comes, the samples are accepted for good, also where the service is killed, if it has a state directory. With `first` a
request may be repeated whose answer was lost: the recorded answer comes again, and nothing is accepted twice."""

MISTAKES = (UserError, ProblemError, ValidationError)
"""Of clients; each has a problem to tell."""

_CHANNEL: TypeAdapter[str] = TypeAdapter(ChannelName)

SOCKET_PATH = "/v1/stream/{channel}/ws"


def add_routes(app: FastAPI, context: Context) -> None:
    """Add the routes to an application."""

    async def push(request: Request, channel: Channel) -> Response:
        content_type(request, (JSON_TYPE,))
        given = context.types.push.model_validate_json(await request.body())
        model = context.choose(given.model)
        return answer(await pushed(context, model, channel, given))

    async def status(channel: Channel, model: ModelQuery = None) -> Response:
        return answer(asdict(await context.scorer.status(context.choose(model).id, channel)))

    async def reset(channel: Channel, model: ModelQuery = None) -> Response:
        await context.scorer.reset(context.choose(model).id, channel)
        return Response(status_code=204)

    async def socket(websocket: WebSocket) -> None:
        await _converse(context, websocket)

    model = next(iter(context.models.models.values()))
    example = {"samples": example_samples(model, 2), "first": 0}
    path = "/v1/stream/{channel}"
    app.add_api_route(
        path,
        push,
        methods=["POST"],
        tags=["streams"],
        summary="Send the next samples of a channel",
        description=PUSH_TEXT,
        responses={200: {"model": PushAnswer}, **errors(400, 401, 404, 408, 409, 413, 415, 422, 503)},
        openapi_extra={"requestBody": {"required": True, "content": json_body(context.types.push, example)}},
    )
    app.add_api_route(
        path,
        status,
        methods=["GET"],
        tags=["streams"],
        summary="Tell where a channel is",
        responses={200: {"model": StreamAnswer}, **errors(401, 404, 409, 422, 503)},
    )
    app.add_api_route(
        path,
        reset,
        methods=["DELETE"],
        tags=["streams"],
        summary="Forget a channel; its next sample is the first again",
        status_code=204,
        responses={204: {"description": "It is forgotten."}, **errors(401, 404, 422, 503)},
    )
    app.add_api_websocket_route(SOCKET_PATH, socket)


async def pushed(context: Context, model: Model, channel: str, given: PushRequest) -> dict[str, Any]:
    """Send samples to a stream, and return the answer as it is serialized."""
    samples = samples_array(given.samples, model.n_features)
    found = await context.scorer.push(model.id, channel, samples, first=given.first)
    return {
        "model": model.id,
        **scores_document(found),
        "first": found.first,
        "count": found.count,
        "repeated": found.repeated,
    }


async def _converse(context: Context, websocket: WebSocket) -> None:
    """Answer each message of a WebSocket with one: scores, or a problem, behind which the socket goes on."""
    try:
        channel = _CHANNEL.validate_python(websocket.path_params["channel"])
        model = context.choose(websocket.query_params.get("model"))
    except MISTAKES as error:
        await websocket.send_denial_response(_told(error).response())
        return
    await websocket.accept()
    sockets, work = context.sockets, context.work
    try:
        while not sockets.closing:
            sockets.idle.add(websocket)
            message = await websocket.receive()
            sockets.idle.discard(websocket)
            if message["type"] == "websocket.disconnect":
                return
            work.active += 1
            begun = time.perf_counter()
            try:
                status, content = await _reply(context, model, channel, message.get("text"))
                await websocket.send_text(content.decode())
                context.metrics.request(SOCKET_PATH, status, time.perf_counter() - begun)
            finally:
                work.active -= 1
        await websocket.close(RESTART)
    except WebSocketDisconnect:
        return  # the client did not wait for the answer
    finally:
        sockets.idle.discard(websocket)


async def _reply(context: Context, model: Model, channel: str, text: str | None) -> tuple[int, bytes]:
    """Return the status that the answer to a request would have had, and its content."""
    try:
        if text is None:
            raise ProblemError(415, "a message must be text, JSON as of POST /v1/stream/{channel}")
        given = context.types.push.model_validate_json(text)
        if given.model not in {None, model.id}:
            raise ProblemError(422, f"this socket is of model {model.id!r}; open another one for {given.model!r}")
        return 200, serialized(await pushed(context, model, channel, given))
    except MISTAKES as error:
        problem = _told(error)
        return problem.status, serialized(problem.document())


def _told(error: Exception) -> Problem:
    problem = problem_of(error)
    if problem is None:
        raise error
    return problem
