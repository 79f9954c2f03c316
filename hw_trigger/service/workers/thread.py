"""A variant of this process, for the event loop: what takes least memory, and waits for Python's lock."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.variants.base import Variant


class VariantThread:
    """Measures with a variant in one thread of its own."""

    def __init__(self, variant: Variant) -> None:
        self._variant, self._pool = variant, ThreadPoolExecutor(1, "variant")

    async def run(self, raw: Codes) -> Codes:
        """Measure windows."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._variant.measure, raw)

    def close(self) -> None:
        """End the thread behind its last run."""
        self._pool.shutdown()
