"""What requests look like in JSON: they are checked with these types, and OpenAPI is made of them.

They are strict: no unknown fields, no text for numbers, no NaN, no list longer than the limits. The lengths of windows and
samples are the served models' own, so that a request that these accept has the shape that a model needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.fixedpoint.triggers import DeviationTrigger
from hw_trigger.service.model import Model
from hw_trigger.service.settings import ServeSettings
from hw_trigger.telemetry.channel import CHANNEL_NAME

Number = Annotated[float, Field(allow_inf_nan=False)]


def _whole(number: Any) -> Any:
    """Take 3.0 as the integer that it is to JSON's schemas."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _integer(most: int, **more: Any) -> Any:
    """Return the type of integers from 0 to `most`. (The limits stand before the validator, or OpenAPI would lack them.)"""
    return Annotated[int, Field(ge=0, le=most, **more), BeforeValidator(_whole)]


ModelId = Annotated[
    str,
    Field(pattern=CHANNEL_NAME, max_length=255, description="Which model; may be left out where one is served."),
]

ChannelName = Annotated[str, Field(pattern=CHANNEL_NAME, max_length=128, description="The channel's name.")]

FIRST_TEXT = "Index of the first sample in the stream, counted from 0; makes a repetition safe."

STATE_TEXT = f"What the trigger remembers, as the last answer gave it: {', '.join(STATE)}."


class Request(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Options(Request):
    """How windows are scored."""

    model: ModelId | None = None
    state: tuple[int, ...] | None = None
    variant: str | None = Field(
        None, description="What computes it; by default the service's own, or the experiment's."
    )
    channel: ChannelName | None = None


class ScoreRequest(Options):
    """Consecutive windows of a stream, in the telemetry's units."""

    windows: list[list[list[Number]]]


class PushRequest(Request):
    """The next samples of a stream, in the telemetry's units."""

    model: ModelId | None = None
    samples: list[list[Number]]
    first: int | None = None


@dataclass(frozen=True)
class RequestTypes:
    """The types of requests to a service, with its limits and its models' shapes."""

    score: type[ScoreRequest]
    options: type[Options]
    push: type[PushRequest]


def request_types(models: Mapping[str, Model], settings: ServeSettings) -> RequestTypes:
    """Return the types of requests.

    Parameters
    ----------
    models
        One or more. A request's windows and samples have the lengths of one of them.
    """
    served = list(models.values())
    limits, queue = settings.limits, settings.batch.queue
    sample = _list(Number, *_range(model.n_features for model in served))
    window = _list(sample, *_range(model.steps for model in served))
    common: dict[str, Any] = {
        "state": (_state(served), Field(None, description=STATE_TEXT)),
        "variant": (Literal[settings.variants] | None, Options.model_fields["variant"]),
    }
    windows = (_list(window, 1, min(limits.windows, queue)), ...)
    samples = (_list(sample, 1, min(limits.samples, queue)), ...)
    return RequestTypes(
        score=create_model(
            "ScoreRequest", __base__=ScoreRequest, __doc__=ScoreRequest.__doc__, windows=windows, **common
        ),
        options=create_model("Options", __base__=Options, **common),
        push=create_model(
            "PushRequest",
            __base__=PushRequest,
            __doc__=PushRequest.__doc__,
            samples=samples,
            first=(_integer(2**53, description=FIRST_TEXT) | None, None),
        ),
    )


def _list(item: Any, least: int, most: int) -> Any:
    return Annotated[list[item], Field(min_length=least, max_length=most)]


def _range(lengths: Any) -> tuple[int, int]:
    found = sorted(lengths)
    return found[0], found[-1]


def _state(models: list[Model]) -> Any:
    """Return the type of states: each number as great as any model's register; ``None`` alone where no model has one."""
    triggers = [model.trigger for model in models if isinstance(model.trigger, DeviationTrigger)]
    if not triggers:
        return None
    highest = [state_highs(trigger) for trigger in triggers]
    numbers = tuple(_integer(max(column)) for column in zip(*highest, strict=True))
    return tuple[numbers] | None  # type: ignore[valid-type]


def state_highs(trigger: DeviationTrigger) -> tuple[int, ...]:
    """Return the greatest number of each part of a trigger's state, in the order of `STATE`; all begin at 0."""
    return trigger.last_count, trigger.mean.high, trigger.mean.high, trigger.held.high, trigger.record.high
