"""The files between Python and a running simulation: little-endian 64-bit words.

A process and files, not a library in this process: a crash or an endless loop ends the process only, a time limit holds, several
run at once, and no model lingers that cannot be unloaded. Starting it costs milliseconds, and a record less than a cycle does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw_trigger.files import write_whole
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.rtl.interface import Register
from hw_trigger.rtl.simulation.stimulus import CLOCKS, Event, Read, Stalls, Write

# The order of the enumerations in headers/hwt_task.h.
_WRITE, _READ, _HARD_RESET, _SOFT_RESET = range(4)


@dataclass(frozen=True, eq=False)
class Records:
    """What the simulation wrote, a row for each transfer or event, and how many cycles it took.

    Attributes
    ----------
    inputs
        Of each sample accepted: cycle.
    results
        Of each beat of ``m_axis``: cycle, score, trigger, TLAST, TID.
    outputs
        Of each beat of ``m_axis_output``: cycle, TLAST, codes.
    events
        Of each event: first and last cycle, value, response; then how many samples, results and vectors there had been.
    """

    inputs: Codes
    results: Codes
    outputs: Codes
    events: Codes
    cycles: int


def write_task(
    directory: Path,
    segments: Sequence[Codes],
    stalls: Stalls,
    events: Sequence[Event],
    wrong_last: Sequence[int],
    *,
    patience: int,
    settle: int,
) -> None:
    """Write what the simulation is to do.

    Parameters
    ----------
    segments
        Samples up to each reset, and behind the last one, ``(beats, features)``, in the order in which they are sent.
    wrong_last
        Beats, counted through all segments, whose TLAST is inverted.
    patience
        Cycles without any transfer after which the simulation fails.
    settle
        Cycles that are simulated after everything has come.

    Raises
    ------
    OutputError
        The files cannot be written.
    """
    ends = np.cumsum([len(segment) for segment in segments])
    words = [stalls.seed, patience, settle, stalls.burst, *stalls.chances, len(ends), *ends]
    words += [len(wrong_last), *sorted(wrong_last), len(events)]
    for event in events:
        words += _event_words(event)
    write_whole(directory / "task.bin", np.array(words, "<i8").tobytes())
    write_whole(directory / "samples.bin", np.concatenate(segments).astype("<i8").tobytes())


def _event_words(event: Event) -> list[int]:
    when = [CLOCKS.index(event.when.clock), event.when.count]
    if isinstance(event, Write):
        return [_WRITE, *when, event.address, event.value]
    if isinstance(event, Read):
        return [_READ, *when, event.address, 0]
    if event.kind == "hard":
        return [_HARD_RESET, *when, 0, event.cycles]
    return [_SOFT_RESET, *when, Register.CONTROL, 1]


def read_records(directory: Path, n_outputs: int, cycles: int) -> Records:
    """Return what the simulation wrote; `n_outputs` is the number of codes in a vector of what the network puts out."""
    widths = {"inputs": 1, "results": 5, "outputs": 2 + n_outputs, "events": 7}
    rows = {
        name: np.fromfile(directory / f"{name}.bin", "<i8").astype(np.int64, copy=False).reshape(-1, words)
        for name, words in widths.items()
    }
    return Records(**rows, cycles=cycles)
