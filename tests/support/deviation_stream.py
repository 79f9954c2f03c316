"""A model with the trigger that remembers, a stream of it, and scenarios on a scorer that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hw_trigger.service.scorer import Scorer
from hw_trigger.service.streams.store import MemoryStore, StreamStore
from support.scorers import model_of, models_of, serving, stream_codes

KIND = "deviation"
MODEL = model_of(KIND)
CODES = stream_codes(MODEL.program, 60, 1)
VALUES = MODEL.program.raw.values(CODES)


def run(call: Callable[[Scorer], Awaitable[None]], store: StreamStore | None = None, **options: object) -> None:
    """Play a scenario on a scorer that serves the model."""

    async def main() -> None:
        async with serving(models_of(MODEL), store or MemoryStore(), **options) as scorer:  # type: ignore[arg-type]
            await call(scorer)

    asyncio.run(main())
