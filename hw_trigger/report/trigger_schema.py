"""The report's section on the trigger, as data."""

from __future__ import annotations

from typing import Literal

from hw_trigger.report.section import Section


class Deviation(Section):
    """Settings of a trigger that compares a window's error and activity with their own running means."""

    adaptive: bool
    """An alarm must also be a new record: above every earlier score of the stream, which are forgotten slowly."""
    settle_windows: int
    """At the start of a stream, without alarms."""
    baseline_windows: int
    """That the running means look back on."""
    excess_octaves: int
    """That a sample counts for each unit beyond the trained range."""
    excess_windows: int
    """In which that falls to 1/e."""
    record_windows: int
    """In which the record falls to 1/e."""
    floor: float
    """Mean square below which errors and activity are all alike."""


class Trigger(Section):
    """The trigger behind the network."""

    name: str
    kind: Literal["error", "deviation", "margin"]
    """What the score is: the window's squared error; its deviation from running means; the margin of a logit over the others."""
    code: int
    """The threshold, as a code of the score."""
    value: float
    """The threshold, in `unit`."""
    unit: str
    score: str
    """Format of the score."""
    formats: dict[str, str]
    """Of every tensor."""
    deviation: Deviation | None
    """Null for the other kinds."""
    positive: int | None
    """The logit of which the score is the margin; null for the other kinds."""
