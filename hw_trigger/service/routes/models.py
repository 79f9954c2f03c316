"""``/v1/models`` and ``/v1/experiment``: what is served, and how two variants of it compare."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Path
from starlette.responses import Response

from hw_trigger.service.answer_schemas import ExperimentAnswer, ModelAnswer, ModelsAnswer
from hw_trigger.service.context import Context, answer
from hw_trigger.service.model import Model
from hw_trigger.service.problems import ProblemError
from hw_trigger.service.routes.documents import errors
from hw_trigger.service.schemas import ModelId


def add_routes(app: FastAPI, context: Context) -> None:
    """Add the routes to an application."""
    served = context.models

    async def models() -> Response:
        return answer(
            {"models": [model_document(model) for model in served.models.values()], "refused": dict(served.refused)}
        )

    async def one(model: Annotated[ModelId, Path()]) -> Response:
        return answer(model_document(served.get(model)))

    async def experiment() -> Response:
        found = context.scorer.experiment_summary()
        if found is None:
            raise ProblemError(404, "there is no experiment; serve.experiment begins one")
        return answer(asdict(found))

    app.add_api_route(
        "/v1/models",
        models,
        tags=["models"],
        summary="List the models, and the bundles that were refused",
        responses={200: {"model": ModelsAnswer}, **errors(401, 503)},
    )
    app.add_api_route(
        "/v1/models/{model}",
        one,
        tags=["models"],
        summary="Describe a model",
        responses={200: {"model": ModelAnswer}, **errors(401, 404, 422, 503)},
    )
    app.add_api_route(
        "/v1/experiment",
        experiment,
        tags=["models"],
        summary="Compare the experiment's variants",
        responses={200: {"model": ExperimentAnswer}, **errors(401, 404, 503)},
    )


def model_document(model: Model) -> dict[str, Any]:
    """Return a model's description as it is serialized."""
    manifest, trigger = model.bundle.manifest, model.trigger
    return {
        "id": model.id,
        "sha256": model.sha256,
        "channel": manifest.channel.name,
        "steps": model.steps,
        "n_features": model.n_features,
        "trigger": manifest.threshold.kind,
        "threshold": {"value": manifest.threshold.value, "code": trigger.threshold, "unit": trigger.unit},
        "variants": [{"name": name, "weight_bytes": one.weight_bytes} for name, one in model.variants.items()],
        "absent": dict(model.absent),
        "formats": manifest.formats,
        "files": manifest.files,
    }
