"""Variants in processes of their own measure what they do in this one; a process that ends is begun anew, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.api import INTEGER, golden_of, model_of, models_directory, npy, wave, windows_of
from support.programs import random_windows

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.service.app import NoModelsError, create_app
from hw_trigger.service.models import load_models
from hw_trigger.service.variants.base import VARIANTS
from hw_trigger.service.variants.opening import opener
from hw_trigger.service.workers import remote
from hw_trigger.service.workers.messages import LostError
from hw_trigger.service.workers.remote import RefusedError, RemoteWorker, Workers

FRAGILE = """
import os, sys
import hw_trigger.service.workers.main as worker
measure, open_ = worker.Worker._measure, worker.Worker._open
def measure_or_die(self, message):
    if message.content == bytes(len(message.content)):  # windows of zeros
        os._exit(7)
    return measure(self, message)
def open_or_die(self, message):
    if b"hostile" in message.content:
        os._exit(9)
    return open_(self, message)
worker.Worker._measure, worker.Worker._open = measure_or_die, open_or_die
worker.main(sys.argv[1:])
"""
"""A worker whose process ends at windows of zeros, and at bundles of a certain name."""


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PROGRAM", (sys.executable, "-c", FRAGILE))
    monkeypatch.setattr(remote, "PAUSE", 0.01)


@pytest.fixture
def restarts() -> list[str]:
    """The variants whose processes were begun anew."""
    return []


@pytest.fixture
def worker(restarts: list[str]) -> Iterator[RemoteWorker]:
    found = RemoteWorker("integer", 1, partial(restarts.append, "integer"))
    yield found
    found.close()


def in_loop(worker: RemoteWorker | Workers, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario in the loop that a worker belongs to, or all, and stop it, or them."""

    async def run() -> None:
        try:
            await asyncio.wait_for(scenario(), 120)
        finally:
            await worker.stop()

    asyncio.run(run())


def test_all_variants_measure_what_they_do_in_this_process(
    models_directory: Path, trained: Mapping[str, Bundle]
) -> None:
    workers = Workers(VARIANTS, 1, lambda _: None)
    try:
        there = load_models(models_directory, None, VARIANTS, workers.open)
    except BaseException:
        workers.close()
        raise
    here = load_models(models_directory, None, VARIANTS, opener(1))
    for served in (here, there):
        assert [(name, list(model.variants)) for name, model in served.models.items()] == [
            (name, list(VARIANTS)) for name in ("deviation", "error", "margin")
        ]

    async def scenario() -> None:
        for name, model in here.models.items():
            raw = random_windows(trained[name].program, 300)
            for variant, local in model.variants.items():
                other = there.models[name].variants[variant]
                assert (other.name, other.weight_bytes) == (local.name, local.weight_bytes)
                assert isinstance(other, remote.RemoteVariant)
                # Several are on their way at a time; int8's answer depends on which windows are together.
                parts = await asyncio.gather(*(other.run(raw[start : start + 50]) for start in range(0, 300, 50)))
                wanted = [local.measure(raw[start : start + 50]) for start in range(0, 300, 50)]
                np.testing.assert_array_equal(np.concatenate(parts), np.concatenate(wanted), strict=True)
                nothing = await other.run(raw[:0])
                np.testing.assert_array_equal(nothing, local.measure(raw[:0]), strict=True)

    in_loop(workers, scenario)
    assert all(worker.usage() == (0, 0) for worker in workers.workers.values())


def test_a_killed_process_is_begun_anew_and_nobody_notices(
    worker: RemoteWorker, restarts: list[str], trained: Mapping[str, Bundle]
) -> None:
    variants = {name: worker.open(bundle) for name, bundle in trained.items()}
    raw = {name: random_windows(bundle.program, 40) for name, bundle in trained.items()}
    wanted = {name: variants[name].measure(raw[name]) for name in trained}
    memory, seconds = worker.usage()
    assert memory > 10e6
    assert 0 < seconds < 60

    async def scenario() -> None:
        for begun in range(1, 4):
            asked = [asyncio.create_task(variants[name].run(raw[name])) for name in list(trained) * 5]
            gone = asyncio.create_task(variants["error"].run(raw["error"]))
            await asyncio.sleep(0.002 * begun)
            gone.cancel()
            os.kill(pid := worker.pid, signal.SIGKILL)
            for name, found in zip(list(trained) * 5, await asyncio.gather(*asked), strict=True):
                np.testing.assert_array_equal(found, wanted[name])
            while len(restarts) < begun:
                await asyncio.sleep(0.01)
            assert worker.pid != pid

    in_loop(worker, scenario)
    assert restarts == ["integer"] * 3


@pytest.mark.usefixtures("fragile")
def test_windows_that_no_process_outlives_are_given_up(
    worker: RemoteWorker, restarts: list[str], trained: Mapping[str, Bundle]
) -> None:
    bundle = trained["error"]
    variant, raw = worker.open(bundle), random_windows(bundle.program, 20)
    wanted = variant.measure(raw)

    async def scenario() -> None:
        deadly = asyncio.create_task(variant.run(np.zeros_like(raw)))
        behind = asyncio.create_task(variant.run(raw))
        with pytest.raises(LostError, match=r"^2 processes ended at the same windows$"):
            await deadly
        with pytest.raises(LostError):
            await behind  # it was on its way to both processes
        np.testing.assert_array_equal(await variant.run(raw), wanted)

    in_loop(worker, scenario)
    assert len(restarts) == 2


@pytest.mark.usefixtures("fragile")
def test_a_bundle_that_ends_the_process_is_refused_and_the_others_are_served(
    models_directory: Path, tmp_path: Path
) -> None:
    for name in ("error", "hostile", "margin"):
        shutil.copytree(models_directory / ("error" if name == "hostile" else name), tmp_path / name)
    found: list[str] = []
    workers = Workers(("integer",), 1, found.append)
    try:
        models = load_models(tmp_path, None, ("integer",), workers.open)
        assert list(models.models) == ["error", "margin"]
        assert dict(models.refused) == {
            "hostile": "it cannot be loaded (RuntimeError: the process of the variant 'integer' ended with 9)"
        }
        assert found == ["integer"]
        for name, model in models.models.items():
            raw = random_windows(model.program, 10)
            local = load_models(tmp_path, (name,), ("integer",), opener(1)).get(name).variant("integer")
            np.testing.assert_array_equal(model.variant("integer").measure(raw), local.measure(raw))
    finally:
        workers.close()


def test_what_a_worker_refuses(worker: RemoteWorker, trained: Mapping[str, Bundle], tmp_path: Path) -> None:
    bundle = trained["error"]
    with pytest.raises(RefusedError) as absent:
        worker.open(replace(bundle, path=tmp_path / "none"))
    assert str(absent.value) == f"there is no bundle at {tmp_path}/none; `hw-trigger qat` writes one"
    with pytest.raises(RefusedError) as altered:
        worker.open(replace(bundle, path=trained["margin"].path))
    assert str(altered.value) == f"the bundle {trained['margin'].path} was altered while it was opened"
    variant = worker.open(bundle)
    raw = random_windows(bundle.program, 4)
    with pytest.raises(RuntimeError, match=r"(?s)^in the worker's process:\nTraceback.*cannot reshape array"):
        variant.measure(raw[:, :3])
    assert len(variant.measure(raw)) == 4


def test_a_bundle_that_is_gone_at_a_new_beginning_harms_no_other(
    worker: RemoteWorker, trained: Mapping[str, Bundle], tmp_path: Path
) -> None:
    shutil.copytree(trained["margin"].path, tmp_path / "margin")
    gone = worker.open(replace(trained["margin"], path=tmp_path / "margin"))
    kept = worker.open(trained["error"])
    raw = random_windows(trained["error"].program, 10)
    wanted = kept.measure(raw)
    shutil.rmtree(tmp_path / "margin")

    async def scenario() -> None:
        os.kill(worker.pid, signal.SIGKILL)
        np.testing.assert_array_equal(await kept.run(raw), wanted)
        with pytest.raises(RuntimeError, match=r"KeyError: 0\n$"):
            await gone.run(random_windows(trained["margin"].program, 2))

    in_loop(worker, scenario)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_for_the_service(
    worker: RemoteWorker, trained: Mapping[str, Bundle], number: signal.Signals
) -> None:
    """As Ctrl-C and systemd send them to all processes, and the service has accepted requests to answer first."""
    variant = worker.open(trained["error"])
    os.kill(worker.pid, number)
    raw = random_windows(trained["error"].program, 10)
    assert len(variant.measure(raw)) == 10
    assert worker.close() == 0


def test_a_process_that_does_not_end_is_killed(worker: RemoteWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "POLITE", 0.2)
    os.kill(worker.pid, signal.SIGSTOP)
    assert worker.close() == -signal.SIGKILL


def test_the_application_with_processes() -> None:
    app = create_app(replace(INTEGER, processes=True), models_directory())
    with TestClient(app) as client:
        model = model_of(client)
        windows = windows_of(wave(300 + model.steps - 1), model.steps)
        answer = client.post("/v1/score", content=npy(windows), headers={"content-type": "application/x-npy"})
        wanted = golden_of(model, windows).score
        assert wanted is not None
        assert answer.json()["codes"] == wanted.tolist()
        text = client.get("/metrics").text
        (memory,) = (
            line for line in text.splitlines() if line.startswith('hwt_worker_memory_bytes{variant="integer"}')
        )
        assert float(memory.split()[1]) > 10e6
        assert 'hwt_worker_cpu_seconds_total{variant="integer"} ' in text
        assert 'hwt_worker_restarts_total{variant="integer"} 0.0' in text


def test_a_service_that_cannot_begin_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[RemoteWorker] = []

    class Noted(RemoteWorker):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            begun.append(self)

    monkeypatch.setattr(remote, "RemoteWorker", Noted)
    with pytest.raises(NoModelsError):
        create_app(replace(INTEGER, processes=True), tmp_path)
    deadline = time.monotonic() + 10
    while begun[0].usage()[0] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(begun) == 1
    assert begun[0].usage() == (0, 0)
