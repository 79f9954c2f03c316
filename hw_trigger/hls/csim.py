"""C simulation: the project's testbench, compiled as Vitis HLS does it, run on windows in several processes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw_trigger.files import write_whole
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.hls.compiler import OPTIMIZATION, build
from hw_trigger.hls.project import Project
from hw_trigger.hls.shares import SimulationError, crash, scratch_directory, share_out, simulate
from hw_trigger.hls.testbench import flat, from_columns, to_columns, to_text

SHARE = 32
"""Windows that one process simulates at most."""

_VERDICT = re.compile(r"compared (\d+) codes of (\d+) windows: (\d+) mismatches")
_MISMATCH = re.compile(r"first mismatch: window (\d+), (.*)")


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the testbench found.

    Attributes
    ----------
    found
        The network's output, scores and trigger bits, as the firmware computes them.
    compared, mismatches
        Codes that the testbench compared with the golden model's, and those that differ.
    first
        The first mismatch in words, with the window's index; ``None`` without one.
    """

    found: Execution
    compared: int
    mismatches: int
    first: str | None


def run(
    project: Project,
    windows: Codes | None = None,
    *,
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
    optimization: str = OPTIMIZATION,
) -> Simulation:
    """Simulate windows with the project's testbench, which compares every code with the golden model's.

    Parameters
    ----------
    windows
        Raw codes, shape ``(n, steps, n_features)``; by default the recorded ones, with their recorded expected codes. A trigger
        that remembers takes them for a stream from its start.
    jobs
        Processes at a time; by default one a core. A stream is one process's.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile.
    SimulationError
        A simulation crashed.
    WindowsError, ProjectError
        The windows do not fit the program, or the project's records cannot be read.
    OutputError
        The files for the simulation cannot be written.
    """
    if windows is None:
        windows, expected = project.windows(), to_columns(project.expected())
    else:
        expected = to_columns(compiled.run(project.program, windows))
    executable = build(project, "csim", optimization=optimization).resolve()
    with scratch_directory() as scratch:

        def work(first: int, share: Codes) -> _Share:
            return _simulate(project, executable, scratch, (first, share, expected[first : first + len(share)]))

        shares = share_out(project.program, windows, work, jobs=jobs, largest=SHARE, progress=progress)
    found = np.concatenate([share.found for share in shares]) if shares else expected
    return Simulation(
        from_columns(project.program, found),
        sum(share.compared for share in shares),
        sum(share.mismatches for share in shares),
        next((share.first for share in shares if share.first), None),
    )


@dataclass(frozen=True, eq=False)
class _Share:
    found: Codes
    compared: int
    mismatches: int
    first: str | None


def _simulate(project: Project, executable: Path, scratch: Path, share: tuple[int, Codes, Codes]) -> _Share:
    first, windows, expected = share
    files = [scratch / f"{first}_{name}.txt" for name in ("windows", "expected", "found")]
    write_whole(files[0], to_text(flat(windows)))
    write_whole(files[1], to_text(expected))
    what = f"the C simulation of {project.directory}"
    # The firmware reads its weights from the directory "weights" beside it.
    memories = [(project.directory / project.data).resolve()] if project.settings.weights == "ports" else []
    done = simulate(what, [executable, *files, *memories], project.directory / "firmware")
    verdict = _VERDICT.search(done.stdout)
    if verdict is None or done.returncode != (1 if int(verdict[3]) else 0) or "ERROR" in done.stderr:
        raise crash(what, done)
    try:
        found = np.loadtxt(files[2], np.int64, ndmin=2)
    except (OSError, ValueError) as error:
        raise SimulationError(f"{what} put out no codes that can be read: {error}") from error
    if found.shape != expected.shape or int(verdict[1]) != expected.size:
        raise SimulationError(
            f"{what} put out {found.shape} codes, and {expected.shape} are expected; "
            "its testbench is not the one that was written"
        )
    mismatch = _MISMATCH.search(done.stdout)
    words = None if mismatch is None else f"window {first + int(mismatch[1])}, {mismatch[2]}"
    return _Share(found, int(verdict[1]), int(verdict[3]), words)
