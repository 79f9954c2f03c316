"""The bundle's test data, checked to be those that it was trained beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hw_trigger.bundle.bundle import Bundle
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import DeviationTrigger, Program
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.telemetry import Samples, channel_digest, digitize, load_channel
from hw_trigger.telemetry.channel import Channel
from hw_trigger.verification.stress import stress_windows

STRESS_WINDOWS = 16
"""Windows beside the recorded ones that reach the corners of the arithmetic."""


class TelemetryChangedError(UserError):
    """The channel's telemetry is not what the bundle was trained on."""


def load_test(bundle: Bundle, config: Config, reporter: Reporter) -> tuple[Channel, Samples]:
    """Return the channel of a bundle, and its test data as raw codes.

    Raises
    ------
    TelemetryChangedError
        The samples or labels have another SHA-256 than when the bundle was trained.
    UserError
        The channel cannot be had.
    """
    channel = load_channel(config, reporter)
    found, recorded = channel_digest(channel), bundle.manifest.channel.sha256
    if found != recorded:
        raise TelemetryChangedError(
            f"channel {channel.name!r} of {channel.source} has the SHA-256 {found}, and bundle {bundle.path} was trained "
            f"on {recorded}; point data.path at that telemetry, or train again"
        )
    samples = digitize(channel, "test", bundle.scaling)
    if samples.saturated:
        reporter.warn(
            f"{samples.saturated} test values are outside the raw format {bundle.scaling.raw} and were saturated"
        )
    return channel, samples


def chosen_windows(program: Program, windows: Codes, count: int) -> Codes:
    """Return `count` windows spread evenly over all of them, and :data:`STRESS_WINDOWS` more behind them.

    To a trigger that remembers, windows are a stream: it is given consecutive ones, `count` behind those in which it settles. The
    first alarm, where there is one, is in the middle of the `count`.
    """
    trigger = program.trigger
    if isinstance(trigger, DeviationTrigger):
        index = _stretch(program, trigger, windows, count)
    else:
        index = np.unique(np.linspace(0, len(windows) - 1, min(count, len(windows))).round().astype(int))
    return np.concatenate([windows[index], stress_windows(program, STRESS_WINDOWS)])


def _stretch(program: Program, trigger: DeviationTrigger, windows: Codes, count: int) -> NDArray[np.int64]:
    """Return the indices of the consecutive windows."""
    length = min(trigger.settle + count, len(windows))
    fired = compiled.run(program, windows).trigger
    alarm = 0 if fired is None else int(np.argmax(fired))  # 0 where there is none, too
    first = min(max(0, alarm - trigger.settle - count // 2), len(windows) - length)
    return np.arange(first, first + length)
