"""Concurrent requests share runs and get their own answers; the queue is bounded; nothing accepted is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.batching import (
    Batcher,
    BatchLimits,
    BatchLimitsError,
    ClosedError,
    QueueFullError,
    RequestTooLargeError,
)


def windows(*values: int) -> Codes:
    return np.array(values, np.int64).reshape(-1, 1, 1)


class Worker:
    """Measures windows as their own values, and counts; it can be held, and it fails on negative ones."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.inside = threading.Event()
        self.seconds = 0.0

    def measure(self, raw: Codes) -> Codes:
        self.runs.append(len(raw))
        self.inside.set()
        assert self.go.wait(10)
        time.sleep(self.seconds)
        if (raw < 0).any():
            raise ValueError("a negative window")
        return raw[:, 0] * 10

    async def run(self, raw: Codes) -> Codes:
        return await asyncio.to_thread(self.measure, raw)

    async def held(self) -> None:
        """Wait until a run is in progress, with `go` cleared before."""
        while not self.inside.is_set():
            await asyncio.sleep(0.001)


def working(
    scenario: Callable[[Batcher, Worker], Coroutine[Any, Any, None]], limits: BatchLimits | None = None, **settings: Any
) -> Worker:
    worker = Worker()

    async def run() -> None:
        batcher = Batcher(worker.run, limits or BatchLimits(), **settings)
        await batcher.start()
        try:
            await asyncio.wait_for(scenario(batcher, worker), 30)
        finally:
            worker.go.set()
            await batcher.stop()

    asyncio.run(run())
    return worker


def test_requests_during_a_run_share_the_next() -> None:
    seen: list[tuple[int, float]] = []

    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.go.clear()
        first = asyncio.create_task(batcher.measure(windows(1)))
        await worker.held()
        others = [asyncio.create_task(batcher.measure(windows(*range(index, 2 * index)))) for index in range(2, 20)]
        await asyncio.sleep(0.01)
        assert batcher.waiting == 0  # they are no smaller a run than the first, and so they do not wait for its end
        assert batcher.seconds_a_window is None
        worker.go.set()
        np.testing.assert_array_equal(await first, [[10]])
        for index, other in enumerate(others, 2):
            np.testing.assert_array_equal(await other, [[10 * value] for value in range(index, 2 * index)])
        assert batcher.waiting == 0
        assert batcher.seconds_a_window is not None

    worker = working(scenario, observe=lambda count, seconds: seen.append((count, seconds)))
    assert worker.runs == [1, 189]
    assert sorted(count for count, _ in seen) == [1, 189]
    assert all(seconds >= 0 for _, seconds in seen)


def test_a_lone_request_starts_at_once_whatever_the_delay() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        for _ in range(3):
            await asyncio.wait_for(batcher.measure(windows(1)), 5)

    assert working(scenario, BatchLimits(delay=3600)).runs == [1, 1, 1]


@pytest.mark.parametrize("delay", [0, 3600])
def test_the_company_of_the_last_run_is_waited_for(delay: float) -> None:
    """Six clients ask again, one after another, as soon as they are answered."""

    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.seconds = 0.5

        async def client(rest: float) -> None:
            await batcher.measure(windows(1))
            await asyncio.sleep(rest)
            await batcher.measure(windows(2))

        await asyncio.gather(*(client(0.004 * index) for index in range(6)))

    # The first run has all six, as they come before the batcher is awake; where nobody is waited for, two runs of one begin then.
    runs = working(scenario, BatchLimits(delay=delay)).runs
    assert runs == ([6, 6] if delay else [6, 1, 1, 4])


def test_the_company_is_not_waited_for_longer_than_the_delay() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.seconds = 0.3
        await asyncio.gather(*(batcher.measure(windows(1)) for _ in range(5)))
        worker.seconds = 0
        begin = time.perf_counter()
        await batcher.measure(windows(1))
        assert time.perf_counter() - begin < 10  # and not forever, though the other four never come

    assert working(scenario, BatchLimits(delay=3600)).runs == [5, 1]


def test_as_many_windows_as_run_are_handed_over_early() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.go.clear()
        tasks = []
        for count in (4, 2, 1, 1, 3):
            tasks.append(asyncio.create_task(batcher.measure(windows(*range(count)))))
            await asyncio.sleep(0.01)
        # The second run is of three requests, which come to as many windows; the last one waits, as two runs are under way.
        assert worker.runs == [4, 4]
        assert batcher.waiting == 3
        worker.go.set()
        assert [len(found) for found in await asyncio.gather(*tasks)] == [4, 2, 1, 1, 3]

    assert working(scenario).runs == [4, 4, 3]


def test_a_cut_request_is_answered_when_all_of_its_runs_have_ended() -> None:
    """Two runs of one request may be under way, and end in any order."""

    async def later(raw: Codes) -> Codes:
        await asyncio.sleep(0.05 if raw[0, 0, 0] % 20 == 0 else 0.01)
        return raw[:, 0] * 10

    async def scenario() -> None:
        batcher = Batcher(later, BatchLimits(windows=10))
        await batcher.start()
        found = await batcher.measure(windows(*range(45)))
        assert found[:, 0].tolist() == [10 * value for value in range(45)]
        await batcher.stop()

    asyncio.run(scenario())


def test_the_time_of_a_run_is_without_its_wait_for_the_one_before() -> None:
    seen: list[float] = []
    turn = asyncio.Lock()

    async def one_by_one(raw: Codes) -> Codes:
        async with turn:
            await asyncio.sleep(0.2)
        return raw[:, 0]

    async def scenario() -> None:
        batcher = Batcher(one_by_one, BatchLimits(), observe=lambda _, seconds: seen.append(seconds))
        await batcher.start()
        first = asyncio.create_task(batcher.measure(windows(1)))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, batcher.measure(windows(2)))  # handed over 0.15 s before the end of the first
        await batcher.stop()

    begin = time.perf_counter()
    asyncio.run(scenario())
    assert len(seen) == 2
    assert min(seen) >= 0.19
    assert sum(seen) <= time.perf_counter() - begin


def test_large_requests_are_cut_and_small_ones_pass_them() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        done: list[str] = []

        async def ask(name: str, *values: int) -> None:
            np.testing.assert_array_equal(await batcher.measure(windows(*values)), [[10 * value] for value in values])
            done.append(name)

        worker.go.clear()
        large = asyncio.create_task(ask("large", *range(35)))
        await worker.held()
        small = asyncio.create_task(ask("small", 100, 101, 102))
        await asyncio.sleep(0.01)
        worker.go.set()
        await asyncio.gather(large, small)
        assert done == ["small", "large"]

    assert working(scenario, BatchLimits(windows=10)).runs == [10, 10, 10, 8]


def test_the_queue_is_bounded() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        await batcher.measure(windows(1))
        worker.inside.clear()
        worker.go.clear()
        running = asyncio.create_task(batcher.measure(windows(1, 2, 3, 4)))
        await worker.held()
        waiting = asyncio.create_task(batcher.measure(windows(3, 4, 5)))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError) as full:
            await batcher.measure(windows(6, 7))
        assert str(full.value) == (
            "3 windows wait, and with 2 more there would be more than the queue's 4; try again later"
        )
        assert batcher.seconds_a_window is not None
        assert full.value.retry_after == 3 * batcher.seconds_a_window
        assert isinstance(full.value, UserError)
        last = asyncio.create_task(batcher.measure(windows(6)))  # it fits
        await asyncio.sleep(0)
        assert batcher.waiting == 4
        with pytest.raises(RequestTooLargeError) as large:
            await batcher.measure(windows(*range(5)))
        assert str(large.value) == "a request has 5 windows, and the queue takes 4 at most; send fewer at a time"
        worker.go.set()
        assert [len(item) for item in await asyncio.gather(running, waiting, last)] == [4, 3, 1]

    working(scenario, BatchLimits(queue=4))


def test_an_exception_reaches_those_of_its_run_alone() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.go.clear()
        before = asyncio.create_task(batcher.measure(windows(1)))
        await worker.held()
        bad = [asyncio.create_task(batcher.measure(windows(*values))) for values in ([2], [-1] * 25, [3])]
        await asyncio.sleep(0.01)
        worker.go.set()
        np.testing.assert_array_equal(await before, [[10]])
        found = await asyncio.gather(*bad, return_exceptions=True)
        assert [isinstance(item, ValueError) for item in found[:2]] == [True, True]
        assert batcher.waiting == 0  # what was left of the cut request is gone too
        np.testing.assert_array_equal(await batcher.measure(windows(4)), [[40]])

    assert working(scenario, BatchLimits(windows=10)).runs[:2] == [1, 10]


def test_who_is_gone_leaves_the_queue() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.go.clear()
        running = asyncio.create_task(batcher.measure(windows(*range(10))))
        await worker.held()
        gone = asyncio.create_task(batcher.measure(windows(2, 3, 4)))
        kept = asyncio.create_task(batcher.measure(windows(5)))
        await asyncio.sleep(0.01)
        for task in (gone, running):
            task.cancel()
        await asyncio.sleep(0.01)
        assert batcher.waiting == 1
        worker.go.set()
        np.testing.assert_array_equal(await kept, [[50]])

    assert working(scenario).runs == [10, 1]


def test_stop_answers_what_is_accepted() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        worker.go.clear()
        tasks = [asyncio.create_task(batcher.measure(windows(*range(index)))) for index in range(1, 30)]
        await worker.held()
        stops = [asyncio.create_task(batcher.stop()) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(ClosedError, match=r"^the service is closing and accepts no more windows$"):
            await batcher.measure(windows(1))
        assert not any(stop.done() for stop in stops)
        worker.go.set()
        await asyncio.gather(*stops)
        assert all(task.done() for task in tasks)
        assert [len(task.result()) for task in tasks] == list(range(1, 30))
        with pytest.raises(ClosedError):
            await batcher.measure(windows(1))

    assert sum(working(scenario, BatchLimits(windows=16)).runs) == sum(range(1, 30))


def test_before_the_start_nothing_is_accepted() -> None:
    async def scenario() -> None:
        batcher = Batcher(Worker().run, BatchLimits())
        with pytest.raises(ClosedError):
            await batcher.measure(windows(1))
        await batcher.start()
        with pytest.raises(RuntimeError, match=r"^a batcher is started once$"):
            await batcher.start()
        await batcher.stop()

    asyncio.run(scenario())


def test_no_windows_are_no_trouble() -> None:
    async def scenario(batcher: Batcher, worker: Worker) -> None:
        assert (await batcher.measure(windows())).shape == (0, 1)
        assert batcher.seconds_a_window is None

    working(scenario)


def test_a_run_that_loses_windows_is_told() -> None:
    async def scenario() -> None:
        async def lossy(raw: Codes) -> Codes:
            return raw[1:, 0]

        batcher = Batcher(lossy, BatchLimits())
        await batcher.start()
        with pytest.raises(RuntimeError, match=r"^a run of 3 windows gave the measures of 2$"):
            await batcher.measure(windows(1, 2, 3))
        await batcher.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("limits", [{"windows": 0}, {"queue": 0}, {"delay": -1.0}, {"delay": float("nan")}])
def test_limits(limits: dict[str, Any]) -> None:
    values = {"windows": 256, "queue": 4096, "delay": 0.002} | limits
    with pytest.raises(BatchLimitsError) as caught:
        BatchLimits(**limits)
    assert str(caught.value) == (
        f"batches have the limits windows={values['windows']}, queue={values['queue']}, delay={values['delay']:g}; "
        "windows and queue must be 1 or more, and delay 0 s or more"
    )
