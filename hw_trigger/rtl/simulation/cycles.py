"""Cycle counts read from a simulation: latency, and how often windows and steps follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.rtl.interface import Interface
from hw_trigger.rtl.simulation.run import Run
from hw_trigger.rtl.simulation.stimulus import StimulusError

FEWEST = 4
"""Windows that a run must have: the intervals of the second half are then two or more."""


@dataclass(frozen=True)
class Interval:
    """Cycles from one transfer to the next of its kind.

    Attributes
    ----------
    mean
        Over all intervals looked at; least and most where they differ.
    """

    mean: float
    least: int
    most: int


@dataclass(frozen=True)
class Cycles:
    """Cycles of a run without stalls. A count from one transfer to another is the number of clock edges behind the first, up to
    and with that of the second.

    Attributes
    ----------
    first_result
        From the first sample of the first window to its result (with several channels: from the first channel's first sample to
        the first channel's result); ``None`` without a trigger.
    after_last_sample
        From the first window's last sample (of the first channel) to the same result; ``None`` without a trigger.
    first_output
        From the first sample to the first vector that the network puts out; ``None`` where the design has no such port.
    window
        Between the results of successive windows (their first vectors, without a trigger; with several channels the first
        channel's), over the second half of the run: all channels' windows pass in one such interval.
    step
        Between successive vectors of one window (with several channels the first channel's), over the windows of the second half.
        ``None`` where the design does not put out several vectors a window.
    """

    first_result: int | None
    after_last_sample: int | None
    first_output: int | None
    window: Interval
    step: Interval | None


def measure(interface: Interface, run: Run) -> Cycles:
    """Return the cycle counts of a run without stalls and resets, of 4 windows or more.

    Raises
    ------
    StimulusError
        The run has a reset, or too few windows.
    """
    if run.interrupted:
        raise StimulusError("cycles are counted in a run without resets")
    beats, channels = run.last, interface.channels
    samples = beats.input_cycles.reshape(-1, interface.steps, channels)[:, :, 0]
    if len(samples) < FEWEST:
        raise StimulusError(f"cycles are counted in a run of {FEWEST} windows or more, not {len(samples)}")
    half = len(samples) // 2
    results = beats.result_cycles.reshape(-1, channels)[:, 0] if interface.score is not None else None
    vectors = None
    if interface.has_output:
        vectors = beats.output_cycles.reshape(-1, interface.output_vectors, channels)[:, :, 0]
    ends = results if results is not None else vectors[:, 0] if vectors is not None else samples[:, -1]
    return Cycles(
        None if results is None else int(results[0] - samples[0, 0]),
        None if results is None else int(results[0] - samples[0, -1]),
        None if vectors is None else int(vectors[0, 0] - samples[0, 0]),
        _interval(np.diff(ends[half - 1 :])),
        None if vectors is None or interface.output_vectors == 1 else _interval(np.diff(vectors[half:], axis=1)),
    )


def _interval(differences: Codes) -> Interval:
    return Interval(float(differences.mean()), int(differences.min()), int(differences.max()))
