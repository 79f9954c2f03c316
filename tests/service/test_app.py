"""The application: how it begins and ends, its limits, its problems, and what OpenAPI tells of it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support.api import INTEGER, PROBLEM, context_of, model_of, models_directory, serving, wave

from hw_trigger.service import gate
from hw_trigger.service.app import NoModelsError, create_app
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.experiment import Experiment
from hw_trigger.service.models import ModelsError
from hw_trigger.service.settings import Limits


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving(INTEGER, limits=Limits(body_bytes=5000)) as found:
        yield found


def refused(message: str, directory: Path, **changes: Any) -> None:
    with pytest.raises((NoModelsError, ModelsError)) as caught:
        create_app(replace(INTEGER, **changes), directory)
    assert str(caught.value) == message


def test_no_models(tmp_path: Path) -> None:
    refused(
        f"there is no directory of models at {tmp_path}/x; `hw-trigger qat` writes a model into one", tmp_path / "x"
    )
    refused(
        f"there is no bundle in {tmp_path}; `hw-trigger qat` writes one, or paths.models=DIRECTORY says where they are",
        tmp_path,
    )


def test_a_model_that_is_not_there() -> None:
    where = models_directory()
    message = f"serve.models has 'none', which cannot be served: there is no bundle at {where}/none; `hw-trigger qat` writes one"
    refused(message, where, models=("none",))


def test_a_damaged_bundle_is_refused_and_the_others_are_served(tmp_path: Path) -> None:
    name = next(models_directory().iterdir()).name
    shutil.copytree(models_directory() / name, tmp_path / "bad")
    (tmp_path / "bad" / "bundle.json").write_text("{}")
    what = f"{tmp_path}/bad/bundle.json is no manifest of a bundle: its 'format' must be 'hw_trigger bundle'"
    refused(f"none of the bundles in {tmp_path} can be served:\n  bad: {what}", tmp_path)
    refused(f"serve.models has 'bad', which cannot be served: {what}", tmp_path, models=("bad",))
    shutil.copytree(models_directory() / name, tmp_path / name)
    with TestClient(create_app(INTEGER, tmp_path)) as client:
        document = client.get("/v1/models").json()
        assert [model["id"] for model in document["models"]] == [name]
        assert document["refused"] == {"bad": what}
        answer = client.get("/v1/models/bad")
        assert (answer.status_code, answer.json()["detail"]) == (422, f"model 'bad' is not served: {what}")
        assert client.get("/metrics").text.count("hwt_model_info{") == 1


def test_two_models(tmp_path: Path) -> None:
    name = next(models_directory().iterdir()).name
    for copy in ("one", "two"):
        shutil.copytree(models_directory() / name, tmp_path / copy)
    with TestClient(create_app(INTEGER, tmp_path)) as client:
        body: dict[str, Any] = {"windows": [wave(16).tolist()]}
        answer = client.post("/v1/score", json=body)
        wanted = "several models are served, and `model` must say which: one, two"
        assert (answer.status_code, answer.json()["detail"]) == (422, wanted)
        assert client.post("/v1/score", json=body | {"model": "two"}).json()["model"] == "two"
        for model in ("one", "two"):
            pushed = client.post("/v1/stream/A", json={"samples": [[0.5]], "model": model}).json()
            assert (pushed["model"], pushed["count"]) == (model, 1)
        assert client.get("/v1/stream/A", params={"model": "one"}).json()["model"] == "one"
        assert client.get("/v1/stream/A").status_code == 422


def test_it_is_ready_from_warm_to_closed() -> None:
    app = create_app(INTEGER, models_directory())
    context = app.state.context
    assert not context.work.ready
    with TestClient(app) as client:
        assert (client.get("/ready").status_code, client.get("/ready").json()) == (200, {"status": "ready"})
        assert "hwt_ready 1.0" in client.get("/metrics").text
        client.portal.call(context.close)  # type: ignore[union-attr]
        answer = client.get("/ready")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["detail"] == "the service accepts no work now"
        for path in ("/v1/models", "/benchmark", "/v1/stream/A"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["detail"] == "the service is closing and accepts no more work"
        assert client.get("/health").status_code == 200
        assert "hwt_ready 0.0" in client.get("/metrics").text
    assert not context.work.active


NOTHING = [
    ("GET", "/", 404, "there is nothing at /; /openapi.json tells what there is"),
    ("GET", "/v1/models/", 404, "there is nothing at /v1/models/; /openapi.json tells what there is"),
    ("GET", "/redoc", 404, "there is nothing at /redoc; /openapi.json tells what there is"),
    ("GET", "/v1/score", 405, "GET is not possible at /v1/score; POST is"),
    ("PUT", "/v1/stream/A", 405, "PUT is not possible at /v1/stream/A; DELETE, GET, POST is"),
    ("HEAD", "/health", 405, None),
    ("GET", "/v1/experiment", 404, "there is no experiment; serve.experiment begins one"),
    ("GET", "/v1/models/none", 404, "there is no model 'none'; there are: SYN-1-lstm8-w8a8"),
    ("GET", "/v1/models/-", 422, "path.model: String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$'"),
    ("GET", "/benchmark?model=-", 422, "query.model: String should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$'"),
]


@pytest.mark.parametrize(("method", "path", "status", "detail"), NOTHING)
def test_every_error_is_a_problem(client: TestClient, method: str, path: str, status: int, detail: str | None) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    if detail is not None:
        found = answer.json()
        assert (found["status"], found["detail"], found["type"]) == (status, detail, "about:blank")
    assert ("allow" in answer.headers) == (status == 405)


def test_a_mistake_of_ours_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(INTEGER) as client:
        monkeypatch.setattr(context_of(client).scorer, "status", lambda *_: 1 / 0)
        answer = client.get("/v1/stream/A")
        assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
        assert answer.json()["detail"] == "the service failed to answer; its log tells why"
        assert 'hwt_requests_total{code="500",route="/v1/stream/{channel}"} 1.0' in client.get("/metrics").text


TOO_LARGE = "the body has more than 5000 bytes, the most that a request may have"


def test_a_body_that_says_it_is_too_large(client: TestClient) -> None:
    answer = client.post("/v1/score", content=b" " * 5001, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (413, TOO_LARGE)
    assert (
        client.post("/v1/score", content=b" " * 5000, headers={"content-type": "application/json"}).status_code == 400
    )


def test_a_body_in_chunks_is_counted(client: TestClient) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b" " * 1000

    headers = {"content-type": "application/json"}
    answer = client.post("/v1/score", content=chunks(6), headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (413, TOO_LARGE)
    assert client.post("/v1/score", content=chunks(5), headers=headers).status_code == 400
    assert context_of(client).work.held == 0


def ask(app: Any, receive: Callable[[], Awaitable[dict[str, Any]]], headers: list[tuple[bytes, bytes]]) -> Any:
    """Return a coroutine that asks for scores with a body of one's own, and gives the status and the answer."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/score",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
    }

    async def asked() -> tuple[int, Any]:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(dict(scope), receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"])

    return asked()


def test_a_body_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.05)

    async def main() -> tuple[int, Any]:
        app = create_app(INTEGER, models_directory())
        return await asyncio.wait_for(ask(app, asyncio.Event().wait, []), 10)  # type: ignore[arg-type]

    status, problem = asyncio.run(main())
    assert (status, problem["detail"]) == (408, "the body did not arrive within 0.05 s")


def test_bodies_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HELD_BODIES", 2)

    async def main() -> tuple[list[tuple[int, Any]], int]:
        app = create_app(replace(INTEGER, limits=Limits(body_bytes=1000)), models_directory())
        go = asyncio.Event()

        def body() -> Callable[[], Awaitable[dict[str, Any]]]:
            parts = iter([900, 0])

            async def receive() -> dict[str, Any]:
                size = next(parts)
                if not size:
                    await go.wait()
                return {"type": "http.request", "body": b" " * size, "more_body": bool(size)}

            return receive

        tasks = [asyncio.create_task(ask(app, body(), [])) for _ in range(3)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        go.set()
        return [await task for task in tasks], app.state.context.work.held

    answers, held = asyncio.run(main())
    assert sorted(status for status, _ in answers) == [400, 400, 503]
    assert (
        next(problem["detail"] for status, problem in answers if status == 503) == "too many large requests at a time"
    )
    assert held == 0


def test_a_full_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(INTEGER, batch=BatchLimits(windows=1, queue=2)) as client:
        variant = model_of(client).variants["integer"]
        measure = type(variant).measure

        def slow(self: Any, raw: Any) -> Any:
            time.sleep(0.2)
            return measure(self, raw)

        monkeypatch.setattr(type(variant), "measure", slow)
        body = {"windows": [wave(16).tolist()] * 2}

        async def main() -> list[Any]:
            import httpx

            transport = httpx.ASGITransport(client.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as asker:
                return await asyncio.gather(*(asker.post("/v1/score", json=body, timeout=30) for _ in range(5)))

        answers = client.portal.call(main)  # type: ignore[union-attr]
        full = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        for answer in full:
            problem = answer.json()
            assert re.fullmatch(
                r"\d+ windows wait, and with 2 more there would be more than the queue's 2; try again later",
                problem["detail"],
            )
            assert int(answer.headers["retry-after"]) == problem["retry_after"] >= 1
        assert answer_of(answers, 200)["codes"]


def answer_of(answers: list[Any], status: int) -> Any:
    return next(answer.json() for answer in answers if answer.status_code == status)


def test_openapi(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document == client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/score",
        "/v1/stream/{channel}",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/experiment",
        "/health",
        "/ready",
        "/metrics",
        "/benchmark",
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                assert response["description"]
                if int(status) >= 400:
                    assert list(response["content"]) == [PROBLEM]
            assert operation["summary"]
    body = document["paths"]["/v1/score"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "application/x-npy"}
    window = body["application/json"]["schema"]["properties"]["windows"]["items"]
    assert (window["minItems"], window["maxItems"], window["items"]["maxItems"]) == (16, 16, 1)
    assert "securitySchemes" not in document["components"]


def test_the_examples_of_openapi_are_answered() -> None:
    with serving(INTEGER) as client:
        document = client.get("/openapi.json").json()
        for path in ("/v1/score", "/v1/stream/{channel}"):
            content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            example = content["examples"]["typical"]["value"]
            assert client.post(path.replace("{channel}", "P-1"), json=example).status_code == 200


def test_a_model_is_described(client: TestClient) -> None:
    model = model_of(client)
    document = client.get(f"/v1/models/{model.id}").json()
    assert document["sha256"] == model.bundle.manifest.program_sha256
    assert (document["steps"], document["n_features"], document["trigger"]) == (16, 1, "deviation")
    assert document["threshold"]["code"] == model.trigger.threshold
    assert [variant["name"] for variant in document["variants"]] == ["integer"]
    assert document["files"]["network.onnx"] == model.bundle.manifest.files["network.onnx"]


def test_an_experiment_is_summarized() -> None:
    with serving(experiment=Experiment("float32", 1.0, True)) as client:
        client.post("/v1/stream/A", json={"samples": wave(40).tolist()})
        document = client.get("/v1/experiment").json()
        assert (document["a"], document["b"], document["share"], document["shadow"]) == (
            "integer",
            "float32",
            1.0,
            True,
        )
        assert set(document["models"]) == {model_of(client).id}


def test_the_benchmark_measures_each_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw_trigger.service.benchmark.SECONDS", 0.01)
    with serving() as client:
        document = client.get("/benchmark").json()
        assert [item["variant"] for item in document["variants"]] == ["integer", "float32"]
        for item in document["variants"]:
            assert [timing["windows"] for timing in item["timings"]] == [1, 64]
            for timing in item["timings"]:
                assert 0 < timing["best_ms"] <= timing["median_ms"]
                assert timing["calls"] >= 1


def test_one_benchmark_at_a_time() -> None:
    with serving(INTEGER) as client:

        async def main() -> list[Any]:
            import httpx

            transport = httpx.ASGITransport(client.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as asker:
                return await asyncio.gather(*(asker.get("/benchmark", timeout=30) for _ in range(2)))

        answers = client.portal.call(main)  # type: ignore[union-attr]
        assert sorted(answer.status_code for answer in answers) == [200, 503]
        assert answer_of(answers, 503)["detail"] == "another benchmark is in progress"


def test_no_benchmark() -> None:
    with serving(INTEGER, benchmark=False) as client:
        assert client.get("/benchmark").status_code == 404
        assert "/benchmark" not in client.get("/openapi.json").json()["paths"]
