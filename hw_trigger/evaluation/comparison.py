"""Is the integer program better than the best of its rivals, and as good as the float network? Paired, channel by channel.

The mean over channels of the difference, with an interval from the percentile bootstrap over channels (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993, chapter 13): channels are what other channels would be drawn like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hw_trigger.detection.aggregate import CONFIDENCE
from hw_trigger.evaluation.columns import COLUMNS, Column
from hw_trigger.evaluation.results import Results
from hw_trigger.evaluation.rows import Row, RowKey

RESAMPLES = 9999
"""Sets of channels drawn for an interval."""

POOLED = "pooled_event_f1"

TOLERANCE = 0.005
"""The integer program is to be so close to the float network, in the mean over channels of each figure."""


@dataclass(frozen=True)
class Difference:
    """A mean difference over channels, ``one - other``.

    Attributes
    ----------
    figure
        Of which figure.
    one, other
        The rows.
    mean
        Over the channels on which both rows have the figure; None without such.
    low, high
        Interval of the mean by bootstrap over channels; None with fewer than two.
    channels
        So many they are.
    """

    figure: str
    one: RowKey
    other: RowKey
    mean: float | None
    low: float | None
    high: float | None
    channels: int


def compare(results: Results, one: RowKey, other: RowKey, figure: str) -> Difference:
    """Return the difference of a figure between two rows."""
    first, second = results.per_channel(one, figure), results.per_channel(other, figure)
    pairs = [(first[name], second[name]) for name in first]
    values = [mine - theirs for mine, theirs in pairs if mine is not None and theirs is not None]
    mean = float(np.mean(values)) if values else None
    return Difference(figure, one, other, mean, *bootstrap_interval(values), len(values))


def compare_pooled(results: Results, one: RowKey, other: RowKey) -> Difference:
    """Return the difference of the F1 of all channels' events together; every resample sums the counts of its channels."""
    counts = np.stack([_counts(results, one), _counts(results, other)])  # rows, channels, (found, missed, false)

    def difference(index: NDArray[np.int64]) -> NDArray[np.float64]:
        found, missed, false = np.moveaxis(counts[:, index].sum(axis=-2), -1, 0)
        events = 2 * found + missed + false
        first, second = np.divide(2 * found, events, out=np.zeros(events.shape), where=events > 0)
        return np.asarray(first - second)

    channels = np.arange(counts.shape[1])
    mean = float(difference(channels))
    low = high = None
    if len(channels) > 1:
        resamples = np.random.default_rng(0).choice(channels, (RESAMPLES, len(channels)))
        low, high = np.quantile(difference(resamples), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return Difference(POOLED, one, other, mean, low, high, len(channels))


def _counts(results: Results, row: RowKey) -> NDArray[np.int64]:
    """Return found, missed and false events of each channel, seeds summed, ``(channels, 3)``."""
    found = {name: np.zeros(3, np.int64) for name in results.channels}
    for record in results.by_row[row]:
        found[record.channel] += (record.events.found, record.events.missed, record.events.false)
    return np.stack(list(found.values()))


def bootstrap_interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the percentile interval of the mean, by resampling the values; None with fewer than two.

    The same values give the same interval.
    """
    if len(values) < 2:
        return None, None
    if min(values) == max(values):  # every resample has this mean, but for the last place
        return values[0], values[0]
    found = stats.bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def best(results: Results, column: Column, rows: Sequence[Row]) -> Row | None:
    """Return the row with the best mean over all channels, the first where several have it; None where none has one.

    A row whose figure is defined on some channels only is taken where no row has it on all: few alarms are easily right.
    """
    means = {row: results.causal[row.key][0].means[column.figure] for row in rows}
    known = {row: mean for row, mean in means.items() if mean.value is not None}
    whole = {row: mean for row, mean in known.items() if mean.channels == len(results.channels)}
    return max(whole or known, key=lambda row: column.better * (means[row].value or 0.0)) if known else None


def against_best_baseline(results: Results) -> tuple[Difference, ...]:
    """Return the integer program's differences from the best rival in each figure; empty where a row for it is missing."""
    rivals = [row for row in results.rows if row.rival]
    if "integer" not in results.by_row or not rivals:
        return ()
    found = []
    for column in _comparable():
        rival = best(results, column, rivals)
        if rival is not None:
            found.append(_compare(results, "integer", rival.key, column.figure))
    return tuple(found)


def against_float(results: Results) -> tuple[Difference, ...]:
    """Return the integer program's differences from the float network with the same trigger; empty where a row is missing."""
    if not {"integer", "float"} <= results.by_row.keys():
        return ()
    return tuple(_compare(results, "integer", "float", column.figure) for column in _comparable())


def _compare(results: Results, one: RowKey, other: RowKey, figure: str) -> Difference:
    return compare_pooled(results, one, other) if figure == POOLED else compare(results, one, other, figure)


def _comparable() -> list[Column]:
    """Return the columns that are better one way."""
    return [column for column in COLUMNS if column.better]
