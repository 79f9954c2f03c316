"""An experiment at work: deals requests, has a shadow for each model, and adds up what is found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from hw_trigger.service.batching import Batcher
from hw_trigger.service.comparison import Comparison, ExperimentSummary
from hw_trigger.service.experiment import Experiment, ExperimentError
from hw_trigger.service.metrics import Metrics
from hw_trigger.service.model import Model
from hw_trigger.service.shadow import Shadow


@dataclass(frozen=True)
class Deal:
    """How a request is worked: the variant that answers it, and its shadow (``None``: it has none)."""

    variant: str
    shadow: Shadow | None


class Trial:
    """An experiment on all models that have both variants; on others, A answers everything.

    Parameters
    ----------
    a
        The service's own variant.
    batchers
        By model id and variant.
    most
        Windows that may wait for the shadow of a model.

    Raises
    ------
    ExperimentError
        The experiment compares a variant with itself, or no model has both variants.
    """

    def __init__(
        self,
        experiment: Experiment,
        a: str,
        models: Mapping[str, Model],
        batchers: Mapping[tuple[str, str], Batcher],
        most: int,
        *,
        metrics: Metrics,
    ) -> None:
        b = experiment.variant
        if a == b:
            raise ExperimentError(f"the experiment compares the variant {a!r} with itself; choose another one")
        both = {id_: model for id_, model in models.items() if {a, b} <= set(model.variants)}
        if not both:
            raise ExperimentError(f"no model is served with both variants of the experiment, {a!r} and {b!r}")
        self._experiment, self._a = experiment, a
        self._comparisons = {id_: Comparison(model.trigger.unit, (a, b)) for id_, model in both.items()}
        shadow, answering = (b, a) if experiment.shadow else (a, b)
        self._shadows = {
            id_: Shadow(
                model.trigger,
                shadow,
                answering,
                batchers[id_, shadow],
                most,
                comparison=self._comparisons[id_],
                compared=partial(metrics.divergence, id_, b),
                dropped=partial(metrics.shadow_dropped, id_, b),
            )
            for id_, model in both.items()
        }
        for id_ in both:
            metrics.shadow_dropped(id_, b, 0)

    def deal(self, model: str, key: str | bytes) -> Deal:
        """Return how a request of a channel, or one without a channel and with that content, is worked."""
        if model not in self._shadows or not self._experiment.chosen(key):
            return Deal(self._a, None)
        return Deal(self._a if self._experiment.shadow else self._experiment.variant, self._shadows[model])

    def start(self) -> None:
        """Begin to work."""
        for shadow in self._shadows.values():
            shadow.start()

    async def stop(self) -> None:
        """Leave out what the shadows have not done, and end."""
        await asyncio.gather(*(shadow.stop() for shadow in self._shadows.values()))

    async def idle(self) -> None:
        """Wait until the shadows have nothing to do."""
        await asyncio.gather(*(shadow.idle() for shadow in self._shadows.values()))

    def summary(self) -> ExperimentSummary:
        """Return what was found so far."""
        one = self._experiment
        found = {id_: comparison.summary() for id_, comparison in self._comparisons.items()}
        return ExperimentSummary(self._a, one.variant, one.share, one.shadow, found)
