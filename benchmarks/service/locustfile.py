"""Users of the service for Locust; ``python -m benchmarks.service.load`` runs it, and it can be run alone::

    HWT_LOAD='{"kind": "score", "variant": "onnx", "batch": 64}' \
        locust --locustfile benchmarks/service/locustfile.py --headless --users 4 --run-time 10s --host http://127.0.0.1:8000

Locust itself keeps whole milliseconds; the times of all requests are written to ``HWT_LOAD``'s `output` when that is given.
It imports nothing of hw_trigger: gevent has patched what that would use.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import time
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import FastHttpUser, constant_throughput, events, task
from locust.exception import StopUser

SETTINGS: dict[str, Any] = {
    "kind": "score",  # or "stream"
    "variant": None,
    "batch": 1,  # windows of a request, or samples
    "rate": 0.0,  # requests a second of each user; 0: the next when the last is answered
    "seconds": None,  # from the first request on; None: Locust's --run-time alone
    "output": None,
    **json.loads(os.environ.get("HWT_LOAD", "{}")),
}

_TIMES: list[float] = []
_ERRORS: dict[str, int] = {}
_SPAN = [math.inf, 0.0]
"""When the first request began, and when the last one was answered."""
_NAMES = itertools.count()


class TelemetryUser(FastHttpUser):
    """Sends telemetry of one channel, of the service's first model."""

    if SETTINGS["rate"] > 0:
        wait_time = constant_throughput(SETTINGS["rate"])

    def on_start(self) -> None:
        """Learn the model's shape, and make what is sent."""
        with self.client.get("/v1/models", name="setup") as answer:
            model = answer.json()["models"][0]
        self.steps, features = model["steps"], model["n_features"]
        self.channel, self.first = f"load-{os.getpid()}-{next(_NAMES)}", 0
        noise = random.Random(1)
        length = SETTINGS["batch"] + self.steps - 1
        wave = [[0.8 * math.sin(index / 9) + noise.gauss(0, 0.02) for _ in range(features)] for index in range(length)]
        windows = [wave[start : start + self.steps] for start in range(SETTINGS["batch"])]
        score = {"model": model["id"], "windows": windows, "variant": SETTINGS["variant"]}
        self.body = json.dumps(score)
        self.samples = wave[: SETTINGS["batch"]]

    @task
    def send(self) -> None:
        """Send one request, or end all where the time is over. (Locust's own clock runs while it starts.)"""
        now = time.time()
        _SPAN[0] = min(_SPAN[0], now)
        if SETTINGS["seconds"] is not None and now - _SPAN[0] >= SETTINGS["seconds"]:
            gevent.spawn(self.environment.runner.quit)
            raise StopUser
        if SETTINGS["kind"] == "score":
            self.client.post("/v1/score", data=self.body, headers={"Content-Type": "application/json"}, name="load")
            return
        document = {"samples": self.samples, "first": self.first}
        with self.client.post(f"/v1/stream/{self.channel}", json=document, name="load") as answer:
            if answer.status_code == 200:
                self.first = answer.json()["count"]


def _keep(name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
    if name != "load":
        return
    _SPAN[1] = time.time()
    if exception is None:
        _TIMES.append(response_time / 1e3)
    else:
        _ERRORS[repr(exception)] = _ERRORS.get(repr(exception), 0) + 1


def _write(**_: Any) -> None:
    if SETTINGS["output"]:
        with Path(SETTINGS["output"]).open("w", encoding="utf-8") as file:
            json.dump({"seconds": _TIMES, "errors": _ERRORS, "elapsed": max(0.0, _SPAN[1] - _SPAN[0])}, file)


events.request.add_listener(_keep)  # type: ignore[no-untyped-call]
events.quit.add_listener(_write)  # type: ignore[no-untyped-call]
