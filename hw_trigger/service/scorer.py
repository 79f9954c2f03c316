"""The one place that the API calls: scores of windows, and of streams sample by sample.

What a variant computes of a window does not depend on other windows, so the windows of all requests are batched together. The
decision may remember earlier windows: it is made here, in the order of each stream. A sample is accepted when the stream behind
it is in the store; only then the answer is given. A stream pushed in pieces of any size gives, code for code, what
:func:`hw_trigger.fixedpoint.golden.run` gives of all its windows at once, where the variant is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.service.answers import Pushed, Scores, StreamStatus, scores_of, status_of
from hw_trigger.service.batching import BatchLimits, ClosedError
from hw_trigger.service.checks import check_samples, check_state
from hw_trigger.service.comparison import ExperimentSummary
from hw_trigger.service.experiment import Experiment
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.models import Models
from hw_trigger.service.runner import Runner, aside, decide_aside
from hw_trigger.service.shadow import ShadowJob, ShadowMemory
from hw_trigger.service.streams.advance import Request, Streams
from hw_trigger.service.streams.keeper import Keeper
from hw_trigger.service.streams.state import UnknownStreamError, check_channel
from hw_trigger.service.streams.store import StreamStore
from hw_trigger.service.trial import Deal, Trial


class Scorer:
    """Scores windows and streams with the variants of the models that are served.

    Parameters
    ----------
    models
        What is served.
    store
        Where streams are kept. It is closed by :meth:`stop`.
    limits
        Of each variant's batches; `queue` is also the most samples that may wait for their streams, and the most windows that
        may wait for a model's shadow.
    experiment
        With a second variant, on the requests that name no variant.
    variant
        What answers where nothing else is said.
    max_channels
        Streams that there may be, of all models together.

    Raises
    ------
    ExperimentError
        The experiment compares `variant` with itself, or no model has both variants.
    """

    def __init__(
        self,
        models: Models,
        store: StreamStore,
        limits: BatchLimits,
        *,
        experiment: Experiment | None,
        variant: str,
        metrics: Metrics,
        max_channels: int,
    ) -> None:
        served = models.models
        self.models = models
        self._store, self._variant, self._metrics = store, variant, metrics
        self._runner = Runner(served.values(), limits, metrics)
        self._trial: Trial | None = None
        if experiment is not None:
            self._trial = Trial(experiment, variant, served, self._runner.batchers, limits.queue, metrics=metrics)
        self._keeper = Keeper(store, max_channels, limits.queue, metrics.streams)
        self._streams = Streams(store, self._runner, metrics)
        self._closing = False

    async def start(self) -> None:
        """Begin to work.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        for model in self.models.models.values():
            self._metrics.model(model.id, model.sha256)
        await self._keeper.start(self.models.models)
        await self._runner.start()
        if self._trial is not None:
            self._trial.start()

    async def warm_up(self) -> None:
        """Run a window of zeros through each variant, one after another, so that no request is the first one."""
        for model in self.models.models.values():
            for name in model.variants:
                await self.measure(model.id, name, np.zeros((1, model.steps, model.n_features), np.int64))

    async def stop(self) -> None:
        """Answer what was accepted, leave out the rest of the experiment, and close the store."""
        self._closing = True
        await self._keeper.stop()
        if self._trial is not None:
            await self._trial.stop()
        await self._runner.stop()
        await self._store.close()

    async def measure(self, model_id: str, variant: str, raw: Codes) -> Codes:
        """Return what a model's trigger measures of windows alone, int64 ``(n, k)``, batched with those of other requests.

        `raw` are codes of ``program.raw``, ``(n, steps, n_features)``, n of 1 or more. Raises as :meth:`score` does.
        """
        model = self._open(model_id)
        measures, _ = await self._runner.measure(model, model.variant(variant).name, raw)
        return measures

    async def score(
        self,
        model_id: str,
        values: NDArray[np.float64],
        *,
        state: Sequence[int] | Codes | None = None,
        variant: str | None = None,
        channel: str | None = None,
    ) -> Scores:
        """Return the decision on consecutive windows of a stream.

        Parameters
        ----------
        values
            Windows in the telemetry's units, ``(n, steps, n_features)``, n of 1 or more.
        state
            Of the stream so far, as an answer gave it; by default it begins with the first window.
        variant
            What computes it; such a request is no part of the experiment.
        channel
            Whose windows they are: the experiment deals by it, and by the windows where it is not given.

        Raises
        ------
        UnknownModelError, RefusedModelError, AbsentVariantError
            There is no such model or variant.
        SamplesError, StateError, ChannelNameError, RequestTooLargeError
            The request is none for this model.
        QueueFullError, ClosedError
            It cannot be done now.
        """
        model = self._open(model_id)
        values = check_samples(values, (model.steps, model.n_features), "windows")
        before = check_state(model.trigger, state)
        if channel is not None:
            check_channel(channel)
        raw, saturated = await aside(values.size, partial(model.quantize, values))
        deal = self._deal(model, variant, raw.tobytes() if channel is None else channel)
        measures, seconds = await self._runner.measure(model, deal.variant, raw)
        scores = scores_of(model, deal.variant, await decide_aside(model, measures, before), saturated)
        self._metrics.samples(model.id, len(raw) * model.steps, saturated)
        self._metrics.scores(model.id, deal.variant, scores.values, scores.triggers)
        if deal.shadow is not None:
            deal.shadow.offer(ShadowJob(raw, before, scores.values, scores.triggers, seconds, ShadowMemory(), 0))
        return scores

    async def push(
        self,
        model_id: str,
        channel: str,
        samples: NDArray[np.float64],
        *,
        first: int | None = None,
        variant: str | None = None,
    ) -> Pushed:
        """Accept samples of a stream, and return the decision on the windows that they complete.

        All of them are accepted, or none where this raises. Where the caller is cancelled, all or none are, and a repetition with
        `first` gives the answer in both cases.

        Parameters
        ----------
        samples
            In the telemetry's units, ``(n, n_features)``, n of 1 or more.
        first
            Index of the first one in the stream, counted from 0; by default they are simply the next.
        variant
            What computes it; such a request is no part of the experiment.

        Raises
        ------
        ConflictError
            `first` is not where the stream is, and this is no repetition of its last request.
        StoredStreamError
            What is stored of the stream cannot be used: a reset helps.
        UnknownModelError, RefusedModelError, AbsentVariantError
            There is no such model or variant.
        SamplesError, ChannelNameError, RequestTooLargeError
            The request is none for this model.
        TooManyChannelsError, QueueFullError, ClosedError, StoreError
            It cannot be done now.
        """
        model = self._open(model_id)
        samples = check_samples(samples, (model.n_features,), "samples")
        request = Request(samples, first, self._deal(model, variant, check_channel(channel)))
        if self._keeper.crowded(model.id, channel, len(samples)):
            raise self._runner.refusal(model.id, request.deal.variant, len(samples))
        return await self._keeper.work(
            model.id,
            channel,
            lambda stream: self._streams.advance(model, stream, request),
            samples=len(samples),
            create=True,
        )

    async def reset(self, model_id: str, channel: str) -> None:
        """Forget a stream, behind all requests that came before; its next sample is the first again.

        Raises
        ------
        UnknownModelError, RefusedModelError, UnknownStreamError, ChannelNameError
            There is no such stream.
        StoreError, ClosedError
            As in :meth:`push`.
        """
        model = self._open(model_id)
        await self._keeper.work(model.id, check_channel(channel), self._streams.forget)

    async def status(self, model_id: str, channel: str) -> StreamStatus:
        """Return where a stream is, behind all requests that came before.

        Raises
        ------
        UnknownModelError, RefusedModelError, UnknownStreamError, ChannelNameError
            There is no such stream.
        StoredStreamError, StoreError, ClosedError
            As in :meth:`push`.
        """
        model = self._open(model_id)
        state = await self._keeper.work(model.id, check_channel(channel), partial(self._streams.load, model))
        if state is None:  # a reset came before
            raise UnknownStreamError(
                f"there is no stream of channel {channel!r} of model {model_id!r}; send samples first"
            )
        return status_of(model, channel, state)

    def experiment_summary(self) -> ExperimentSummary | None:
        """Return what the experiment found so far; ``None`` where there is none."""
        return None if self._trial is None else self._trial.summary()

    def _open(self, model_id: str) -> Model:
        if self._closing:
            raise ClosedError("the service is closing and accepts nothing more")
        return self.models.get(model_id)

    def _deal(self, model: Model, variant: str | None, key: str | bytes) -> Deal:
        if variant is None and self._trial is not None:
            deal = self._trial.deal(model.id, key)
        else:
            deal = Deal(self._variant if variant is None else variant, None)
        model.variant(deal.variant)  # raises where the model has none of that name
        return deal
