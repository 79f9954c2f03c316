"""Full queues, full disks, clients that have gone, and the end of the service."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from support.deviation_stream import CODES, KIND, MODEL, VALUES, run
from support.scorers import Answers, models_of, serving

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.batching import BatchLimits, ClosedError, QueueFullError
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.sqlite import SqliteStore
from hw_trigger.service.streams.state import (
    UnknownStreamError,
)
from hw_trigger.service.streams.store import MemoryStore, StoreError


class SlowModel:
    """The integer variant, which waits until it may."""

    name = "integer"
    weight_bytes = 0

    def __init__(self) -> None:
        self.may, self.runs = threading.Event(), 0

    def measure(self, raw: Codes) -> Codes:
        self.runs += 1
        assert self.may.wait(30)
        return MODEL.variants["integer"].measure(raw)


def test_a_full_queue_accepts_nothing_of_a_request() -> None:
    """Of one channel they wait for the stream, of several for the batch; what was refused can be sent again."""
    slow = SlowModel()
    model = Model(KIND, MODEL.bundle, {"integer": slow})
    answers, metrics = Answers(), Metrics()

    async def main() -> None:
        async with serving(models_of(model), MemoryStore(), limits=BatchLimits(4, 0, 20), metrics=metrics) as scorer:
            first = asyncio.create_task(scorer.push(KIND, "c", VALUES[:8], first=0))
            while not slow.runs:
                await asyncio.sleep(0.001)
            waiting = asyncio.create_task(scorer.push(KIND, "c", VALUES[8:28]))
            await asyncio.sleep(0.01)
            with pytest.raises(
                QueueFullError, match=r"^too many samples wait .* to take 1 more; try again later$"
            ) as caught:
                await scorer.push(KIND, "c", VALUES[28:29])
            assert caught.value.retry_after > 0
            # One of them is handed over before the first run's end, and the other waits.
            others = [asyncio.create_task(scorer.push(KIND, name, VALUES[:8])) for name in ("d", "f")]
            await asyncio.sleep(0.01)
            with pytest.raises(QueueFullError, match=r"^4 windows wait, "):
                await scorer.push(KIND, "e", VALUES[:21])
            with pytest.raises(UnknownStreamError):
                await scorer.status(KIND, "e")
            slow.may.set()
            answers.add(await first)
            answers.add(await waiting)
            await asyncio.gather(*others)
            answers.add(await scorer.push(KIND, "c", VALUES[28:29], first=28))

    asyncio.run(main())
    answers.check(MODEL.program, CODES[:29])
    assert b'hwt_queue_rejected_total{model="deviation",variant="integer"} 2.0' in metrics.text()[0]


@pytest.mark.parametrize("stored", [False, True])
def test_a_client_that_has_gone_leaves_no_stream_half_way(tmp_path: Path, stored: bool) -> None:
    """Requests are cancelled at every stage; what the client repeats with `first` gives the whole stream."""
    answers = Answers()
    rng = np.random.default_rng(0)

    async def call(scorer: Scorer) -> None:
        count = repeated = 0
        while count < 60:
            size = int(rng.integers(1, 4))
            part = VALUES[count : count + size]
            for _ in range(3):
                gone = asyncio.create_task(scorer.push(KIND, "c", part, first=count))
                for _ in range(int(rng.integers(0, 12))):
                    await asyncio.sleep(0)
                await asyncio.sleep(float(rng.choice([0, 0.0005, 0.002])))
                gone.cancel()
            pushed = await scorer.push(KIND, "c", part, first=count)
            repeated += pushed.repeated
            answers.add(pushed)
            count += len(part)
            assert pushed.count == count
        assert repeated > 0
        await asyncio.sleep(0)

    run(call, SqliteStore(tmp_path) if stored else MemoryStore())
    answers.check(MODEL.program, CODES)


def test_a_request_that_is_cancelled_while_it_waits_for_its_stream_is_not_worked() -> None:
    slow = SlowModel()
    model = Model(KIND, MODEL.bundle, {"integer": slow})

    async def main() -> None:
        async with serving(models_of(model), MemoryStore()) as scorer:
            first = asyncio.create_task(scorer.push(KIND, "c", VALUES[:8]))
            gone = asyncio.create_task(scorer.push(KIND, "c", VALUES[8:10]))
            behind = asyncio.create_task(scorer.push(KIND, "c", VALUES[8:9], first=8))
            await asyncio.sleep(0.01)
            gone.cancel()
            slow.may.set()
            assert [(await one).count for one in (first, behind)] == [8, 9]

    asyncio.run(main())


def test_what_was_accepted_is_answered_at_the_end(tmp_path: Path) -> None:
    slow = SlowModel()
    model = Model(KIND, MODEL.bundle, {"integer": slow})

    async def main() -> None:
        async with serving(models_of(model), SqliteStore(tmp_path)) as scorer:
            pushes = [asyncio.create_task(scorer.push(KIND, "c", VALUES[i : i + 8])) for i in range(0, 24, 8)]
            window = asyncio.create_task(scorer.score(KIND, VALUES[None, :5]))
            await asyncio.sleep(0.01)
            stopping = asyncio.create_task(scorer.stop())
            await asyncio.sleep(0.01)
            for late in (
                scorer.push(KIND, "c", VALUES),
                scorer.score(KIND, VALUES[None, :5]),
                scorer.status(KIND, "c"),
            ):
                with pytest.raises(ClosedError, match=r"^the service is closing and accepts nothing more$"):
                    await late
            slow.may.set()
            await stopping
            assert [(await one).count for one in pushes] == [8, 16, 24]
            assert len((await window).codes) == 1
        async with serving(models_of(MODEL), SqliteStore(tmp_path)) as scorer:
            assert (await scorer.status(KIND, "c")).count == 24

    asyncio.run(main())


def test_a_disk_that_is_full_accepts_nothing(tmp_path: Path) -> None:
    answers = Answers()
    store = SqliteStore(tmp_path)

    async def call(scorer: Scorer) -> None:
        answers.add(await scorer.push(KIND, "c", VALUES[:10]))
        (pages,) = await store._writer.run(lambda connection: connection.execute("PRAGMA page_count").fetchone())
        await store._writer.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())
        many = np.tile(VALUES, (40, 1))
        with pytest.raises(StoreError, match="database or disk is full"):
            await scorer.push(KIND, "c", many)
        await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchall())
        answers.add(await scorer.push(KIND, "c", VALUES[10:20], first=10))

    run(call, store)
    answers.check(MODEL.program, CODES[:20])
