"""The layout of the ESA Anomalies Dataset, which the benchmark ESA-ADB uses: a directory for each mission.

::

    channels/channel_41.zip    a pickled pandas.DataFrame: one column of values over a DatetimeIndex, irregular in time
    labels.csv                 ID, Channel, StartTime, EndTime (both inclusive)
    anomaly_types.csv          ID, Category (Anomaly, Rare Event, Communication Gap), ...
    channels.csv, telecommands.csv, telecommands/    not read

As in the benchmark, values are resampled by zero-order hold, anomalies and rare events are labelled alike, and
communication gaps are not labelled. Source: Kotowski et al., "European Space Agency Benchmark for Anomaly Detection in
Satellite Telemetry", 2024 (Zenodo record 12528696).
"""

from __future__ import annotations

import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hw_trigger.errors import UserError, nearest
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.recording import NOMINAL, Codes, Recording, Times, divide, hold, moment, to_channel
from hw_trigger.telemetry.tables import TableError, find_column, moments, numbers, read_table

if TYPE_CHECKING:
    import pandas as pd

CHANNELS: Final = "channels"
LABELS: Final = "labels.csv"
TYPES: Final = "anomaly_types.csv"

KINDS: Final = ("Rare Event", "Anomaly")
"""Categories that are labelled; where both are, the latter counts."""

BENCHMARK: Final = {
    "ESA-Mission1": (30.0, moment("2007-01-01")),
    "ESA-Mission2": (18.0, moment("2001-10-01")),
}
"""Period of resampling in seconds, and where the test data begin, by the name of the mission's directory."""


class MissionError(UserError):
    """A mission that the benchmark does not know and that lacks settings, or a pickle that the user has not said to trust."""


@dataclass(frozen=True)
class MissionOptions:
    """How missions in this layout are read.

    Attributes
    ----------
    resample
        Seconds between samples after resampling; None: the benchmark's for this mission.
    boundary
        When the test data begin; None: the benchmark's for this mission.
    trust_pickle
        Whether the files of the channels may be loaded: they are pickles, which can run any code.
    """

    resample: float | None = None
    boundary: np.datetime64 | None = None
    trust_pickle: bool = False


@dataclass(frozen=True)
class Mission:
    """An opened mission: its directory and its name, its channels by number, and how they are read."""

    path: Path
    title: str
    names: tuple[str, ...]
    period: float
    boundary: np.datetime64
    trust_pickle: bool

    @property
    def name(self) -> str:
        """The mission's name, for people to read."""
        return f"ESA-ADB mission {self.title}"

    def channels(self) -> list[str]:
        """Return the channels, by their numbers."""
        return list(self.names)

    def load(self, name: str) -> Channel:
        """Read, label, resample and divide one channel.

        Texts become numbers, in the order in which they first occur; samples without a value are left out.

        Raises
        ------
        UnknownChannelError
            The mission has no such channel.
        MissionError
            The user has not said that its pickles may be loaded, or the file is damaged or holds something else.
        TableError
            A label file is not there, is damaged or lacks a column.
        RecordingError
            There are no samples before the boundary, or none after it.
        """
        if name not in self.names:
            raise UnknownChannelError(
                f"{self.path} has no channel {name!r}{nearest(name, self.names)}; it has {len(self.names)} channels"
            )
        path = self.path / CHANNELS / f"{name}.zip"
        if not self.trust_pickle:
            raise MissionError(
                f"{path} is a pickle, and loading one can run any code that is in it; "
                "if you trust where it is from, set data.trust_pickle=true"
            )
        table, where = _unpickle(path)
        times = moments(table.index.to_series(name="index"), where)
        labelled = Recording(numbers(table, list(table.columns), where), self._codes(name, times), KINDS, times, where)
        parts = divide(hold(labelled, self.period), self.boundary)
        return to_channel(name, self.title, parts, source=self.name, sample_period=self.period)

    def _codes(self, name: str, times: Times) -> Codes:
        """Return for each sample 0, or 1 + the index of its kind in KINDS."""
        labels = _label_table(self.path / LABELS, ("ID", "Channel", "StartTime", "EndTime"))
        types = _label_table(self.path / TYPES, ("ID", "Category"))
        category = dict(zip(types["ID"], types["Category"], strict=True))
        mine = labels[labels["Channel"] == name].reset_index(drop=True)
        starts, ends = (moments(mine[end], str(self.path / LABELS), ordered=False) for end in ("StartTime", "EndTime"))
        codes = np.full(len(times), NOMINAL, np.int64)
        for identity, start, end in zip(mine["ID"], starts, ends, strict=True):
            if identity not in category:
                raise TableError(f"{self.path / TYPES} has no row for {identity!r}, which {LABELS} has")
            if category[identity] not in KINDS:
                continue
            where = slice(np.searchsorted(times, start), np.searchsorted(times, end, side="right"))
            codes[where] = np.maximum(codes[where], 1 + KINDS.index(category[identity]))
        return codes


def is_mission(path: Path) -> bool:
    """Return whether a directory has the files of a mission."""
    return (path / LABELS).is_file() and (path / TYPES).is_file() and (path / CHANNELS).is_dir()


def open_mission(path: Path, options: MissionOptions) -> Mission:
    """Open a mission's directory.

    Raises
    ------
    MissionError
        The directory's name is not that of a mission of the benchmark, and `options` lack the period or the boundary.
    """
    title = path.resolve().name
    period, boundary = options.resample, options.boundary
    if title in BENCHMARK:
        known = BENCHMARK[title]
        period, boundary = period or known[0], known[1] if boundary is None else boundary
    if period is None or boundary is None:
        raise MissionError(
            f"the mission {title!r} is none of {', '.join(BENCHMARK)}; set data.resample to the seconds between samples, "
            "and data.boundary to the time when the test data begin"
        )
    names = sorted((file.stem for file in (path / CHANNELS).glob("*.zip")), key=_natural)
    return Mission(path, title, tuple(names), period, boundary, options.trust_pickle)


def _natural(name: str) -> list[tuple[int, str]]:
    """Order channel_2 before channel_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _label_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    table = read_table(path)
    for column in columns:
        find_column(table, column, str(path))
    return table


def _unpickle(path: Path) -> tuple[pd.DataFrame, str]:
    """Load a channel's pickle, which its user trusts: one column over times. Return it with its name for errors."""
    import pandas as pd

    try:
        table = pd.read_pickle(path, compression="zip")  # noqa: S301 (the user has said to trust it)
    except (
        OSError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        AttributeError,
        ImportError,
    ) as error:
        raise MissionError(f"{path} is no zip file with a pickled pandas.DataFrame, or is damaged: {error}") from error
    if not isinstance(table, pd.DataFrame) or not isinstance(table.index, pd.DatetimeIndex) or table.shape[1] != 1:
        raise MissionError(f"{path} does not hold a pandas.DataFrame of one column over times")
    table = table.dropna()
    if table.iloc[:, 0].dtype.kind not in "fiub":
        table = table.apply(lambda column: pd.factorize(column)[0])
    return table.set_axis([str(name) for name in table.columns], axis="columns"), str(path)
