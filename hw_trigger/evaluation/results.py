"""All records of an evaluation, by rows and channels, and their means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw_trigger.detection.aggregate import ALL, DEGENERATE, SOUND, Summary, summarize
from hw_trigger.detection.events import EventCounts, pooled
from hw_trigger.evaluation.record import Record
from hw_trigger.evaluation.rows import ROWS, Role, Row, RowKey


@dataclass(frozen=True)
class Results:
    """Every row on the same channels.

    Attributes
    ----------
    records
        One for each row, channel and seed.
    budget
        False alarms a day that were asked for; None: none were.
    """

    records: tuple[Record, ...]
    budget: float | None = None

    @cached_property
    def by_row(self) -> dict[RowKey, tuple[Record, ...]]:
        """The records of each row, rows in the order of the table, records by spacecraft, channel and seed."""
        found: dict[RowKey, list[Record]] = {key: [] for key in ROWS}
        for record in sorted(self.records, key=lambda item: (item.spacecraft, item.channel, item.seed)):
            found[record.row].append(record)
        return {key: tuple(items) for key, items in found.items() if items}

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that there are."""
        return tuple(ROWS[key] for key in self.by_row)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels, by spacecraft and name."""
        return tuple(dict.fromkeys(record.channel for items in self.by_row.values() for record in items))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds; that of rows that need none says nothing."""
        found = {record.seed for record in self.records if ROWS[record.row].seeded}
        return tuple(sorted(found)) or (0,)

    @cached_property
    def causal(self) -> Mapping[RowKey, tuple[Summary, ...]]:
        """Means of causal figures, by row and group of channels."""
        return {key: summarize([item.result for item in items]) for key, items in self.by_row.items()}

    @cached_property
    def spread(self) -> Mapping[RowKey, tuple[Summary, ...]]:
        """Means of window-spread figures; of their events nothing."""
        return {key: summarize([item.spread_result for item in items]) for key, items in self.by_row.items()}

    def per_channel(self, row: RowKey, figure: str) -> dict[str, float | None]:
        """Return a causal figure of each channel, the mean over seeds; None where it is undefined with one of them."""
        return by_channel(self.by_row[row], lambda record: record.causal[figure])

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of channels that means are taken of: all, and those that are not all."""
        found = next(iter(self.causal.values()))
        return tuple(item.group for item in found if item.group == ALL or item.channels < found[0].channels)

    def counts(self, row: RowKey) -> EventCounts:
        """Return the events of all channels and seeds, summed."""
        return pooled(item.events for item in self.by_row[row])

    def within_budget(self, row: RowKey) -> tuple[int, int] | None:
        """Return on how many channels the budget holds on test data, and on how many there is a rate; None without a budget."""
        if self.budget is None:
            return None
        rates = [rate for rate in self.per_channel(row, "false_alarms_a_day").values() if rate is not None]
        return sum(rate <= self.budget for rate in rates), len(rates)


def belongs(record: Record, group: str) -> bool:
    """Return whether a record is of a channel of the group; see `hw_trigger.detection.aggregate.Summary`."""
    if group in (SOUND, DEGENERATE):
        return record.degenerate is (group == DEGENERATE)
    return group in (ALL, record.spacecraft)


def by_channel(records: Sequence[Record], figure: Callable[[Record], float | None]) -> dict[str, float | None]:
    """Return a figure of each channel, the mean over seeds; None where it is undefined with one of them."""
    values: dict[str, list[float | None]] = {}
    for record in records:
        values.setdefault(record.channel, []).append(figure(record))
    return {
        channel: float(np.mean(known))
        if len(known := [item for item in items if item is not None]) == len(items)
        else None
        for channel, items in values.items()
    }


def contenders(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows whose best value is marked: all but the controls."""
    return tuple(row for row in rows if row.role is not Role.CONTROL)
