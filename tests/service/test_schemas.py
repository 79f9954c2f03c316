"""The types of requests have the limits and the models' own shapes; what is answered is as OpenAPI says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from support.api import QUICK, serving, wave
from support.scorers import model_of, models_of

from hw_trigger.config.schema import VariantName
from hw_trigger.fixedpoint.triggers import DeviationTrigger
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.schemas import request_types, state_highs
from hw_trigger.service.settings import Limits
from hw_trigger.service.variants.base import VARIANTS


def messages(kind: Any, value: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate_json(json.dumps(value))
    return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in caught.value.errors()]


def test_the_configuration_knows_all_variants() -> None:
    assert get_args(VariantName) == VARIANTS


def test_lengths_are_the_models() -> None:
    models = models_of(model_of("deviation"))
    types = request_types(models.models, QUICK)
    window = [[0.5] * 2] * 5
    assert types.score.model_validate_json(json.dumps({"windows": [window]})).windows == [window]
    assert messages(types.score, {"windows": [window[:4]]}) == [
        "windows.0: List should have at least 5 items after validation, not 4"
    ]
    assert messages(types.push, {"samples": [[0.5]]}) == [
        "samples.0: List should have at least 2 items after validation, not 1"
    ]


def test_lengths_of_several_models() -> None:
    models = models_of(model_of("deviation"), model_of("margin"))
    steps = sorted(model.steps for model in models.models.values())
    features = sorted(model.n_features for model in models.models.values())
    properties = request_types(models.models, QUICK).score.model_json_schema()["properties"]
    window = properties["windows"]["items"]
    assert (window["minItems"], window["maxItems"]) == (steps[0], steps[-1])
    assert (window["items"]["minItems"], window["items"]["maxItems"]) == (features[0], features[-1])


def test_limits_and_the_queue_bound_requests() -> None:
    models = models_of(model_of("error"))
    settings = replace(QUICK, limits=Limits(windows=7, samples=9), batch=BatchLimits(queue=8))
    types = request_types(models.models, settings)
    assert types.score.model_json_schema()["properties"]["windows"]["maxItems"] == 7
    assert types.push.model_json_schema()["properties"]["samples"]["maxItems"] == 8


def test_a_state_is_one_that_the_trigger_can_have() -> None:
    model = model_of("deviation")
    assert isinstance(model.trigger, DeviationTrigger)
    highs = list(state_highs(model.trigger))
    types = request_types({"a": model}, QUICK)
    windows = [[[0.5] * 2] * 5]
    given = types.score.model_validate_json(json.dumps({"windows": windows, "state": highs}))
    assert given.state == tuple(highs)
    for index, high in enumerate(highs):
        beyond = highs.copy()
        beyond[index] += 1
        assert messages(types.score, {"windows": windows, "state": beyond}) == [
            f"state.{index}: Input should be less than or equal to {high}"
        ]


def test_openapi_has_the_limits_of_integers() -> None:
    model = model_of("deviation")
    assert isinstance(model.trigger, DeviationTrigger)
    types = request_types({"a": model}, QUICK)
    state = types.score.model_json_schema()["properties"]["state"]["anyOf"][0]
    found = [(item["type"], item["minimum"], item["maximum"]) for item in state["prefixItems"]]
    assert found == [("integer", 0, high) for high in state_highs(model.trigger)]
    first = types.push.model_json_schema()["properties"]["first"]["anyOf"][0]
    assert (first["type"], first["minimum"], first["maximum"]) == ("integer", 0, 2**53)
    assert types.push.model_validate_json('{"samples": [[0, 1]], "first": 3.0}').first == 3


def test_a_trigger_that_remembers_nothing_takes_no_state() -> None:
    types = request_types({"a": model_of("margin")}, QUICK)
    model = model_of("margin")
    windows = [[[0.5] * model.n_features] * model.steps]
    assert messages(types.score, {"windows": windows, "state": [0] * 5}) == ["state: Input should be null"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "null", "true", '"1"', "[]"])
def test_numbers_are_strict(number: str) -> None:
    types = request_types({"a": model_of("deviation")}, QUICK)
    with pytest.raises(ValidationError):
        types.push.model_validate_json(f'{{"samples": [[0, {number}]]}}')
    assert types.push.model_validate_json('{"samples": [[0, 1]]}').samples == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("method", "path", "body", "route"),
    [
        ("POST", "/v1/score", {"windows": [wave(16).tolist()]}, "/v1/score"),
        ("POST", "/v1/stream/A", {"samples": wave(3).tolist()}, "/v1/stream/{channel}"),
        ("GET", "/v1/stream/A", None, "/v1/stream/{channel}"),
        ("GET", "/v1/models", None, "/v1/models"),
        ("GET", "/health", None, "/health"),
        ("GET", "/ready", None, "/ready"),
        ("GET", "/v1/stream/B", None, "/v1/stream/{channel}"),
    ],
)
def test_answers_have_nothing_that_openapi_does_not_tell(method: str, path: str, body: Any, route: str) -> None:
    with serving() as client:
        client.post("/v1/stream/A", json={"samples": [[0.5]]})
        answer = client.request(method, path, json=body)
        document = client.get("/openapi.json").json()
    response = document["paths"][route][method.lower()]["responses"][str(answer.status_code)]
    (schema,) = [content["schema"] for content in response["content"].values()]
    strict = json.loads(json.dumps(document["components"]))
    for kind in strict["schemas"].values():
        if "properties" in kind:
            kind["additionalProperties"] = False
    found = list(Draft202012Validator({**schema, "components": strict}).iter_errors(answer.json()))
    assert not found
