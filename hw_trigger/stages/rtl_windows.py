"""Windows for a design's simulation: each channel has a stream of its own, and the golden model computes each by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.simulation.cycles import FEWEST
from hw_trigger.rtl.simulation.run import Run
from hw_trigger.stages.recorded import chosen_windows, load_test
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.rtl_subject import RtlSubject
from hw_trigger.stages.subject import Subject
from hw_trigger.verification.stress import stress_windows
from hw_trigger.verification.table import Comparison, compare

UNRECORDED = 200
"""Windows where there is no test data, and none are configured: those that reach the corners of the arithmetic."""


def simulated_streams(subject: RtlSubject, count: int | None, reporter: Reporter) -> Codes:
    """Return the streams that a design is simulated with, ``(channels, m, steps, features)``.

    They are windows of the test data, `count` or all, and behind them such that reach the corners of the arithmetic; of a network
    from elsewhere only the latter. There are enough for cycles to be counted. One program's windows are dealt out to the streams;
    of several programs each has its own channel's windows, `count` or all, and shorter streams begin again at their end.

    Raises
    ------
    UserError
        The channel cannot be had or has changed.
    """
    if not subject.channels:
        (one,), streams = subject.subjects, subject.config.rtl.channels
        return deal(_windows(one, FEWEST * streams, count, reporter), streams)
    each = [_windows(one, FEWEST, count, reporter) for one in subject.subjects]
    length = max(map(len, each))
    return np.stack([windows[np.arange(length) % len(windows)] for windows in each])


def _windows(subject: Subject, least: int, count: int | None, reporter: Reporter) -> Codes:
    """Return a program's windows: `count` or all, and `least` at the fewest, those for the corners of the arithmetic included."""
    program = subject.program
    if subject.bundle is None:
        return stress_windows(program, max(least, UNRECORDED if count is None else count))
    _, samples = load_test(subject.bundle, subject.config, reporter)
    recorded = samples.windows(program.steps)
    return chosen_windows(program, recorded, max(least, len(recorded) if count is None else count))


def deal(windows: Codes, channels: int) -> Codes:
    """Return the streams of the channels, ``(channels, m, steps, features)``: stretches of windows that follow each other.

    Every window is in one of them; they are equally long, and overlap by a few windows where their number does not divide.

    Raises
    ------
    ValueError
        There are no windows.
    """
    if not len(windows):
        raise ValueError("there are no windows to deal out")
    length = -(-len(windows) // channels)
    starts = np.linspace(0, len(windows) - length, channels).round().astype(int)
    return np.stack([windows[start : start + length] for start in starts])


def expected(
    programs: tuple[Program, ...], streams: Codes, progress: Callable[[int], None] | None = None
) -> tuple[Execution, ...]:
    """Return what the golden model computes of each stream, with one program or each stream's own."""
    members = programs if len(programs) == len(streams) else programs * len(streams)
    return tuple(
        compiled.run(member, stream, progress=progress) for member, stream in zip(members, streams, strict=True)
    )


def simulator_windows(design: Design, streams: Codes) -> Codes:
    """Return streams as a simulator takes them: without the axis of the channels where there is one only."""
    return streams if design.schedule.channels > 1 else streams[0]


def compare_run(design: Design, wanted: tuple[Execution, ...], run: Run, names: tuple[str, str]) -> list[Comparison]:
    """Compare all that a run of the design put out with what was expected, channels one behind the other.

    Parameters
    ----------
    names
        Of the two executors: of what was expected, and of the simulation.
    """
    found = {"output": run.outputs, "score": run.scores, "trigger": run.triggers}
    comparisons = []
    for tensor, codes in found.items():
        if codes is None:
            continue
        golden = np.concatenate([getattr(execution, tensor) for execution in wanted])
        comparisons.append(compare(tensor, (names[0], golden), (names[1], codes.reshape(golden.shape))))
    return comparisons


def place_of(comparison: Comparison, design: Design, channels: tuple[str, ...] = ()) -> str:
    """Return in words where a comparison's codes first differ, with the channel where there are several, and its name if any."""
    text = comparison.first_difference or ""
    found = re.fullmatch(r"window (\d+)(.*)", text)
    if design.schedule.channels == 1 or found is None:
        return text
    channel, window = divmod(int(found[1]), comparison.windows // design.schedule.channels)
    name = f" ({channels[channel]})" if channels else ""
    return f"channel {channel}{name}, window {window}{found[2]}"
