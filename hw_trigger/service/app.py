"""The application: models loaded, routes, errors, OpenAPI, and the life from warm to closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import hw_trigger
from hw_trigger.errors import UserError
from hw_trigger.service.answer_schemas import ProblemAnswer
from hw_trigger.service.context import Context
from hw_trigger.service.gate import Gate, Work
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.models import Models, load_models
from hw_trigger.service.problems import install_handlers
from hw_trigger.service.routes import models as models_routes
from hw_trigger.service.routes import operation, score, stream
from hw_trigger.service.schemas import request_types
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.security import FREE
from hw_trigger.service.settings import ServeSettings
from hw_trigger.service.streams.sqlite import SqliteStore
from hw_trigger.service.streams.store import MemoryStore
from hw_trigger.service.variants.opening import opener
from hw_trigger.service.workers.remote import Workers

DESCRIPTION = """Scores of telemetry as the firmware computes them, code for code: of windows, and of channels sample by sample.
Errors are problems of RFC 9457. Samples of a channel may come over a WebSocket too, `/v1/stream/{channel}/ws`: each text message
is as the body of `POST /v1/stream/{channel}`, and has one message as its answer, scores or a problem."""


class NoModelsError(UserError):
    """There is no bundle that can be served, or one that was asked for cannot."""


def create_app(settings: ServeSettings, models_directory: Path) -> FastAPI:
    """Load the models, and return the application. It begins to work in its lifespan.

    The application's ``state.context`` is the :class:`~hw_trigger.service.context.Context`.

    Raises
    ------
    NoModelsError
        There is no bundle that can be served, or one of `settings.models` cannot.
    UserError
        The directory, a variant, the experiment or the state directory cannot be.
    """
    metrics = Metrics()
    workers = Workers(settings.variants if settings.processes else (), settings.threads, metrics.restarted)
    try:
        for name, worker in workers.workers.items():
            metrics.worker(name, worker.usage)
        opening = workers.open if settings.processes else opener(settings.threads)
        models = load_models(models_directory, settings.models, settings.variants, opening)
        _check(models, settings, models_directory)
        return _application(settings, models, metrics, workers)
    except BaseException:
        workers.close()
        raise


def _application(settings: ServeSettings, models: Models, metrics: Metrics, workers: Workers) -> FastAPI:
    """Return the application on models that are loaded; it ends the workers at its end."""
    store = MemoryStore() if settings.state is None else SqliteStore(settings.state)
    scorer = Scorer(
        models,
        store,
        settings.batch,
        experiment=settings.experiment,
        variant=settings.variant,
        metrics=metrics,
        max_channels=settings.limits.channels,
    )
    context = Context(settings, models, scorer, metrics, request_types(models.models, settings), Work())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        try:
            await scorer.start()
            await scorer.warm_up()
            context.work.ready = True
            metrics.ready(True)
            try:
                yield
            finally:
                context.close()
                await scorer.stop()
        finally:
            await workers.stop()

    app = FastAPI(
        title="hw_trigger",
        version=hw_trigger.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    limits = settings.limits
    app.add_middleware(Gate, work=context.work, keys=settings.keys, body_bytes=limits.body_bytes, metrics=metrics)
    install_handlers(app)
    for routes in (score, stream, models_routes, operation):
        routes.add_routes(app, context)
    app.openapi = lambda: _openapi(app, keys=bool(settings.keys))  # type: ignore[method-assign]
    return app


def _check(models: Models, settings: ServeSettings, directory: Path) -> None:
    """Refuse to begin without a model that was asked for, or without any."""
    if settings.models is not None and models.refused:
        name, why = next(iter(models.refused.items()))
        raise NoModelsError(f"serve.models has {name!r}, which cannot be served: {why}")
    if models.models:
        return
    if not models.refused:
        raise NoModelsError(
            f"there is no bundle in {directory}; `hw-trigger qat` writes one, or paths.models=DIRECTORY says where they are"
        )
    whys = "".join(f"\n  {name}: {why}" for name, why in models.refused.items())
    raise NoModelsError(f"none of the bundles in {directory} can be served:{whys}")


def _openapi(app: FastAPI, *, keys: bool) -> dict[str, Any]:
    """Return the OpenAPI document: FastAPI's, with problems and keys."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document["components"]["schemas"]
    problem = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "ProblemAnswer": problem}
    if keys:
        _ask_for_keys(document)
    app.openapi_schema = document
    return document


def _ask_for_keys(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
    }
    operations: Mapping[str, Any] = document["paths"]
    for path, methods in operations.items():
        for operation_ in methods.values():
            operation_["security"] = [] if path in FREE else [{"ApiKey": []}, {"Bearer": []}]
