"""One step of a stream: samples in, scores out, and the state behind them in the store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.decision import initial_state
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.answers import Pushed, pushed_of
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.runner import Runner, aside, decide_aside
from hw_trigger.service.shadow import ShadowJob, ShadowMemory
from hw_trigger.service.streams.keeper import Stream
from hw_trigger.service.streams.state import (
    ConflictError,
    LastRequest,
    StreamState,
    digest_of,
    new_windows,
    newest,
)
from hw_trigger.service.streams.store import StreamStore
from hw_trigger.service.streams.stored import check_stored
from hw_trigger.service.trial import Deal


@dataclass(frozen=True, eq=False)
class Request:
    """Samples of a stream.

    Attributes
    ----------
    samples
        In the telemetry's units, ``(n, n_features)``, n of 1 or more.
    first
        Index of the first one, where the client told it.
    deal
        What computes the answer, and its shadow.
    """

    samples: NDArray[np.float64]
    first: int | None
    deal: Deal


@dataclass(frozen=True, eq=False)
class Streams:
    """What works on streams. The caller holds the lock of the stream in question.

    Attributes
    ----------
    store
        Where they are kept.
    runner
        What computes windows.
    metrics
        What is told of accepted samples.
    """

    store: StreamStore
    runner: Runner
    metrics: Metrics

    async def load(self, model: Model, stream: Stream) -> StreamState | None:
        """Return a stream's state, out of memory or the store; ``None`` where there is none.

        Raises
        ------
        StoredStreamError
            What is stored cannot be used.
        StoreError
            The store cannot be read.
        """
        if stream.state is None and stream.stored:
            state = await self.store.load(model.id, stream.channel)
            if state is not None:
                check_stored(state, model.program, model.trigger, model.sha256, stream.channel)
            stream.state = state
        return stream.state

    async def forget(self, stream: Stream) -> None:
        """Begin a stream again, whatever is stored of it.

        Raises
        ------
        StoreError
            The store cannot be written.
        """
        await self.store.delete(stream.model, stream.channel)
        stream.state, stream.stored, stream.shadow = None, False, ShadowMemory()

    async def advance(self, model: Model, stream: Stream, request: Request) -> Pushed:
        """Accept samples, or repeat the recorded answer; nothing has changed where this raises.

        Raises
        ------
        ConflictError
            The samples are not the next ones, and no repetition.
        UserError
            See :meth:`hw_trigger.service.scorer.Scorer.push`.
        """
        state = await self.load(model, stream)
        raw, saturated = await aside(request.samples.size, partial(model.quantize, request.samples))
        count = 0 if state is None else state.count
        if request.first is not None and request.first != count:
            if state is None or not _repeats(state.last, request.first, raw):
                raise ConflictError(
                    f"channel {stream.channel!r} has {count} samples, so the next one has the index {count}, and first is "
                    f"{request.first}; send the samples from {count} on, or repeat the last request as it was",
                    count,
                )
            return pushed_of(model, state, repeated=True)
        samples = np.empty((0, model.n_features), np.int64) if state is None else state.samples
        before = initial_state(model.trigger) if state is None else state.trigger
        windows = new_windows(samples, raw, model.steps)
        deal = request.deal
        measures, seconds = np.empty((0, model.n_measures), np.int64), 0.0
        if len(windows):
            measures, seconds = await self.runner.measure(model, deal.variant, windows)
        decision = await decide_aside(model, measures, before)
        last = LastRequest(count, len(raw), digest_of(raw), deal.variant, decision.score, decision.trigger, saturated)
        after = StreamState(model.sha256, newest(samples, raw, model.steps), count + len(raw), decision.state, last)
        await self.store.save(model.id, stream.channel, after)
        stream.state, stream.stored = after, True
        answer = pushed_of(model, after, repeated=False)
        self.metrics.samples(model.id, len(raw), saturated)
        if len(windows):
            self.metrics.scores(model.id, deal.variant, answer.values, answer.triggers)
        if len(windows) and deal.shadow is not None:
            window = max(0, count - model.steps + 1)
            deal.shadow.offer(
                ShadowJob(windows, before, answer.values, answer.triggers, seconds, stream.shadow, window)
            )
        return answer


def _repeats(last: LastRequest, first: int, raw: Codes) -> bool:
    """Return whether samples are those of the last request again."""
    return (first, len(raw)) == (last.first, last.samples) and digest_of(raw) == last.digest
