"""The layout of OPSSAT-AD: ``segments.csv``, short segments of the telemetry of ESA's OPS-SAT, labelled one by one.

A row is a sample: ``timestamp, channel, value, label, segment, sampling, anomaly, train`` (in any order). ``anomaly`` is 1
throughout a segment that is anomalous, and ``label`` then says what kind; ``train`` is 1 for the segments to train on;
``sampling`` is the period in seconds. Source: Ruszczak et al., "The OPS-SAT benchmark for detecting anomalies in satellite
telemetry", Scientific Data, 2025 (Zenodo record 12588359). The file ``dataset.csv`` beside it has statistics of the segments,
which a trigger on samples has no use for, and is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hw_trigger.errors import nearest
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel, Interval, Samples
from hw_trigger.telemetry.tables import TableError, find_column, flags, moments, numbers, read_table

if TYPE_CHECKING:
    import pandas as pd

SEGMENTS: Final = "segments.csv"
COLUMNS: Final = ("timestamp", "channel", "value", "label", "segment", "sampling", "anomaly", "train")
SPACECRAFT: Final = "OPS-SAT"


@dataclass(frozen=True, eq=False)
class SegmentedTelemetry:
    """An opened ``segments.csv``.

    Attributes
    ----------
    path
        The file.
    table
        Its rows.
    names
        Channels with nominal training segments and with test segments, by name.
    """

    path: Path
    table: pd.DataFrame
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The data's name, for people to read."""
        return f"OPSSAT-AD {self.path.name}"

    def channels(self) -> list[str]:
        """Return the channels with nominal training segments and with test segments."""
        return list(self.names)

    def load(self, name: str) -> Channel:
        """Join the segments of a channel in the order of time: nominal training segments, and all test segments.

        An anomalous test segment is one anomaly, even where the next is anomalous too. Anomalous training segments are left
        out.

        Raises
        ------
        UnknownChannelError
            There is no such channel, or it lacks segments to train on or to test on.
        TableError
            A value is not what it should be, or the times of a segment go back.
        """
        if name not in self.names:
            raise UnknownChannelError(
                f"{self.path} has no channel {name!r} with nominal training segments and test segments"
                f"{nearest(name, self.names)}; it has {len(self.names)} channels"
            )
        rows = self.table[self.table["channel"] == name]
        train, test, anomalies = [], [], []
        count = 0
        for segment in _segments(rows, f"{self.path}, channel {name!r}"):
            if segment.training:
                train += [] if segment.anomalous else [segment.values]
                continue
            stop = count + len(segment.values)
            if segment.anomalous:
                anomalies.append(Interval(count, stop, segment.kind))
            test.append(segment.values)
            count = stop
        periods = numbers(rows, ["sampling"], str(self.path))
        period = float(periods[0, 0]) if (periods == periods[0]).all() else None
        parts = np.concatenate(train), np.concatenate(test)
        return Channel(name, SPACECRAFT, *parts, tuple(anomalies), self.name, period)


def open_segments(path: Path) -> SegmentedTelemetry:
    """Open a ``segments.csv``.

    Raises
    ------
    TableError
        The file is damaged, lacks a column, or has a flag that is neither 0 nor 1.
    """
    table = read_table(path)
    for column in COLUMNS:
        find_column(table, column, str(path))
    nominal, training = (flags(table[column], str(path)) == 1 for column in ("anomaly", "train"))
    names = table["channel"].astype(str)
    table = table.assign(channel=names)
    both = set(names[training & ~nominal]) & set(names[~training])
    return SegmentedTelemetry(path, table, tuple(sorted(both)))


@dataclass(frozen=True, eq=False)
class _Segment:
    """One segment: when it begins, its values ``(N, 1)``, and what it is."""

    begin: np.datetime64
    values: Samples
    training: bool
    anomalous: bool
    kind: str


def _segments(rows: pd.DataFrame, where: str) -> list[_Segment]:
    """Split the rows of a channel into segments, in the order of time."""
    found = []
    for number, segment in rows.groupby("segment", sort=False):
        told = f"{where}, segment {number}"
        table = segment.reset_index(drop=True)
        for column in ("anomaly", "train"):
            if table[column].nunique() > 1:
                raise TableError(f"{told}: the column {column!r} is 0 and 1, and one of them must hold throughout")
        first = table.iloc[0]
        times = moments(table["timestamp"], told)
        values = numbers(table, ["value"], told)
        found.append(_Segment(times[0], values, bool(first["train"]), bool(first["anomaly"]), str(first["label"])))
    return sorted(found, key=lambda each: each.begin)
