"""``/health``, ``/ready``, ``/metrics`` and ``/benchmark``: for those who operate the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from hw_trigger.service.answer_schemas import BenchmarkAnswer, StatusAnswer
from hw_trigger.service.benchmark import Benchmark
from hw_trigger.service.context import Context, answer
from hw_trigger.service.problems import RETRY_CLOSING, unavailable
from hw_trigger.service.routes.documents import errors
from hw_trigger.service.schemas import ModelId


def add_routes(app: FastAPI, context: Context) -> None:
    """Add the routes to an application."""

    async def health() -> Response:
        return answer({"status": "ok"})

    async def ready() -> Response:
        if not context.work.ready:
            return unavailable("the service accepts no work now", RETRY_CLOSING).response()
        return answer({"status": "ready"})

    async def metrics(request: Request) -> Response:
        content, kind = context.metrics.text(request.headers.get("accept"))
        return Response(content, headers={"content-type": kind})

    app.add_api_route(
        "/health",
        health,
        tags=["operation"],
        summary="Tell that the process lives",
        responses={200: {"model": StatusAnswer}},
    )
    app.add_api_route(
        "/ready",
        ready,
        tags=["operation"],
        summary="Tell whether work is accepted",
        responses={200: {"model": StatusAnswer}, **errors(503)},
    )
    text = {"schema": {"type": "string"}}
    app.add_api_route(
        "/metrics",
        metrics,
        tags=["operation"],
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={
            200: {"description": "Metrics.", "content": {"text/plain": text, "application/openmetrics-text": text}},
            **errors(401),
        },
    )
    if context.settings.benchmark:
        _add_benchmark(app, context)


def _add_benchmark(app: FastAPI, context: Context) -> None:
    measure = Benchmark(context.scorer, context.settings.threads)

    async def benchmark(model: Annotated[ModelId | None, Query()] = None) -> Response:
        return answer(await measure.run(context.choose(model)))

    app.add_api_route(
        "/benchmark",
        benchmark,
        tags=["operation"],
        summary="Measure each variant, for a second or two; one request at a time",
        responses={200: {"model": BenchmarkAnswer}, **errors(401, 404, 422, 503)},
    )
