"""The batchers of all models' variants, and what is told of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

from hw_trigger.fixedpoint.decision import Decision, decide
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.batching import Batcher, BatchLimits, QueueFullError
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.variants.base import Variant
from hw_trigger.service.workers.remote import RemoteVariant
from hw_trigger.service.workers.thread import VariantThread

T = TypeVar("T")

ASIDE = 1 << 14
"""Numbers from which on they are worked in a thread, so that other requests need not wait."""

UNKNOWN = 0.001
"""Seconds that a window may take where none was timed yet."""

DECISION = 32
"""Numbers that take as long as the decision on a window."""


class Runner:
    """Runs windows through variants.

    Attributes
    ----------
    batchers
        By model id and variant.
    """

    def __init__(self, models: Iterable[Model], limits: BatchLimits, metrics: Metrics) -> None:
        self._metrics = metrics
        self._threads: list[VariantThread] = []
        self.batchers = {
            (model.id, name): Batcher(self._run(variant), limits, observe=partial(metrics.batch, model.id, name))
            for model in models
            for name, variant in model.variants.items()
        }

    async def start(self) -> None:
        """Begin to work."""
        for (model, name), batcher in self.batchers.items():
            await batcher.start()
            self._metrics.queue(model, name, 0)

    async def stop(self) -> None:
        """Answer what was accepted, and end."""
        await asyncio.gather(*(batcher.stop() for batcher in self.batchers.values()))
        for thread in self._threads:
            thread.close()

    async def measure(self, model: Model, variant: str, raw: Codes) -> tuple[Codes, float]:
        """Return what the trigger measures of windows, and how long that took with the wait for it, in s.

        Parameters
        ----------
        raw
            ``(n, steps, n_features)``, n of 1 or more.

        Raises
        ------
        QueueFullError, RequestTooLargeError, ClosedError
            The batcher does not accept them.
        """
        batcher = self.batchers[model.id, variant]
        begun = time.perf_counter()
        self._metrics.queue(model.id, variant, batcher.waiting + len(raw))
        try:
            measures = await batcher.measure(raw)
        except QueueFullError:
            self._metrics.rejected(model.id, variant)
            raise
        finally:
            self._metrics.queue(model.id, variant, batcher.waiting)
        return measures, time.perf_counter() - begun

    def _run(self, variant: Variant) -> Callable[[Codes], Awaitable[Codes]]:
        """Return how the event loop has a variant measure windows: in its own process, or in a thread here."""
        if isinstance(variant, RemoteVariant):
            return variant.run
        self._threads.append(VariantThread(variant))
        return self._threads[-1].run

    def refusal(self, model: str, variant: str, samples: int) -> QueueFullError:
        """Count a request of a stream that is refused before its windows are known, and return its error."""
        self._metrics.rejected(model, variant)
        batcher = self.batchers[model, variant]
        return QueueFullError(
            f"too many samples wait for the requests before them in their streams to take {samples} more; try again later",
            (batcher.waiting + samples) * (batcher.seconds_a_window or UNKNOWN),
        )


async def aside(size: int, call: Callable[[], T]) -> T:
    """Return what a computation on so many numbers gives: in a thread where there are many."""
    return call() if size < ASIDE else await asyncio.to_thread(call)


async def decide_aside(model: Model, measures: Codes, state: Codes | None) -> Decision:
    """Return the decision on windows, as :func:`hw_trigger.fixedpoint.decision.decide` does."""
    return await aside(DECISION * len(measures), partial(decide, model.trigger, measures, state))
