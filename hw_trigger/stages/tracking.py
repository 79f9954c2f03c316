"""The tracker of a run, open for one stage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_bytes
from hw_trigger.stages.reporter import Reporter
from hw_trigger.training.tracking import TrackedRun, Tracker, open_tracker


def run_identity(config_sha256: str, channel_sha256: str) -> str:
    """Return what names a training by its settings and its data, both of which a bundle's manifest has."""
    return sha256_bytes(f"{config_sha256} {channel_sha256}".encode())[:12]


@contextlib.contextmanager
def tracked(config: Config, identity: str, reporter: Reporter) -> Iterator[Tracker]:
    """Open the configured tracker, and close it at the end, come what may.

    Parameters
    ----------
    identity
        The run's (see `run_identity`): stages that open it one after another add to the same run.

    Raises
    ------
    MissingTrackerError, TrackerError
        The tracker's package is not installed, or it cannot be opened.
    """
    run = TrackedRun(config.tracking_path, config.tracking.project, config.run_name, identity)
    tracker = open_tracker(config.tracking.kind, config.tracking.mode, run)
    try:
        yield tracker
    finally:
        tracker.close()
    if tracker.where:
        reporter.say(tracker.where)
