"""API keys: their file, where they are found, and every path asks for one but two."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from support.api import PROBLEM, serving

from hw_trigger.service.security import KeyFileError, is_key, presented_key, read_keys, same_origin

KEY = "a-key-that-is-secret"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def test_a_file_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# operators\n\n  {DIGEST.upper()}\n{'0' * 64}\n")
    assert read_keys(path) == (bytes.fromhex(DIGEST), bytes(32))


MISTAKES = [
    (
        f"{DIGEST}\n{KEY}\n",
        "line 2 is no SHA-256, which has 64 hexadecimal digits; `printf %s KEY | sha256sum` prints that of a key",
    ),
    (
        f"{DIGEST}0\n",
        "line 1 is no SHA-256, which has 64 hexadecimal digits; `printf %s KEY | sha256sum` prints that of a key",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_line_that_is_no_hash_is_not_shown(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(KeyFileError, match=f"^{re.escape(f'serve.api_keys={path}: {message}')}$"):
        read_keys(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(KeyFileError, match=rf"^cannot read serve.api_keys={path}: No such file or directory$"):
        read_keys(path)
    path.write_text("# none\n")
    with pytest.raises(
        KeyFileError, match=rf"^serve.api_keys={path} has no key; it must have the SHA-256 of one key a line$"
    ):
        read_keys(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(
        KeyFileError, match=rf"^serve.api_keys={path} is no text; it must have the SHA-256 of one key a line$"
    ):
        read_keys(path)


def test_where_a_key_is_found() -> None:
    assert presented_key([(b"host", b"a"), (b"x-api-key", b" k ")]) == b"k"
    assert presented_key([(b"authorization", b"bEARER k")]) == b"k"
    assert presented_key([(b"authorization", b"Bearer one"), (b"x-api-key", b"two")]) == b"two"
    assert presented_key([(b"authorization", b"Basic k")]) is None
    assert presented_key([]) is None


def test_keys_are_compared_whole() -> None:
    digests = (bytes(32), bytes.fromhex(DIGEST))
    assert is_key(KEY.encode(), digests)
    assert not is_key(KEY[:-1].encode(), digests)
    assert not is_key(b"", digests)
    assert not is_key(DIGEST.encode(), digests)


def test_origins() -> None:
    assert same_origin([(b"host", b"a:1")])
    assert same_origin([(b"host", b"a:1"), (b"origin", b"http://A:1")])
    assert not same_origin([(b"host", b"a:1"), (b"origin", b"http://a:2")])
    assert not same_origin([(b"host", b"a:1"), (b"origin", b"null")])
    assert not same_origin([(b"host", b"a:1"), (b"origin", b"http://[bad")])


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving(keys=(bytes.fromhex(DIGEST),)) as found:
        yield found


PATHS = [
    ("POST", "/v1/score"),
    ("POST", "/v1/stream/P-1"),
    ("GET", "/v1/stream/P-1"),
    ("DELETE", "/v1/stream/P-1"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/x"),
    ("GET", "/v1/experiment"),
    ("GET", "/metrics"),
    ("GET", "/benchmark"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nothing"),
    ("GET", "//health"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_key_is_asked_for(client: TestClient, method: str, path: str) -> None:
    url = f"http://testserver{path}"
    for headers, detail in (
        ({}, "this service asks for an API key"),
        ({"X-API-Key": KEY + "x"}, "the API key is not known"),
        ({"Authorization": f"Basic {KEY}"}, "this service asks for an API key"),
    ):
        answer = client.request(method, url, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == PROBLEM
        wanted = f"{detail}; give it in the header X-API-Key, or as Authorization: Bearer KEY"
        assert answer.json()["detail"] == wanted
    for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        assert client.request(method, url, headers=headers).status_code != 401


def test_load_balancers_need_none(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}


def test_websockets_need_one(client: TestClient) -> None:
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect("/v1/stream/P-1/ws"):
        pass
    assert caught.value.status_code == 401
    assert caught.value.json()["status"] == 401
    with client.websocket_connect("/v1/stream/P-1/ws", headers={"X-API-Key": KEY}) as socket:
        socket.send_json({"samples": [[0.5]]})
        assert socket.receive_json()["count"] == 1


def test_a_page_of_another_site_opens_no_websocket(client: TestClient) -> None:
    headers = {"X-API-Key": KEY, "Origin": "http://elsewhere"}
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client.websocket_connect("/v1/stream/P-1/ws", headers=headers),
    ):
        pass
    assert caught.value.status_code == 403
    assert caught.value.json()["detail"] == "a page of another site may not open a WebSocket here"


def test_openapi_tells_of_keys(client: TestClient) -> None:
    document = client.get("/openapi.json", headers={"X-API-Key": KEY}).json()
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    assert document["paths"]["/v1/score"]["post"]["security"] == [{"ApiKey": []}, {"Bearer": []}]
    assert document["paths"]["/health"]["get"]["security"] == []


def test_keys_are_not_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/v1/models", headers={"X-API-Key": KEY})
        client.get("/v1/models", headers={"X-API-Key": KEY + "wrong"})
    assert KEY not in caplog.text
    assert DIGEST not in caplog.text
