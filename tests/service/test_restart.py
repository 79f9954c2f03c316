"""``hw-trigger serve`` is killed under load, over HTTP, and started again: no accepted sample is lost, and scores stay golden."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import requests
from support.scorers import golden_stream, stream_codes
from support.service import small_bundle

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.service.process import ServiceProcess, service_process

CHANNELS = 4
LENGTH = 1500


@dataclass
class Sender:
    """Sends one channel's samples in order, and repeats a request until it has the answer, as the API asks for.

    Attributes
    ----------
    samples
        In the telemetry's units.
    url
        Where the service is now; ``None``: nowhere.
    codes, triggers
        Of all answers, in order.
    repeats
        Answers that were recorded ones: accepted before the service was killed, and told after it.
    """

    channel: str
    samples: list[list[float]]
    url: str | None = None
    codes: list[int] = field(default_factory=list)
    triggers: list[bool] = field(default_factory=list)
    count: int = 0
    repeats: int = 0
    failure: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Send all, or until `stop`."""
        sizes = random.Random(self.channel)
        size = sizes.randint(1, 9)
        while not stop.is_set() and self.count < len(self.samples) and self.failure is None:
            part = self.samples[self.count : self.count + size]
            if self._sent(part):
                size = sizes.randint(1, 9)
            else:
                time.sleep(0.01)  # the same request again, when there is a service

    def _sent(self, part: list[list[float]]) -> bool:
        url = self.url
        if url is None:
            return False
        try:
            document = {"samples": part, "first": self.count}
            answer = requests.post(f"{url}/v1/stream/{self.channel}", json=document, timeout=30)
            told = answer.json()
        except requests.RequestException:
            return False
        if answer.status_code != 200 or told["first"] != self.count or told["count"] != self.count + len(part):
            self.failure = f"{answer.status_code} for samples from {self.count}: {told}"
            return False
        self.count = told["count"]
        self.codes += told["codes"]
        self.triggers += told["triggers"]
        self.repeats += told["repeated"]
        return True


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.long)])
def test_a_service_that_is_killed_under_load_loses_nothing(tmp_path: Path, kills: int) -> None:
    bundle = small_bundle(tmp_path, "run=small")
    program = bundle.program
    settings = (
        f"paths.models={tmp_path / 'models'}",
        f"serve.state={tmp_path / 'state'}",
        "serve.variants=[integer]",
    )
    sent = [stream_codes(program, LENGTH, number) for number in range(CHANNELS)]
    senders = [Sender(f"c{number}", program.raw.values(codes).tolist()) for number, codes in enumerate(sent)]
    stop = threading.Event()
    threads = [threading.Thread(target=sender.run, args=(stop,)) for sender in senders]
    try:
        for kill in range(kills):
            with service(tmp_path, settings, senders) as running:
                if kill == 0:
                    for thread in threads:
                        thread.start()
                goal = (kill + 1) * LENGTH // (2 * kills)  # so that all of the kills come in the first half
                wait_for(senders, goal)
                running.process.send_signal(signal.SIGKILL)
                running.process.wait()
            assert running.process.returncode == -signal.SIGKILL
        with service(tmp_path, settings, senders) as running:
            wait_for(senders, LENGTH)
            for sender, codes in zip(senders, sent, strict=True):
                check(running, program, sender, codes)
    finally:
        stop.set()
        for thread in threads:
            if thread.is_alive():
                thread.join()


@contextlib.contextmanager
def service(root: Path, settings: tuple[str, ...], senders: list[Sender]) -> Iterator[ServiceProcess]:
    """Start the service, and tell the senders where it is, and behind it that it is gone."""
    with service_process(root / "log", *settings) as running:
        for sender in senders:
            sender.url = running.url
        yield running
        for sender in senders:
            sender.url = None


def wait_for(senders: list[Sender], goal: int) -> None:
    deadline = time.monotonic() + 120
    while min(sender.count for sender in senders) < goal:
        assert not [sender.failure for sender in senders if sender.failure]
        assert time.monotonic() < deadline, [sender.count for sender in senders]
        time.sleep(0.002)


def check(running: ServiceProcess, program: Program, sender: Sender, codes: Codes) -> None:
    """Compare all answers of a channel with the golden model's of all its samples at once."""
    golden = golden_stream(program, codes)
    assert golden.trigger is not None
    np.testing.assert_array_equal(np.array(sender.codes), golden.score)
    np.testing.assert_array_equal(np.array(sender.triggers), golden.trigger)
    told = requests.get(f"{running.url}/v1/stream/{sender.channel}", timeout=10).json()
    assert told["count"] == LENGTH
