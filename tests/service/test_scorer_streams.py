"""Retries, conflicts, resets, the limit of channels, and stored streams that cannot be used."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.deviation_stream import CODES, KIND, MODEL, VALUES, run
from support.scorers import Answers, models_of, serving

from hw_trigger.service.answers import Pushed
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.keeper import TooManyChannelsError
from hw_trigger.service.streams.sqlite import DATABASE, SqliteStore
from hw_trigger.service.streams.state import (
    ConflictError,
    StoredStreamError,
    StreamState,
    UnknownStreamError,
)
from hw_trigger.service.streams.store import MemoryStore
from hw_trigger.telemetry.channel import SamplesError


def same(one: Pushed, other: Pushed) -> bool:
    for name in ("codes", "values", "triggers"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    names = ("variant", "threshold", "saturated", "state", "first", "count")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    return True


@pytest.mark.parametrize("restart", [False, True])
def test_a_repeated_request_gets_the_recorded_answer(tmp_path: Path, restart: bool) -> None:
    answers, metrics = Answers(), Metrics()

    async def main() -> None:
        found: list[Pushed] = []
        async with serving(models_of(MODEL), SqliteStore(tmp_path), metrics=metrics) as scorer:
            answers.add(await scorer.push(KIND, "c", VALUES[:10], first=0))
            found.append(await scorer.push(KIND, "c", VALUES[10:20]))
            if not restart:
                found.append(await scorer.push(KIND, "c", VALUES[10:20], first=10))
        async with serving(models_of(MODEL), SqliteStore(tmp_path)) as scorer:
            found += [await scorer.push(KIND, "c", VALUES[10:20], first=10, variant="onnx") for _ in range(2)]
            assert all(same(found[0], other) for other in found)
            assert [one.repeated for one in found] == [False, *[True] * (len(found) - 1)]
            answers.add(found[0])
            answers.add(await scorer.push(KIND, "c", VALUES[20:30], first=20))

    asyncio.run(main())
    answers.check(MODEL.program, CODES[:30])
    assert b'hwt_samples_total{model="deviation"} 20.0' in metrics.text()[0]


@pytest.mark.parametrize(
    ("first", "samples"),
    [
        (0, slice(0, 10)),
        (9, slice(9, 10)),
        (21, slice(21, 22)),
        (10, slice(10, 19)),
        (10, slice(11, 21)),
        (-1, slice(0, 1)),
    ],
)
def test_samples_that_are_not_the_next_ones(first: int, samples: slice) -> None:
    async def call(scorer: Scorer) -> None:
        await scorer.push(KIND, "c", VALUES[:10])
        await scorer.push(KIND, "c", VALUES[10:20])
        message = (
            f"channel 'c' has 20 samples, so the next one has the index 20, and first is {first}; "
            "send the samples from 20 on, or repeat the last request as it was"
        )
        with pytest.raises(ConflictError, match=f"^{re.escape(message)}$") as caught:
            await scorer.push(KIND, "c", VALUES[samples], first=first)
        assert caught.value.count == 20
        assert (await scorer.status(KIND, "c")).count == 20

    run(call)


def test_a_stream_that_is_new_begins_at_0() -> None:
    async def call(scorer: Scorer) -> None:
        with pytest.raises(
            ConflictError, match=r"^channel 'c' has 0 samples, so the next one has the index 0, and first is 5"
        ):
            await scorer.push(KIND, "c", VALUES[:10], first=5)
        with pytest.raises(UnknownStreamError):
            await scorer.status(KIND, "c")

    run(call, max_channels=1)


def test_a_reset_begins_the_stream_again(tmp_path: Path) -> None:
    answers = Answers()

    async def call(scorer: Scorer) -> None:
        message = "there is no stream of channel 'c' of model 'deviation'; send samples first"
        for early in (scorer.reset, scorer.status):
            with pytest.raises(UnknownStreamError, match=f"^{message}$"):
                await early(KIND, "c")
        await scorer.push(KIND, "c", VALUES[20:40])
        status = await scorer.status(KIND, "c")
        assert (status.model, status.channel, status.count, status.held, status.variant) == (
            KIND,
            "c",
            20,
            4,
            "integer",
        )
        # Others wait at the stream while it is reset.
        results = await asyncio.gather(scorer.reset(KIND, "c"), scorer.push(KIND, "c", VALUES[:9], first=0))
        answers.add(results[1])
        answers.add(await scorer.push(KIND, "c", VALUES[9:30], first=9))
        assert answers.parts[-1].state == (await scorer.status(KIND, "c")).state
        await scorer.reset(KIND, "c")
        with pytest.raises(UnknownStreamError, match=f"^{message}$"):
            await scorer.reset(KIND, "c")

    run(call, SqliteStore(tmp_path))
    answers.check(MODEL.program, CODES[:30])


def test_the_limit_of_channels_also_counts_what_is_stored(tmp_path: Path) -> None:
    metrics = Metrics()
    message = "channel 'x' would be one more than 2, which is the most that there may be; reset another one first"

    async def fill(scorer: Scorer) -> None:
        await scorer.push(KIND, "a", VALUES[:1])
        await scorer.push(KIND, "b", VALUES[:1])

    async def call(scorer: Scorer) -> None:
        assert b'hwt_streams{model="deviation"} 2.0' in metrics.text()[0]
        with pytest.raises(TooManyChannelsError, match=f"^{message}$"):
            await scorer.push(KIND, "x", VALUES[:1])
        await scorer.push(KIND, "a", VALUES[1:2], first=1)
        await scorer.reset(KIND, "b")
        assert b'hwt_streams{model="deviation"} 1.0' in metrics.text()[0]
        with pytest.raises(SamplesError):
            await scorer.push(KIND, "bad", np.full((1, 2), np.nan))
        await scorer.push(KIND, "x", VALUES[:1])
        assert b'hwt_streams{model="deviation"} 2.0' in metrics.text()[0]

    run(fill, SqliteStore(tmp_path), max_channels=2)
    run(call, SqliteStore(tmp_path), max_channels=2, metrics=metrics)


def spoil(path: Path, statement: str) -> None:
    with sqlite3.connect(path / DATABASE) as connection:
        connection.execute(statement)
    connection.close()


def test_a_stream_that_cannot_be_used_is_refused_until_it_is_reset(tmp_path: Path) -> None:
    answers = Answers()

    async def fill(scorer: Scorer) -> None:
        await scorer.push(KIND, "c", VALUES[:10])

    async def call(scorer: Scorer) -> None:
        for request in (
            scorer.push(KIND, "c", VALUES[10:20]),
            scorer.status(KIND, "c"),
            scorer.push(KIND, "c", VALUES),
        ):
            with pytest.raises(StoredStreamError) as caught:
                await request
            assert str(caught.value) == (
                "what is stored of channel 'c' of model 'deviation' is damaged (its hash is not that of its content); "
                "reset the channel to begin it again"
            )
        await scorer.reset(KIND, "c")
        answers.add(await scorer.push(KIND, "c", VALUES[:30], first=0))

    run(fill, SqliteStore(tmp_path))
    spoil(tmp_path, "UPDATE streams SET samples = zeroblob(length(samples))")
    run(call, SqliteStore(tmp_path))
    answers.check(MODEL.program, CODES[:30])


def altered(state: StreamState, change: str) -> StreamState:
    assert state.trigger is not None
    match change:
        case "program":
            return replace(state, sha256="f" * 64)
        case "shape":
            return replace(state, samples=state.samples[1:])
        case "range":
            return replace(state, samples=state.samples + 2**20)
        case "count":
            return replace(state, count=state.count + 1)
        case "codes":
            return replace(
                state, last=replace(state.last, codes=state.last.codes[1:], triggers=state.last.triggers[1:])
            )
        case "none":
            return replace(state, trigger=None)
    return replace(state, trigger=-1 - state.trigger)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("shape", "its samples have the shape (3, 2), and (4, 2) is needed"),
        ("range", f"it has samples outside {MODEL.program.raw}"),
        ("count", "its last request does not end at its 11 samples"),
        ("codes", "its last request does not end at its 10 samples"),
        ("none", "its trigger is another one"),
        ("state", "the state has count -7, and it is 0 to 8"),
    ],
)
def test_a_stored_state_that_the_program_cannot_have(change: str, why: str) -> None:
    message = f"what is stored of channel 'c' is damaged ({why}); reset the channel to begin it again"
    check_refused(change, message)


def test_a_stored_state_of_another_program() -> None:
    check_refused(
        "program",
        f"channel 'c' is stored with the state of program {'f' * 64}, and {MODEL.sha256} is served now; "
        "reset the channel to begin it again, or serve the program that it was scored with",
    )


def check_refused(change: str, message: str) -> None:
    store = MemoryStore()

    async def fill(scorer: Scorer) -> None:
        await scorer.push(KIND, "c", VALUES[:10])
        state = await store.load(KIND, "c")
        assert state is not None
        await store.save(KIND, "c", altered(state, change))

    async def call(scorer: Scorer) -> None:
        with pytest.raises(StoredStreamError, match=f"^{re.escape(message)}$"):
            await scorer.push(KIND, "c", VALUES[10:20])

    run(fill, store)
    run(call, store)
