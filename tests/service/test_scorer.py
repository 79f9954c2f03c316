"""A stream pushed in any pieces, beside others, through restarts, gives code for code what the golden model gives in one go."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scorers import KINDS, Answers, golden_stream, model_of, models_of, serving, stream_codes, windows_of

from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.model import Model
from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.sqlite import SqliteStore
from hw_trigger.service.streams.store import MemoryStore

Plan = list[tuple[int, int]]
"""Pieces of streams: which channel, and how many samples."""

pieces = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), min_size=1, max_size=25)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds_of_programs_trigger_now_and_then(kind: str) -> None:
    program = model_of(kind).program
    for seed in range(3):
        triggers = golden_stream(program, stream_codes(program, 300, seed)).trigger
        assert triggers is not None
        assert 10 < triggers.sum() < 290


@pytest.mark.parametrize("variant", ["integer", "onnx"])
@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=15)
@given(plan=pieces, seed=st.integers(0, 1000), restarts=st.sets(st.integers(0, 25)))
def test_pieces_and_restarts(kind: str, variant: str, plan: Plan, seed: int, restarts: set[int]) -> None:
    """Channels in turn, and a new scorer on the same state directory now and then."""
    with TemporaryDirectory() as directory:
        asyncio.run(run_plan(model_of(kind), variant, plan, seed, restarts=restarts, directory=Path(directory)))


async def run_plan(model: Model, variant: str, plan: Plan, seed: int, *, restarts: set[int], directory: Path) -> None:
    answers, codes = [Answers() for _ in range(3)], [stream_codes(model.program, 300, seed + i) for i in range(3)]
    done = [0, 0, 0]
    runs: list[Plan] = [[]]
    for index, piece in enumerate(plan):
        if index in restarts:
            runs.append([])
        runs[-1].append(piece)
    for run in runs:
        async with serving(models_of(model), SqliteStore(directory), variant=variant) as scorer:
            for channel, size in run:
                raw = codes[channel][done[channel] : done[channel] + size]
                pushed = await scorer.push(model.id, f"c{channel}", model.program.raw.values(raw), first=done[channel])
                answers[channel].add(pushed)
                done[channel] += size
                assert (pushed.first, pushed.count, pushed.variant) == (done[channel] - size, done[channel], variant)
                assert not pushed.repeated
    for channel in range(3):
        if done[channel]:
            answers[channel].check(model.program, codes[channel][: done[channel]])


@pytest.mark.parametrize("limits", [BatchLimits(), BatchLimits(3, 0), BatchLimits(64, 0.05)], ids=str)
def test_concurrent_channels_of_all_models(limits: BatchLimits) -> None:
    """Windows of many streams share batches; each stream is as if it was alone."""
    models = models_of(*(model_of(kind) for kind in KINDS))
    answers = {(kind, channel): Answers() for kind in KINDS for channel in range(8)}

    async def send(scorer: Scorer, kind: str, channel: int) -> None:
        program = model_of(kind).program
        codes = stream_codes(program, 60, channel)
        rng = np.random.default_rng(channel)
        place = 0
        while place < len(codes):
            size = int(rng.integers(1, 9))
            values = program.raw.values(codes[place : place + size])
            answers[kind, channel].add(await scorer.push(kind, f"c{channel}", values))
            place += size

    async def main() -> None:
        async with serving(models, MemoryStore(), limits=limits) as scorer:
            await asyncio.gather(*(send(scorer, *key) for key in answers))

    asyncio.run(main())
    for (kind, channel), found in answers.items():
        found.check(model_of(kind).program, stream_codes(model_of(kind).program, 60, channel))


def test_requests_of_one_channel_are_worked_in_the_order_of_arrival() -> None:
    model = model_of("deviation")
    codes = stream_codes(model.program, 120, 4)
    answers = Answers()

    async def main() -> None:
        async with serving(models_of(model), MemoryStore()) as scorer:
            parts = [model.program.raw.values(codes[start : start + 3]) for start in range(0, 120, 3)]
            for pushed in await asyncio.gather(*(scorer.push("deviation", "c", part) for part in parts)):
                answers.add(pushed)

    asyncio.run(main())
    answers.check(model.program, codes)


@pytest.mark.parametrize("variant", ["integer", "onnx"])
@pytest.mark.parametrize("kind", KINDS)
def test_windows_go_on_from_a_state(kind: str, variant: str) -> None:
    model = model_of(kind)
    codes = stream_codes(model.program, 90, 5)
    windows = model.program.raw.values(windows_of(model.program, codes))
    answers = Answers()

    async def main() -> None:
        async with serving(models_of(model), MemoryStore()) as scorer:
            state = None
            for part in np.array_split(windows, [1, 2, 30, 31, 70]):
                scores = await scorer.score(kind, part, state=state, variant=variant)
                answers.add(scores)
                state = scores.state
                assert scores.variant == variant

    asyncio.run(main())
    answers.check(model.program, codes)


def test_streams_that_memory_has_no_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw_trigger.service.streams.keeper.IN_MEMORY", 2)
    model = model_of("deviation")
    codes = [stream_codes(model.program, 30, seed) for seed in range(6)]
    answers = [Answers() for _ in codes]

    async def main() -> None:
        async with serving(models_of(model), SqliteStore(tmp_path)) as scorer:
            for place in range(0, 30, 2):
                parts = [model.program.raw.values(one[place : place + 2]) for one in codes]
                found = await asyncio.gather(*(scorer.push("deviation", f"c{i}", part) for i, part in enumerate(parts)))
                for one, pushed in zip(answers, found, strict=True):
                    one.add(pushed)
                assert len(scorer._keeper._streams) <= 2

    asyncio.run(main())
    for one, sent in zip(answers, codes, strict=True):
        one.check(model.program, sent)


def test_saturated_samples_and_the_threshold() -> None:
    model = model_of("error")
    program = model.program
    values = np.zeros((7, program.n_features))
    values[2, 0], values[5] = 1e9, -np.finfo(float).max

    async def main() -> None:
        async with serving(models_of(model), MemoryStore()) as scorer:
            pushed = await scorer.push("error", "c", values)
            scores = await scorer.score("error", values[None, : program.steps])
            assert (pushed.saturated, scores.saturated) == (2, 1)
            assert pushed.threshold.code == model.trigger.threshold
            assert pushed.threshold.value == float(model.trigger.values(model.trigger.threshold))
            assert pushed.threshold.unit == "scaled units squared"

    asyncio.run(main())
