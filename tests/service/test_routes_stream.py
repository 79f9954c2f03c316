"""Streams over HTTP and WebSocket: sample by sample as the golden model, repetitions safe, mistakes told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from support.api import PROBLEM, context_of, golden_of, model_of, serving, wave, windows_of

SAMPLES = 90


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving() as found:
        yield found


def check_whole(client: TestClient, samples: Any, answers: list[Any]) -> None:
    """Compare all answers to a stream with the golden model on the whole of it."""
    model = model_of(client)
    wanted = golden_of(model, windows_of(samples, model.steps))
    assert wanted.score is not None
    assert wanted.trigger is not None
    assert wanted.state is not None
    assert [code for answer in answers for code in answer["codes"]] == wanted.score.tolist()
    assert [bit for answer in answers for bit in answer["triggers"]] == wanted.trigger.tolist()
    assert answers[-1]["state"] == wanted.state.tolist()
    assert answers[-1]["count"] == len(samples)


def test_pieces_of_any_size(client: TestClient) -> None:
    samples = wave(SAMPLES, seed=3)
    answers, at = [], 0
    for size in (1, 1, 5, 13, 1, 30, 2, SAMPLES - 53):
        answer = client.post("/v1/stream/P-1", json={"samples": samples[at : at + size].tolist(), "first": at})
        assert answer.status_code == 200
        answers.append(answer.json())
        assert (answers[-1]["first"], answers[-1]["repeated"]) == (at, False)
        at += size
    check_whole(client, samples, answers)
    status = client.get("/v1/stream/P-1").json()
    model = model_of(client)
    assert status == {
        "model": model.id,
        "channel": "P-1",
        "count": SAMPLES,
        "held": model.steps - 1,
        "variant": "integer",
        "state": answers[-1]["state"],
    }


def test_a_websocket_is_the_same_stream(client: TestClient) -> None:
    samples, answers = wave(SAMPLES, seed=4), []
    with client.websocket_connect("/v1/stream/W-1/ws") as socket:
        for sample in samples[:50]:
            socket.send_json({"samples": [sample.tolist()]})
            answers.append(socket.receive_json())
    answers.append(client.post("/v1/stream/W-1", json={"samples": samples[50:].tolist()}).json())
    check_whole(client, samples, answers)


def test_a_repetition_gets_the_recorded_answer(client: TestClient) -> None:
    body = {"samples": wave(20, seed=5).tolist(), "first": 0}
    one = client.post("/v1/stream/R-1", json=body).json()
    two = client.post("/v1/stream/R-1", json=body).json()
    assert two == one | {"repeated": True}
    conflict = client.post("/v1/stream/R-1", json=body | {"first": 7})
    assert conflict.status_code == 409
    assert conflict.headers["content-type"] == PROBLEM
    assert conflict.json()["count"] == 20
    other = client.post("/v1/stream/R-1", json={"samples": [[0.0]] * 20, "first": 0})
    assert (other.status_code, other.json()["count"]) == (409, 20)


def test_reset(client: TestClient) -> None:
    absent = client.get("/v1/stream/N-1")
    wanted = f"there is no stream of channel 'N-1' of model '{model_of(client).id}'; send samples first"
    assert (absent.status_code, absent.json()["detail"]) == (404, wanted)
    client.post("/v1/stream/N-1", json={"samples": [[0.5]]})
    gone = client.delete("/v1/stream/N-1")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get("/v1/stream/N-1").status_code == 404
    assert client.post("/v1/stream/N-1", json={"samples": [[0.5]], "first": 0}).json()["count"] == 1


def test_a_channel_too_many() -> None:
    from hw_trigger.service.settings import Limits

    with serving(limits=Limits(channels=1)) as client:
        assert client.post("/v1/stream/A", json={"samples": [[0.5]]}).status_code == 200
        answer = client.post("/v1/stream/B", json={"samples": [[0.5]]})
        assert answer.status_code == 409
        client.delete("/v1/stream/A")
        assert client.post("/v1/stream/B", json={"samples": [[0.5]]}).status_code == 200


CHANNELS = ["-a", "a b", "a%00", "%C3%A9", "a" * 129, "a%0A"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_names_that_no_channel_has(client: TestClient, channel: str) -> None:
    for answer in (
        client.get(f"/v1/stream/{channel}"),
        client.delete(f"/v1/stream/{channel}"),
        client.post(f"/v1/stream/{channel}", json={"samples": [[0.5]]}),
    ):
        assert answer.status_code == 422
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["detail"].startswith("path.channel: String should ")


REFUSED = [
    ({"samples": []}, 422, "samples: List should have at least 1 item after validation, not 0"),
    ({"samples": [[0.5, 0.5]]}, 422, "samples.0: List should have at most 1 item after validation, not 2"),
    ({"samples": [[0.5]], "first": -1}, 422, "first: Input should be greater than or equal to 0"),
    ({"samples": [[0.5]], "first": 0.5}, 422, "first: Input should be a valid integer"),
    ({"samples": [[0.5]], "state": None}, 422, "state: Extra inputs are not permitted"),
    ({"samples": [[0.5]], "model": "none"}, 404, "there is no model 'none'; there are: SYN-1-lstm8-w8a8"),
]


@pytest.mark.parametrize(("body", "status", "detail"), REFUSED)
def test_refused(client: TestClient, body: Any, status: int, detail: str) -> None:
    answer = client.post("/v1/stream/F-1", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_a_websocket_goes_on_behind_mistakes(client: TestClient) -> None:
    with client.websocket_connect("/v1/stream/M-1/ws") as socket:
        for text, status in (
            ("{", 400),
            ("[]", 422),
            ('{"samples": [[0.5]], "first": 9}', 409),
            ('{"samples": [[0.5]], "model": "none"}', 422),
            ('{"samples": [["x"]]}', 422),
        ):
            socket.send_text(text)
            problem = socket.receive_json()
            assert (problem["status"], problem["type"]) == (status, "about:blank")
        socket.send_bytes(b"\x00")
        assert socket.receive_json()["status"] == 415
        socket.send_json({"samples": [[0.5]], "first": 0})
        assert socket.receive_json()["count"] == 1
    assert context_of(client).work.active == 0
    assert not context_of(client).sockets.idle


@pytest.mark.parametrize(("path", "status"), [("/v1/stream/-/ws", 422), ("/v1/stream/A/ws?model=none", 404)])
def test_a_websocket_that_is_none(client: TestClient, path: str, status: int) -> None:
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(path):
        pass
    assert (caught.value.status_code, caught.value.json()["status"]) == (status, status)


def test_the_messages_of_a_websocket_are_counted_as_requests() -> None:
    with serving() as client, client.websocket_connect("/v1/stream/C-1/ws") as socket:
        for samples, first in (([[0.5]], 0), ([[0.5]], 1), ([], 2), ([[0.5]], 9)):
            socket.send_json({"samples": samples, "first": first})
            socket.receive_json()
        lines = client.get("/metrics").text.splitlines()
    route = 'route="/v1/stream/{channel}/ws"'
    counts = {line for line in lines if line.startswith("hwt_requests_total{") and route in line}
    assert counts == {
        f'hwt_requests_total{{code="{code}",{route}}} {n}.0' for code, n in ((200, 2), (409, 1), (422, 1))
    }
    assert f"hwt_request_seconds_count{{{route}}} 4.0" in lines


def test_websockets_end_when_the_service_closes() -> None:
    with serving() as client, client.websocket_connect("/v1/stream/C-1/ws") as socket:
        socket.send_json({"samples": [[0.5]]})
        socket.receive_json()
        client.portal.call(context_of(client).close)  # type: ignore[union-attr]
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_json()
        assert caught.value.code == 1012


def test_samples_that_saturate_are_counted(client: TestClient) -> None:
    answer = client.post("/v1/stream/S-1", json={"samples": [[1e300], [0.0], [-1e300]]}).json()
    assert answer["saturated"] == 2
    assert np.isfinite(answer["threshold"]["value"])
