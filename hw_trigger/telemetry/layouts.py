"""Which layout the user's data are in, told by the files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hw_trigger.errors import UserError
from hw_trigger.telemetry.archive import open_archive
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.dataset import Dataset
from hw_trigger.telemetry.description import DESCRIPTIONS, find_files, read_description
from hw_trigger.telemetry.esa import CHANNELS, LABELS, TYPES, Mission, MissionOptions, is_mission, open_mission
from hw_trigger.telemetry.labels import LABEL_FILE
from hw_trigger.telemetry.opssat import SEGMENTS, open_segments


class LayoutError(UserError):
    """A directory in none of the known layouts, or a setting that is of another layout."""


class TelemetrySource(Protocol):
    """A place that channels are loaded from."""

    @property
    def name(self) -> str:
        """What the source is, for people to read."""

    def channels(self) -> list[str]:
        """Return the names of the channels that it offers."""

    def load(self, name: str) -> Channel:
        """Return a channel; a name that the source does not have is an UnknownChannelError."""


def open_data(path: Path, mission: MissionOptions | None = None) -> TelemetrySource:
    """Open the user's data: a description, a directory, or a zip file in the original layout.

    A directory is taken for the first of these that it has the files of: a description (``dataset.yaml``), the original layout
    (``labeled_anomalies.csv``), a mission of ESA-ADB, OPSSAT-AD (``segments.csv``), tables in ``train`` and ``test``.

    Raises
    ------
    LayoutError
        A directory has the files of none, or `mission` has settings and the data are no mission.
    ArchiveError, LabelError, DescriptionError, MissionError, TableError
        The data cannot be opened.
    """
    options = mission or MissionOptions()
    source = _open_directory(path, options) if path.is_dir() else _open_file(path)
    if not isinstance(source, Mission) and (options.resample is not None or options.boundary is not None):
        raise LayoutError(f"data.resample and data.boundary are for missions of ESA-ADB, and {path} is none")
    return source


def _open_file(path: Path) -> TelemetrySource:
    """Open a description, a ``segments.csv``, or an archive."""
    if path.suffix in {Path(name).suffix for name in DESCRIPTIONS}:
        return Dataset(path, path.parent, read_description(path))
    if path.name == SEGMENTS:
        return open_segments(path)
    return open_archive(path)


def _open_directory(path: Path, options: MissionOptions) -> TelemetrySource:
    """Open a directory as what its files say that it is."""
    for name in DESCRIPTIONS:
        if (path / name).is_file():
            return Dataset(path / name, path, read_description(path / name))
    if (path / LABEL_FILE).is_file():
        return open_archive(path)
    if is_mission(path):
        return open_mission(path, options)
    if (path / SEGMENTS).is_file():
        return open_segments(path / SEGMENTS)
    if entries := find_files(path):
        return Dataset(path, path, entries)
    raise LayoutError(
        f"{path} has the files of no known layout: {DESCRIPTIONS[0]}, or {LABEL_FILE}, or {CHANNELS}/ with {LABELS} and "
        f"{TYPES}, or {SEGMENTS}, or tables in train/ and test/; docs/data.md has examples"
    )
