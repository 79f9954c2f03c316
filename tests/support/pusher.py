"""A client and a scorer in one process that push until they are killed, and tell what was acknowledged."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path

from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.sqlite import SqliteStore
from support.scorers import model_of, models_of, serving, stream_codes

CHANNELS = 3
LENGTH = 20_000


def chunk(place: int) -> int:
    """Return how many samples are sent from a place on: the same at a retry."""
    return 1 + place * 7919 % 5


def push_for_ever(directory: Path, kind: str, counts: list[int], told: Connection) -> None:
    """Push from the samples on that the client knows to be acknowledged; tell ``(channel, count, codes, triggers, repeated)``."""
    asyncio.run(_main(directory, kind, counts, told))


async def _main(directory: Path, kind: str, counts: list[int], told: Connection) -> None:
    async with serving(models_of(model_of(kind)), SqliteStore(directory)) as scorer:
        await asyncio.gather(*(_push(scorer, kind, channel, count, told) for channel, count in enumerate(counts)))


async def _push(scorer: Scorer, kind: str, channel: int, count: int, told: Connection) -> None:
    program = model_of(kind).program
    codes = stream_codes(program, LENGTH, channel)
    while count < LENGTH:
        values = program.raw.values(codes[count : count + chunk(count)])
        pushed = await scorer.push(kind, f"c{channel}", values, first=count)
        count = pushed.count
        told.send((channel, count, pushed.codes.tolist(), pushed.triggers.tolist(), pushed.repeated))
