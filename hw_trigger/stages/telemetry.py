"""The telemetry that a run uses: its channel, columns, raw codes and windows."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hw_trigger.config.schema import AUTO_CHANNEL, Config
from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Scaling
from hw_trigger.stages.reporter import Advance, Reporter
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel
from hw_trigger.telemetry.download import DownloadError
from hw_trigger.telemetry.esa import MissionOptions
from hw_trigger.telemetry.layouts import TelemetrySource
from hw_trigger.telemetry.recording import moment
from hw_trigger.telemetry.scaling import saturated, to_raw
from hw_trigger.telemetry.sources import open_source
from hw_trigger.telemetry.windows import windows

RECORDED_DEFAULT = "S-1"
SYNTHETIC_DEFAULT = "SYN-1"


class NoRunError(UserError):
    """No bundle is named, and there is none to choose, or more than one."""


class ColumnError(UserError):
    """A column that the channel does not have."""


def open_telemetry(config: Config, reporter: Reporter) -> TelemetrySource:
    """Open the source that the configuration names.

    Raises
    ------
    UserError
        As `hw_trigger.telemetry.sources.open_source`.
    """
    data, progress = config.data, DownloadProgress(reporter)
    boundary = None if data.boundary is None else moment(data.boundary)
    mission = MissionOptions(data.resample, boundary, data.trust_pickle)
    return open_source(data.path, data.cache, data.source, reporter.warn, mission=mission, progress=progress)


class DownloadProgress:
    """Shows each file of a download as a task of its own, in KiB."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.name = ""
        self.shown = 0
        self.task = contextlib.ExitStack()
        self.advance: Advance | None = None

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Take what the download tells: the file's name, its bytes so far, and in all where that is known."""
        if name != self.name:
            self.task.close()
            self.name, self.shown = name, 0
            self.advance = self.task.enter_context(self.reporter.task(f"{name}, KiB", (total or done) // 1024))
        if self.advance is not None:
            self.advance(done // 1024 - self.shown)
        self.shown = done // 1024
        if done == total:
            self.task.close()


def choose_channel(config: Config, reporter: Reporter) -> Config:
    """Return the configuration with a channel: for ``auto`` S-1 where recorded data can be had, else the synthetic SYN-1."""
    if config.channel != AUTO_CHANNEL:
        return config
    chosen = RECORDED_DEFAULT
    if config.data.source == "synthetic":
        chosen = SYNTHETIC_DEFAULT
    else:
        source = open_telemetry(config, reporter)
        try:
            source.load(chosen)
        except DownloadError as error:
            reporter.warn(f"NO RECORDED TELEMETRY: {error}")
            chosen = SYNTHETIC_DEFAULT
        except UnknownChannelError:  # the user's own archive, whose channels have other names
            chosen = source.channels()[0]
    return config.model_copy(update={"channel": chosen})


def find_channel(config: Config) -> Config:
    """Return the configuration with the channel of the one bundle that is there, for the stages behind training.

    Raises
    ------
    NoRunError
        No bundle is there of that model and preset, or several.
    """
    if config.channel != AUTO_CHANNEL or config.run is not None or config.onnx is not None:
        return config
    suffix = config.run_suffix
    found = sorted(path.parent.name for path in config.paths.models.glob(f"*{suffix}/bundle.json"))
    if not found:
        raise NoRunError(f"there is no bundle *{suffix} in {config.paths.models}; `hw-trigger qat` writes one")
    if len(found) > 1:
        raise NoRunError(
            f"there are several bundles *{suffix} in {config.paths.models}: {', '.join(found)}; choose one with run=<name>"
        )
    return config.model_copy(update={"channel": found[0].removesuffix(suffix)})


def load_channel(config: Config, reporter: Reporter) -> Channel:
    """Load the channel, with the configured columns only.

    Raises
    ------
    UserError
        There is no such channel, it cannot be had, or it is damaged.
    ColumnError
        It lacks one of the columns.
    """
    channel = open_telemetry(config, reporter).load(config.channel)
    if channel.sample_period not in (None, config.data.sample_period):
        reporter.warn(
            f"channel {channel.name!r} has a sample every {channel.sample_period:g} s, and data.sample_period is "
            f"{config.data.sample_period:g}: what is told by the day will be wrong"
        )
    columns = list(config.data.columns)
    available = channel.train.shape[1]
    for column in columns:
        if column >= available:
            raise ColumnError(
                f"channel {channel.name!r} has no column {column}: data.columns must be of 0 to {available - 1}"
            )
    return replace(channel, train=channel.train[:, columns], test=channel.test[:, columns])


def channel_digest(channel: Channel) -> str:
    """Return the SHA-256 of a channel's samples and labels as they are used."""
    parts = [channel.train.tobytes(), channel.test.tobytes(), np.packbits(channel.labels).tobytes()]
    shapes = f"{channel.name} {channel.train.shape} {channel.test.shape}".encode()
    return sha256_bytes(b"\0".join([shapes, *(sha256_bytes(part).encode() for part in parts)]))


@dataclass(frozen=True, eq=False)
class Samples:
    """One part (training or test) of a channel as the firmware sees it.

    Attributes
    ----------
    raw
        Codes of the raw format, ``(N, features)``.
    saturated
        Values that the raw format could not hold.
    what
        Names them in an error.
    """

    raw: Codes
    saturated: int
    what: str

    def windows(self, length: int) -> Codes:
        """Return every window, ``(n, length, features)``; nothing is copied.

        Raises
        ------
        WindowError
            There are fewer samples than a window has.
        """
        return windows(self.raw, length, what=self.what)


def digitize(channel: Channel, part: Literal["training", "test"], scaling: Scaling) -> Samples:
    """Bring one part of a channel to raw codes, and count the values that saturate.

    Raises
    ------
    SamplesError
        Values are NaN or infinite.
    """
    values = channel.train if part == "training" else channel.test
    what = f"the {part} data of channel {channel.name!r}"
    return Samples(to_raw(values, scaling.raw, what=what), saturated(values, scaling.raw, what=what), what)
