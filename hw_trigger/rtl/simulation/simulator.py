"""Runs a compiled simulation on windows."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw_trigger.files import OutputError
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import WindowsError
from hw_trigger.rtl.interface import Interface
from hw_trigger.rtl.simulation.exchange import read_records, write_task
from hw_trigger.rtl.simulation.run import Run, SimulationError, collect
from hw_trigger.rtl.simulation.runtime import Trace
from hw_trigger.rtl.simulation.stimulus import NO_STALLS, Event, Reset, Stalls, StimulusError

PATIENCE = 1_000_000
"""Cycles without any transfer after which a design is said to stand still."""

SETTLE = 200
"""Cycles simulated after the last result, in which nothing more may come."""

# What Verilator puts before the text of $fatal and $error, behind the time.
_ERROR = re.compile(r"%(Fatal|Error)\b")

# Exit codes of headers/hwt_files.h.
_FAILED, _FILES = 3, 4


@dataclass(frozen=True)
class Waveform:
    """A waveform to write: cycle n is the time from 10 n to 10 n + 10 ns, its rising edge at 10 n + 5.

    Attributes
    ----------
    path
        The file. It is there after a failure too, up to the cycle of that.
    first, last
        The cycles that it shows; without `last` all from the first.
    """

    path: Path
    first: int = 0
    last: int | None = None


@dataclass(frozen=True)
class Simulator:
    """A compiled simulation, as :func:`~hw_trigger.rtl.simulation.build.build` returns it.

    Attributes
    ----------
    interface
        The ports of the design.
    program
        The executable.
    trace
        Format of the waveforms that it can write; ``None`` where it cannot.
    """

    interface: Interface
    program: Path
    trace: Trace | None = None

    def run(
        self,
        windows: Codes,
        *,
        stalls: Stalls = NO_STALLS,
        events: Sequence[Event] = (),
        wrong_last: Sequence[int] = (),
        waveform: Waveform | None = None,
        progress: Callable[[int], None] | None = None,
        patience: int = PATIENCE,
        settle: int = SETTLE,
        seconds: float = 3600,
    ) -> Run:
        """Reset the design, send windows back to back, and return what came out.

        Parameters
        ----------
        windows
            Codes of the raw format, ``(n, steps, features)``; with several channels ``(channels, n, steps, features)``.
        stalls
            Pauses of the streams. Without them a sample is on offer in every cycle, and the design's outputs are always taken.
        events
            Accesses to the registers and resets, one after the other.
        wrong_last
            Indices of samples, in the order sent (those for after a reset follow), whose TLAST is inverted.
        progress
            Called with the number of windows done since it was called last.
        patience
            Cycles without any transfer after which the design is said to stand still.
        settle
            Cycles simulated after everything has come, 1 or more; another result in them is an error.
        seconds
            Time limit.

        Raises
        ------
        WindowsError
            The shape is not the design's, or a code is outside the raw format.
        StimulusError
            A waveform is asked of a simulation that was built without, or a limit is out of its range.
        SimulationError
            The design broke a rule (VALID fell, or what was sent changed, before READY came; a result before its time, or one
            too many; a wrong TLAST or TID), nothing moved any more, or the time was up. The message says where.
        OutputError
            The files for the simulation, or the waveform, cannot be written.
        """
        if min(patience, settle) < 1:
            raise StimulusError(f"patience and settle must be 1 cycle or more, not {patience} and {settle}")
        resets = [index for index, event in enumerate(events) if isinstance(event, Reset)]
        given = [windows, *(event.windows for event in events if isinstance(event, Reset))]
        segments = [beats(self.interface, each) for each in given]
        try:
            with tempfile.TemporaryDirectory(prefix="hw_trigger_rtl_") as name:
                scratch = Path(name)
                write_task(scratch, segments, stalls, events, wrong_last, patience=patience, settle=settle)
                cycles = self._simulate(scratch, waveform, progress, seconds)
                records = read_records(scratch, self.interface.n_outputs, cycles)
        except OSError as error:
            raise OutputError(f"cannot write files for the simulation: {error.strerror}") from error
        return collect(self.interface, records, resets)

    def _simulate(
        self, scratch: Path, waveform: Waveform | None, progress: Callable[[int], None] | None, seconds: float
    ) -> int:
        """Run the program and return the number of cycles."""
        command = [str(self.program.resolve()), str(scratch)]
        if waveform is None:
            return _follow(self.interface.name, command, progress, seconds)
        if self.trace is None:
            raise StimulusError(
                f"the simulation of {self.interface.name!r} was built without trace, and writes no waveform"
            )
        # Written beside its place and renamed when it is closed, so that a viewer never sees half of one.
        waveform.path.parent.mkdir(parents=True, exist_ok=True)
        partial = waveform.path.with_name(f".{waveform.path.name}.{os.getpid()}")
        last = (1 << 56) if waveform.last is None else waveform.last
        try:
            return _follow(
                self.interface.name, [*command, str(partial), str(waveform.first), str(last)], progress, seconds
            )
        finally:
            if partial.exists():
                partial.replace(waveform.path)


def beats(interface: Interface, windows: Codes) -> Codes:
    """Return the samples of windows in the order in which they are sent: ``(beats, features)``, window, step, then channel.

    Raises
    ------
    WindowsError
        The shape is not the design's, or a code is outside the raw format.
    """
    windows = np.asarray(windows)
    several = interface.channels > 1
    wanted = (interface.steps, interface.n_features)
    shape = f"{f'{interface.channels}, ' if several else ''}n, {wanted[0]}, {wanted[1]}"
    if (
        windows.ndim != 3 + several
        or windows.shape[-2:] != wanted
        or (several and windows.shape[0] != interface.channels)
    ):
        raise WindowsError(f"windows have the shape {windows.shape}, and design {interface.name!r} takes ({shape})")
    if not np.issubdtype(windows.dtype, np.integer):
        raise WindowsError(f"windows are {windows.dtype}, and a design takes integer codes of {interface.raw}")
    outside = int(np.count_nonzero((windows < interface.raw.low) | (windows > interface.raw.high)))
    if outside:
        raise WindowsError(f"windows have {outside} codes outside the raw format {interface.raw}")
    if several:
        windows = windows.transpose(1, 2, 0, 3)
    return windows.reshape(-1, interface.n_features).astype(np.int64)


def _follow(name: str, command: list[str], progress: Callable[[int], None] | None, seconds: float) -> int:
    """Run a simulation's program, tell of its progress, and return the number of cycles."""
    told, late = 0, threading.Event()
    words: list[str] = []
    errors: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            for line in process.stdout or ():
                words = line.split(maxsplit=1) or words
                if _ERROR.search(line):
                    errors.append(line.strip())
                if words[0] == "windows" and progress is not None and int(words[1]) > told:
                    progress(int(words[1]) - told)
                    told = int(words[1])
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise SimulationError(f"the simulation of {name!r} took more than {seconds:g} s")
    if process.returncode == _FILES:
        raise OutputError(f"the simulation of {name!r} {words[1].strip()}")
    if process.returncode == _FAILED:
        raise SimulationError(f"design {name!r}: {words[1].strip()}")
    if process.returncode or words[:1] != ["done"]:
        # The first error is the cause; Verilator says more behind it.
        said = errors[0] if errors else " ".join(words).strip()
        raise SimulationError(f"the simulation of {name!r} crashed (exit code {process.returncode}): {said}")
    return int(words[1])
