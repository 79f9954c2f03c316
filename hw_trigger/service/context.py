"""What the routes of one service share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from hw_trigger.service.gate import Work
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.models import Models
from hw_trigger.service.problems import ProblemError
from hw_trigger.service.schemas import RequestTypes
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.settings import ServeSettings
from hw_trigger.service.sockets import Sockets


@dataclass(frozen=True, eq=False)
class Context:
    """A service: what it serves, and what it is at.

    Attributes
    ----------
    types
        Of requests.
    work
        Whether it is ready or closing, and what it is at.
    sockets
        The WebSockets that are open.
    """

    settings: ServeSettings
    models: Models
    scorer: Scorer
    metrics: Metrics
    types: RequestTypes
    work: Work
    sockets: Sockets = field(default_factory=Sockets)

    def choose(self, name: str | None) -> Model:
        """Return the model of a request, which need not name it where there is one.

        Raises
        ------
        ProblemError
            It must be named (422).
        UnknownModelError, RefusedModelError
            There is none of that name.
        """
        if name is not None:
            return self.models.get(name)
        if len(self.models.models) > 1:
            raise ProblemError(
                422, f"several models are served, and `model` must say which: {', '.join(self.models.models)}"
            )
        return next(iter(self.models.models.values()))

    def close(self) -> None:
        """Accept nothing more: ``/ready`` says no, work is refused, and WebSockets end behind their message."""
        self.work.ready, self.work.closing = False, True
        self.metrics.ready(False)
        self.sockets.close()


def answer(content: Mapping[str, Any]) -> Response:
    """Return a response of JSON; arrays of NumPy are serialized as they are."""
    return Response(serialized(content), media_type="application/json")


def serialized(content: Mapping[str, Any]) -> bytes:
    """Return content as JSON."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
