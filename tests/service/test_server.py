"""The real server: where it listens, and an end in which every accepted request is answered."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from httpx_ws import WebSocketDisconnect, WebSocketSession, connect_ws
from support.api import golden_of, models_directory, npy, serving, wave, windows_of
from support.api import model_of as served_model
from wsproto.utilities import LocalProtocolError

from hw_trigger.service.process import ServiceProcess, service_process
from hw_trigger.service.server import ListenError, address_of, listen

CLIENTS = 4


def test_any_free_port() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert address_of(listener).startswith("http://127.0.0.1:")
        assert int(address_of(listener).rpartition(":")[2]) > 0


def test_a_port_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        wanted = (
            rf"^cannot listen on serve.host=127.0.0.1 serve.port={port}: Address already in use; "
            r"serve.port=0 takes any free port$"
        )
        with pytest.raises(ListenError, match=wanted):
            listen("127.0.0.1", port)


def test_hosts_that_are_none() -> None:
    with pytest.raises(ListenError, match=r"^serve.host=no host is no address: .+$"):
        listen("no host", 0)
    with pytest.raises(ListenError, match=r"^serve.host=.+ is no address: .+$"):
        listen("a" * 300, 0)
    wanted = (
        r"^cannot listen on serve.host=192.0.2.1 serve.port=0: Cannot assign requested address; "
        r"serve.port=0 takes any free port$"
    )
    with pytest.raises(ListenError, match=wanted):
        listen("192.0.2.1", 0)


@dataclass(eq=False)
class Client(threading.Thread):
    """Asks without pause, over one connection, until the service says that it closes."""

    url: str
    body: bytes
    answers: list[str] = field(default_factory=list)
    refused: bool = False
    lost: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def run(self) -> None:
        address = urlsplit(self.url)
        assert address.hostname is not None
        connection = HTTPConnection(address.hostname, address.port, timeout=60)
        try:
            while not self.refused:
                connection.request("POST", "/v1/score", self.body, {"content-type": "application/x-npy"})
                response = connection.getresponse()
                content = response.read()
                if response.status == 503:
                    self.refused = response.headers["retry-after"] == "5"
                    return
                assert response.status == 200, content
                self.answers.append(content.decode())
        except (OSError, HTTPException, AssertionError) as error:
            self.lost = repr(error)
        finally:
            connection.close()


def started(root: Path, *overrides: str) -> AbstractContextManager[ServiceProcess]:
    return service_process(root / "log", f"paths.models={models_directory()}", "serve.variants=integer", *overrides)


def test_every_accepted_request_is_answered(tmp_path: Path) -> None:
    """SIGTERM under load, also to the variant's process, which was killed before.

    No connection is lost, every answer is right, and /ready says no while the port is open.
    """
    with serving(variants=("integer",)) as reference:
        model = served_model(reference)
    windows = windows_of(wave(64 + model.steps - 1), model.steps)
    wanted = golden_of(model, windows).score
    assert wanted is not None
    with started(tmp_path, "serve.drain=1.5") as service:
        clients = [Client(service.url, npy(windows)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        while not all(client.answers or client.lost for client in clients):
            time.sleep(0.01)
        os.kill(worker_of(service), signal.SIGKILL)
        while not restarts(service):
            time.sleep(0.05)
        os.kill(service.process.pid, signal.SIGTERM)
        os.kill(worker_of(service), signal.SIGTERM)
        for client in clients:
            client.join(30)
        assert [client.lost for client in clients] == [None] * CLIENTS
        assert all(client.refused for client in clients)
        ready = requests.get(f"{service.url}/ready", timeout=10)
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
        assert requests.get(f"{service.url}/health", timeout=10).status_code == 200
        assert service.process.wait(60) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{service.url}/health", timeout=10)
    answers = [answer for client in clients for answer in client.answers]
    assert len(answers) > CLIENTS
    assert all(json.loads(answer)["codes"] == wanted.tolist() for answer in answers)


def test_one_great_request_is_answered_behind_the_signal(tmp_path: Path) -> None:
    """The request is at work when Ctrl-C comes, and the port closes at once: its answer comes all the same."""
    with started(tmp_path, "serve.batch.windows=16", "serve.host=0.0.0.0") as service:
        answers: list[requests.Response] = []
        body = npy(np.zeros((4000, 16, 1)))

        def ask() -> None:
            headers = {"content-type": "application/x-npy"}
            answers.append(requests.post(f"{service.url}/v1/score", body, headers=headers, timeout=60))

        thread = threading.Thread(target=ask)
        thread.start()
        deadline = time.monotonic() + 20
        while not at_work(service) and thread.is_alive() and time.monotonic() < deadline:
            pass
        os.kill(service.process.pid, signal.SIGINT)
        assert service.process.wait(60) == 0
        thread.join(30)
    assert answers[0].status_code == 200
    assert len(answers[0].json()["codes"]) == 4000
    lines = service.log.read_text().splitlines()
    assert lines[0].startswith("model SYN-1-lstm8-w8a8: 16 samples x 1, integer, ")
    assert lines[1:] == [
        f"serving {service.url} (its API: {service.url}/docs); Ctrl-C ends it",
        "other machines can reach the service, and it asks for no API key; serve.api_keys=FILE has it ask",
        "closing: what was accepted is answered",
    ]


def at_work(service: ServiceProcess) -> bool:
    return metric(service, "hwt_queue_windows") > 0


def restarts(service: ServiceProcess) -> bool:
    return metric(service, "hwt_worker_restarts_total") > 0


def metric(service: ServiceProcess, name: str) -> float:
    text = requests.get(f"{service.url}/metrics", timeout=10).text
    (line,) = [line for line in text.splitlines() if line.startswith(name + "{")]
    return float(line.rpartition(" ")[2])


def worker_of(service: ServiceProcess) -> int:
    """Return the process that a thread of the service began."""
    tasks = Path(f"/proc/{service.process.pid}/task")
    (pid,) = " ".join(path.read_text() for path in tasks.glob("*/children")).split()
    return int(pid)


def test_a_websocket_loses_no_answer(tmp_path: Path) -> None:
    """Every message that was taken has its answer, and the stream goes on where these end."""
    state = f"serve.state={tmp_path / 'state'}"
    counts: list[int] = []
    with started(tmp_path, state) as service:
        killer = threading.Timer(0.5, os.kill, (service.process.pid, signal.SIGTERM))
        killer.start()
        with pytest.raises(WebSocketDisconnect) as caught:
            _converse(service, counts)
        assert caught.value.code == 1012
        assert service.process.wait(60) == 0
        killer.join()
    assert counts
    assert counts == list(range(1, len(counts) + 1))
    with started(tmp_path, state) as service:
        found = requests.get(f"{service.url}/v1/stream/A", timeout=10).json()
    assert found["count"] == counts[-1]


def _converse(service: ServiceProcess, counts: list[int]) -> None:
    """Send sample after sample, and note the count that each answer has."""
    websocket: WebSocketSession
    with connect_ws(f"{service.url}/v1/stream/A/ws") as websocket:
        while True:
            with contextlib.suppress(LocalProtocolError):  # the close came before: receiving tells of it
                websocket.send_text('{"samples": [[0.5]]}')
            counts.append(json.loads(websocket.receive_text(timeout=30))["count"])
