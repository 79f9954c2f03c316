"""Scores of windows over HTTP: the golden model's, code for code, and a problem for whatever is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.api import PROBLEM, golden_of, model_of, npy, serving, wave, windows_of

from hw_trigger.service.values import NPY_TYPE

WINDOWS = 60


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving() as found:
        yield found


def score_npy(client: TestClient, content: bytes, **query: Any) -> Any:
    return client.post("/v1/score", content=content, headers={"content-type": NPY_TYPE}, params=query)


def test_scores_are_the_golden_models(client: TestClient) -> None:
    model = model_of(client)
    windows = windows_of(wave(WINDOWS + model.steps - 1), model.steps)
    wanted = golden_of(model, windows)
    assert wanted.score is not None
    assert wanted.trigger is not None
    assert wanted.state is not None
    found = client.post("/v1/score", json={"windows": windows.tolist()})
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    document = found.json()
    assert document["codes"] == wanted.score.tolist()
    assert document["triggers"] == wanted.trigger.tolist()
    assert document["values"] == model.trigger.values(wanted.score).tolist()
    assert document["state"] == wanted.state.tolist()
    assert (document["model"], document["variant"]) == (model.id, "integer")
    assert document["saturated"] == model.quantize(windows)[1] > 0
    assert document["threshold"]["code"] == model.trigger.threshold
    for array in (windows, np.asfortranarray(windows), windows.astype(">f8")):
        assert score_npy(client, npy(array)).json() == document


def test_a_stream_in_pieces_goes_on_from_the_state(client: TestClient) -> None:
    model = model_of(client)
    windows = windows_of(wave(WINDOWS + model.steps - 1, seed=1), model.steps)
    codes, state = [], None
    for piece in np.array_split(windows, 7):
        answer = client.post("/v1/score", json={"windows": piece.tolist(), "state": state}).json()
        codes += answer["codes"]
        state = answer["state"]
    whole = score_npy(client, npy(windows)).json()
    assert (codes, state) == (whole["codes"], whole["state"])
    again = score_npy(client, npy(windows[-3:]), state=state, variant="integer", channel="P-1", model=model.id).json()
    wanted = golden_of(model, windows[-3:], np.array(state))
    assert wanted.score is not None
    assert again["codes"] == wanted.score.tolist()


def test_integers_of_json_may_be_written_as_floats(client: TestClient) -> None:
    model = model_of(client)
    windows = windows_of(wave(model.steps), model.steps).tolist()
    answer = client.post("/v1/score", json={"windows": windows, "state": [3.0, 4096, 4096.0, 0, 0]})
    assert answer.status_code == 200


def test_what_the_body_says_goes_before_the_query(client: TestClient) -> None:
    model = model_of(client)
    windows = windows_of(wave(model.steps), model.steps).tolist()
    assert client.post("/v1/score?variant=float32", json={"windows": windows}).json()["variant"] == "float32"
    both = client.post("/v1/score?variant=float32", json={"windows": windows, "variant": "integer"})
    assert both.json()["variant"] == "integer"


ONE = [[0.5]] * 16

REFUSED = [
    ({"windows": []}, 422, "windows: List should have at least 1 item after validation, not 0"),
    ({"windows": [ONE[:-1]]}, 422, "windows.0: List should have at least 16 items after validation, not 15"),
    (
        {"windows": [[[0.5, 0.5], *ONE[1:]]]},
        422,
        "windows.0.0: List should have at most 1 item after validation, not 2",
    ),
    ({"windows": [[["1"], *ONE[1:]]]}, 422, "windows.0.0.0: Input should be a valid number"),
    ({"windows": [[[True], *ONE[1:]]]}, 422, "windows.0.0.0: Input should be a valid number"),
    ({"windows": [[[None], *ONE[1:]]]}, 422, "windows.0.0.0: Input should be a valid number"),
    ({"windows": [ONE], "extra": 1}, 422, "extra: Extra inputs are not permitted"),
    ({"windows": [ONE], "state": [1, 2]}, 422, "state.2: Field required"),
    ({"windows": [ONE], "state": [-1, 0, 0, 0, 0]}, 422, "state.0: Input should be greater than or equal to 0"),
    ({"windows": [ONE], "variant": "onnx"}, 422, "variant: Input should be 'integer' or 'float32'"),
    ({"windows": [ONE], "channel": "a/b"}, 422, r"channel: String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$'"),
    ({"windows": [ONE], "model": "SYN"}, 404, "there is no model 'SYN'; there are: SYN-1-lstm8-w8a8"),
    ([], 422, "the body: Input should be an object"),
]


@pytest.mark.parametrize(("body", "status", "detail"), REFUSED)
def test_refused(client: TestClient, body: Any, status: int, detail: str) -> None:
    answer = client.post("/v1/score", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status


TEXTS = [
    (b"", 400, "the body is no JSON: EOF while parsing a value at line 1 column 0"),
    (b'{"windows": [[[NaN]]]}', 422, "windows.0.0.0: Input should be a finite number"),
    (b'{"windows": [[[1e999]]]}', 422, "windows.0.0.0: Input should be a finite number"),
    (b"[" * 100_000, 400, "the body is no JSON: recursion limit exceeded at line 1 column 202"),
    (b'{"a":' * 100_000, 400, "the body is no JSON: recursion limit exceeded at line 1 column 1006"),
    (b'{"windows": "\xff"}', 400, "the body is no JSON: invalid unicode code point at line 1 column 14"),
]


@pytest.mark.parametrize(("body", "status", "detail"), TEXTS)
def test_hostile_texts(client: TestClient, body: bytes, status: int, detail: str) -> None:
    answer = client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize("number", ["1" * 300_000, "1" * 400 + ".5", "-" + "9" * 5000])
def test_numbers_of_any_length_are_answered(client: TestClient, number: str) -> None:
    body = json.dumps({"windows": [ONE]}).replace("0.5", number, 1).encode()
    answer = client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}


def test_a_request_of_too_many_windows() -> None:
    from hw_trigger.service.settings import Limits

    with serving(limits=Limits(windows=2)) as client:
        body = {"windows": [ONE] * 3}
        wanted = "windows: List should have at most 2 items after validation, not 3"
        assert client.post("/v1/score", json=body).json()["detail"] == wanted
        answer = score_npy(client, npy(np.zeros((3, 16, 1))))
        wanted = "the array has the shape (3, 16, 1), and the model needs (n, 16, 1), n of 1 to 2"
        assert (answer.status_code, answer.json()["detail"]) == (422, wanted)


TYPES = [
    ({}, "the request has no content type; it must be application/json or application/x-npy"),
    (
        {"content-type": "text/plain"},
        "the body has the content type 'text/plain'; it must be application/json or application/x-npy",
    ),
    ({"content-type": "application/json; charset=latin-1"}, "the body has charset=latin-1; JSON is UTF-8"),
    (
        {"content-type": "application/json", "content-encoding": "gzip"},
        "the body has the content encoding 'gzip', and must not be compressed",
    ),
]


@pytest.mark.parametrize(("headers", "detail"), TYPES)
def test_types_that_are_not_taken(client: TestClient, headers: dict[str, str], detail: str) -> None:
    answer = client.post("/v1/score", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (415, detail)


def test_utf8_is_json(client: TestClient) -> None:
    headers = {"content-type": 'application/JSON; charset="UTF-8"'}
    answer = client.post("/v1/score", content=json.dumps({"windows": [ONE]}), headers=headers)
    assert answer.status_code == 200


def test_options_of_the_query_are_checked(client: TestClient) -> None:
    array = npy(np.zeros((1, 16, 1)))
    assert score_npy(client, array, state=[0, 0, 0, 0]).json()["detail"] == "state.4: Field required"
    assert (
        score_npy(client, array, state=["a", 0, 0, 0, 0]).json()["detail"] == "state.0: Input should be a valid integer"
    )
    assert score_npy(client, array, unknown=1).json()["detail"] == "unknown: Extra inputs are not permitted"
    assert score_npy(client, array, model=["a", "b"]).json()["detail"] == "model: Input should be a valid string"
    assert score_npy(client, array, state=["9" * 5000, 0, 0, 0, 0]).status_code == 422


def test_not_finite_arrays(client: TestClient) -> None:
    array = np.zeros((1, 16, 1))
    array[0, 3] = np.nan
    answer = score_npy(client, npy(array))
    wanted = "the samples: 1 value is not finite, the first is nan at index (0, 3, 0)"
    assert (answer.status_code, answer.json()["detail"]) == (422, wanted)
