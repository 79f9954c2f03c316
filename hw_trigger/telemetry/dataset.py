"""A data set of the user's own: tables in CSV, NumPy and Parquet files, with or without a description."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hw_trigger.errors import nearest
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.description import ANOMALY, End, Entry, Range
from hw_trigger.telemetry.recording import NOMINAL, Codes, Recording, RecordingError, Times, divide, hold, to_channel
from hw_trigger.telemetry.tables import TableError, find_column, flags, moments, numbers, read_table

if TYPE_CHECKING:
    import pandas as pd

TIMESTAMP = "timestamp"
LABEL = "label"


@dataclass(frozen=True)
class Dataset:
    """Channels of the user's own, and the files that they are in.

    Attributes
    ----------
    path
        The description, or the directory that has none.
    folder
        What file names are relative to.
    entries
        Where each channel is.
    """

    path: Path
    folder: Path
    entries: dict[str, Entry]

    @property
    def name(self) -> str:
        """The data set's name, for people to read."""
        return f"data set {self.path.name}"

    def channels(self) -> list[str]:
        """Return the channels of the description, in its order."""
        return list(self.entries)

    def load(self, name: str) -> Channel:
        """Read one channel.

        Raises
        ------
        UnknownChannelError
            The data set has no such channel.
        TableError, ArrayFileError
            A file is not there or is damaged, or a column is missing or is not what it should be.
        RecordingError
            A label is outside the data, or one of the parts is empty.
        """
        if name not in self.entries:
            known = self.channels()
            raise UnknownChannelError(
                f"{self.path} has no channel {name!r}{nearest(name, known)}; it has {len(known)} channels"
            )
        entry = self.entries[name]
        if entry.file is not None and entry.boundary is not None:
            parts = divide(self._read(self.folder / entry.file, entry), entry.boundary)
        else:
            parts = (
                self._read(self.folder / (entry.train or ""), entry, training=True),
                self._read(self.folder / (entry.test or ""), entry),
            )
        period = entry.sample_period if entry.resample is None else entry.resample
        return to_channel(name, entry.spacecraft, parts, source=self.name, sample_period=period)

    def _read(self, path: Path, entry: Entry, *, training: bool = False) -> Recording:
        """Read one file, with its labels; a file of training data alone needs none."""
        table = read_table(path)
        where = str(path)
        time = _optional(table, entry.timestamp, TIMESTAMP, where)
        label = _optional(table, entry.label, LABEL, where, needed=not training)
        if entry.values is None:
            columns = [name for name in table.columns if name not in (time, label)]
            if not columns:
                raise TableError(f"{where} has no column with values; its columns are {', '.join(table.columns)}")
        else:
            columns = [find_column(table, column, where) for column in entry.values]
        values = numbers(table, columns, where)
        times = None if time is None else moments(table[time], where)
        codes = np.zeros(len(values), np.int64)
        kinds: tuple[str, ...] = (ANOMALY,)
        if not training and entry.anomalies is not None:
            codes, kinds = _mark(self._ranges(entry.anomalies), codes, times, where)
        elif not training and entry.labels is not None:
            codes = self._labels(self.folder / entry.labels, len(values), where)
        elif label is not None:
            codes = flags(table[label], where)
        recording = Recording(values, codes, kinds, times, where)
        return recording if entry.resample is None else hold(recording, entry.resample)

    def _labels(self, path: Path, count: int, where: str) -> Codes:
        """Read a file with a label for each sample."""
        table = read_table(path)
        if len(table.columns) != 1:
            raise TableError(f"{path} has {len(table.columns)} columns, and one of labels is needed")
        if len(table) != count:
            raise TableError(f"{path} has {len(table)} labels, and {where} has {count} samples")
        return flags(table.iloc[:, 0], str(path))

    def _ranges(self, given: tuple[Range, ...] | Path) -> list[Range]:
        """Return the ranges that are given, or those of the file that is given."""
        if not isinstance(given, Path):
            return list(given)
        path = self.folder / given
        table = read_table(path)
        ends = [_ends(table[find_column(table, name, str(path))], str(path)) for name in ("first", "last")]
        kinds = table["kind"].astype(str).tolist() if "kind" in table else [ANOMALY] * len(table)
        return list(zip(*ends, kinds, strict=True))


def _optional(
    table: pd.DataFrame, column: str | int | None, default: str, where: str, *, needed: bool = True
) -> str | None:
    """Return the column that is named, else the one with the default name, else None."""
    if column is None:
        return default if default in table.columns else None
    if not needed and isinstance(column, str) and column not in table.columns:
        return None
    return find_column(table, column, where)


def _ends(column: pd.Series[int] | pd.Series[str], where: str) -> list[End]:
    """Return the ends of ranges: integers are samples' numbers, texts are times."""
    if column.dtype.kind in "iu":
        return [int(value) for value in column]
    if column.dtype.kind == "f":
        raise TableError(f"column {column.name!r} of {where} must have samples' numbers, whole ones, or times")
    return list(moments(column, where, ordered=False))


def _mark(ranges: Iterable[Range], codes: Codes, times: Times | None, where: str) -> tuple[Codes, tuple[str, ...]]:
    """Return codes with the ranges in them, and what the codes mean.

    Raises
    ------
    RecordingError
        A range is reversed, outside the data or without a sample, or overlaps another; or it is of times, and there are none.
    """
    kinds: dict[str, int] = {}
    marked = codes.copy()
    for first, last, kind in ranges:
        told = f"{where}: the range [{first}, {last}]"
        if isinstance(first, int) and isinstance(last, int):
            start, stop, has = first, last + 1, f"samples 0 to {len(codes) - 1}"
        elif times is None:
            raise RecordingError(f"{told} is of times, and the data have no timestamps")
        else:
            start, stop = int(np.searchsorted(times, first)), int(np.searchsorted(times, last, side="right"))
            has = f"samples from {times[0]} to {times[-1]}"
        if first > last:
            raise RecordingError(f"{told} is reversed; the first sample comes first")
        if not 0 <= start < stop <= len(codes):
            raise RecordingError(f"{told} is outside the data, which have {has}")
        if (marked[start:stop] != NOMINAL).any():
            raise RecordingError(f"{told} overlaps another; make them one range")
        marked[start:stop] = kinds.setdefault(kind, len(kinds) + 1)
    return marked, tuple(kinds) or (ANOMALY,)
