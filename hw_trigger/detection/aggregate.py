"""Many channels and seeds in one line: macro means over channels, by spacecraft, with confidence intervals over seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hw_trigger.detection.events import EventCounts, pooled
from hw_trigger.errors import UserError

CONFIDENCE = 0.95

ALL, SOUND, DEGENERATE = "all channels", "without degenerate channels", "degenerate channels"


class AggregateError(UserError):
    """Results that no mean can be taken of."""


@dataclass(frozen=True)
class ChannelResult:
    """What one detector reached on one channel, with one seed.

    Attributes
    ----------
    channel, spacecraft
        Their names.
    degenerate
        Whether results on the channel say little (`hw_trigger.telemetry.channel.ChannelFacts.degenerate`).
    seed
        Of the detector.
    figures
        By name, None where undefined (`hw_trigger.detection.evaluation.Evaluation.figures`).
    events
        Counts of events.
    """

    channel: str
    spacecraft: str
    degenerate: bool
    seed: int
    figures: Mapping[str, float | None]
    events: EventCounts


@dataclass(frozen=True)
class Mean:
    """A mean over seeds of a figure.

    Attributes
    ----------
    value
        None where the figure is undefined on every channel.
    low, high
        Confidence interval of `CONFIDENCE` over the seeds, by Student's t; None with one seed: one says nothing of the spread.
    channels
        Channels on which the figure is defined, in the seed in which they are fewest. The others are left out.
    seeds
        Seeds.
    """

    value: float | None
    low: float | None
    high: float | None
    channels: int
    seeds: int


@dataclass(frozen=True)
class Summary:
    """The means of one group of channels.

    Attributes
    ----------
    group
        `ALL`, the name of a spacecraft, `SOUND` or `DEGENERATE`.
    channels
        Channels in it.
    means
        Macro means by figure: each channel counts the same. ``pooled_event_f1`` is that of the summed counts instead, as Orion
        publishes it.
    """

    group: str
    channels: int
    means: Mapping[str, Mean]


def summarize(results: Sequence[ChannelResult]) -> tuple[Summary, ...]:
    """Summarize the results of one detector: over all channels, for each spacecraft, and with degenerate channels apart.

    Raises
    ------
    AggregateError
        There are no results, or a channel has two of one seed or lacks one of a seed that others have.
    """
    _check(results)
    spacecraft = sorted({item.spacecraft for item in results})
    groups: list[tuple[str, Callable[[ChannelResult], bool]]] = [(ALL, lambda _: True)]
    groups += [(name, lambda item, name=name: item.spacecraft == name) for name in spacecraft]  # type: ignore[misc]
    groups += [(SOUND, lambda item: not item.degenerate), (DEGENERATE, lambda item: item.degenerate)]
    members = [(name, [item for item in results if belongs(item)]) for name, belongs in groups]
    return tuple(_summary(name, items) for name, items in members if items)


def _summary(group: str, results: Sequence[ChannelResult]) -> Summary:
    seeds = sorted({item.seed for item in results})
    by_seed = [[item for item in results if item.seed == seed] for seed in seeds]
    names = list(results[0].figures)
    means = {
        name: _mean([[value for item in items if (value := item.figures[name]) is not None] for items in by_seed])
        for name in names
    }
    counts = [pooled(item.events for item in items).f() for items in by_seed]
    means["pooled_event_f1"] = _mean([[] if value is None else [value] for value in counts], len(by_seed[0]))
    return Summary(group, len(by_seed[0]), means)


def _mean(by_seed: Sequence[Sequence[float]], channels: int | None = None) -> Mean:
    """Return the mean over seeds of the means over channels."""
    fewest = min(len(values) for values in by_seed)
    number = channels if channels is not None else fewest
    macro = [float(np.mean(values)) for values in by_seed if values]
    if not macro:
        return Mean(None, None, None, 0, len(by_seed))
    return Mean(float(np.mean(macro)), *confidence_interval(macro), number, len(by_seed))


def confidence_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float | None, float | None]:
    """Return the interval ``mean -+ t s / sqrt(n)`` of Student's t with n - 1 degrees of freedom; None with one value."""
    n = len(values)
    if n < 2:
        return None, None
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def _check(results: Sequence[ChannelResult]) -> None:
    """Refuse what would compare means over different channels."""
    if not results:
        raise AggregateError("there are no results to take a mean of")
    runs = Counter((item.channel, item.seed) for item in results)
    for (channel, seed), count in runs.items():
        if count > 1:
            raise AggregateError(f"channel {channel!r} has {count} results of seed {seed}, and 1 is needed")
    seeds = {item.seed for item in results}
    for channel in dict.fromkeys(item.channel for item in results):
        for seed in sorted(seeds):
            if (channel, seed) not in runs:
                raise AggregateError(f"channel {channel!r} has no result of seed {seed}, which other channels have")
