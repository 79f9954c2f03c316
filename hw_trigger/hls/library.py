"""hls4ml's compiled library of the firmware, with the output of every layer."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.files import to_json, write_whole
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution, check_windows
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls import library_process
from hw_trigger.hls.compiler import OPTIMIZATION, build
from hw_trigger.hls.project import Project
from hw_trigger.hls.shares import crash, scratch_directory, share_out, simulate
from hw_trigger.hls.testbench import TB_DATA, flat

SHARE = 256
"""Windows that one process simulates at most."""


def trace(
    project: Project,
    windows: Codes,
    *,
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
    optimization: str = OPTIMIZATION,
) -> Execution:
    """Simulate windows with the compiled library, and return every layer's output, as the golden model's trace does.

    Values pass through the library's interface in double precision, which holds every code exactly.

    Parameters
    ----------
    windows
        Raw codes, shape ``(n, steps, n_features)``. A trigger that remembers takes them for a stream from its start.
    jobs
        Processes at a time; by default one a core. A stream is one process's. The library runs in processes of its own: it ends
        the process that it is in when something is amiss.
    progress
        Called with the number of windows done, as they are done.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile.
    SimulationError
        A simulation crashed.
    WindowsError
        The windows do not fit the program.
    OutputError
        The files for the simulation cannot be written.
    """
    if project.data != TB_DATA:
        raise ValueError(f"the library computes with the weights of the project's own program, not with {project.data}")
    program = project.program
    windows = check_windows(program, windows)
    library = build(project, "library", optimization=optimization).resolve()
    traces = {project.layers[name]: (name, entry) for name, entry in _traced(program).items()}
    ports = _ports(project)
    with scratch_directory() as scratch:
        task = {
            "library": str(library),
            "function": f"{project.top}_double",
            "outputs": {name: prod(shape) for name, (_, shape) in ports.items()},
            "traces": {name: prod(shape) for name, (_, (_, shape)) in traces.items()},
        }
        write_whole(scratch / "task.json", to_json(task))

        def work(first: int, share: Codes) -> dict[str, Any]:
            return _simulate(project, scratch, first, share)

        shares = share_out(program, windows, work, jobs=jobs, largest=SHARE, progress=progress)

    def collect(kind: str, name: str, number_format: Format, shape: tuple[int, ...]) -> Codes:
        parts = [number_format.exact_codes(share[f"{kind} {name}"], name) for share in shares]
        return np.concatenate([*parts, np.empty((0, prod(shape)), np.int64)]).reshape(-1, *shape)

    outputs = {part: collect("trace", name, *entry) for name, (part, entry) in traces.items()}
    found = {name: collect("output", name, *entry) for name, entry in ports.items()}
    return Execution(
        found.get("output", outputs[program.layers[-1].name]),
        found.get("score"),
        found["trigger"] != 0 if "trigger" in found else None,
        outputs,
    )


def _traced(program: Program) -> dict[str, tuple[Format, tuple[int, ...]]]:
    """Return format and shape of what is traced, by the name in the program: the scaling and every layer."""
    traced: dict[str, tuple[Format, tuple[int, ...]]] = {}
    if program.scaling is not None:
        traced[program.scaling.name] = program.scaling.output, (program.steps, program.n_features)
    return traced | {layer.name: (layer.output, shape) for layer, _, shape in program.flow()}


def _ports(project: Project) -> dict[str, tuple[Format, tuple[int, ...]]]:
    """Return format and shape of the top function's outputs, in its order."""
    program = project.program
    ports: dict[str, tuple[Format, tuple[int, ...]]] = {}
    if program.trigger is not None:
        ports = {"score": (program.trigger.score, ()), "trigger": (Format(1, 1, signed=False), ())}
    if program.trigger is None or project.settings.with_output:
        ports["output"] = program.output, program.output_shape
    return ports


def _simulate(project: Project, scratch: Path, first: int, share: Codes) -> dict[str, Any]:
    """Run one process over a share of the windows."""
    given, found = scratch / f"{first}_windows.npy", scratch / f"{first}_found.npz"
    content = io.BytesIO()
    np.save(content, project.program.raw.values(flat(share)))
    write_whole(given, content.getvalue())
    what = f"the library of {project.directory}"
    command: list[str | Path] = [sys.executable, library_process.__file__, scratch / "task.json", given, found]
    # The firmware reads its weights from the directory "weights" beside it.
    done = simulate(what, command, project.directory / "firmware")
    if done.returncode or "ERROR" in done.stderr or not found.exists():
        raise crash(what, done)
    with np.load(found) as arrays:
        return dict(arrays)
