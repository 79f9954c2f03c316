"""hls4ml's compiled library of the firmware, with the output of every layer."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.golden import Execution, check_windows
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.hls import library_process
from hw_trigger.hls.compiler import FLAGS, compile_firmware, compile_once
from hw_trigger.hls.project import Project
from hw_trigger.hls.shares import crash, share_out
from hw_trigger.hls.testbench import flat

SHARE = 256
"""Windows that one process simulates at most."""

OPTIMIZATION = "-O2"


def build_library(project: Project, *, optimization: str = OPTIMIZATION) -> Path:
    """Compile firmware and hls4ml's bridge to a shared library, and return it; nothing is done where it is up to date.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile.
    """
    firmware = compile_firmware(project.directory, project.top, optimization)
    arguments = [*FLAGS, optimization, "-shared", f"{project.top}_bridge.cpp", firmware]
    return compile_once(project.directory, "library", arguments)


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
        Raw codes, shape ``(n, steps, n_features)``.
    jobs
        Processes at a time; by default one a core. The library runs in processes of its own: it ends the process that it is
        in when something is amiss.
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
    """
    program = project.program
    windows = check_windows(program, windows)
    library = build_library(project, optimization=optimization).resolve()
    traces = {project.layers[name]: (name, entry) for name, entry in _traced(program).items()}
    ports = _ports(project)
    with tempfile.TemporaryDirectory(prefix="hw_trigger_library_") as scratch:
        task = {
            "library": str(library),
            "function": f"{project.top}_double",
            "outputs": {name: prod(shape) for name, (_, shape) in ports.items()},
            "traces": {name: prod(shape) for name, (_, (_, shape)) in traces.items()},
        }
        (Path(scratch) / "task.json").write_text(json.dumps(task))

        def work(first: int, share: Codes) -> dict[str, Any]:
            return _simulate(project, Path(scratch), first, share)

        shares = share_out(windows, work, jobs=jobs, largest=SHARE, progress=progress)

    def collect(kind: str, name: str, number_format: Format, shape: tuple[int, ...]) -> Codes:
        parts = [_codes(share[f"{kind} {name}"], number_format, name) for share in shares]
        return np.concatenate([*parts, np.empty((0, prod(shape)), np.int64)]).reshape(-1, *shape)

    outputs = {part: collect("trace", name, *entry) for name, (part, entry) in traces.items()}
    found = {name: collect("output", name, *entry) for name, entry in ports.items()}
    return Execution(
        found.get("reconstruction", outputs[program.layers[-1].name]),
        found.get("score"),
        found["trigger"] != 0 if "trigger" in found else None,
        outputs,
    )


def _traced(program: Program) -> dict[str, tuple[Format, tuple[int, ...]]]:
    """Return format and shape of what is traced, by the name in the program: the scaling and every layer."""
    traced: dict[str, tuple[Format, tuple[int, ...]]] = {}
    if program.scaling is not None:
        traced[program.scaling.name] = program.scaling.output, (program.steps, program.n_features)
    sequence = True
    for layer in program.layers:
        sequence = layer.return_sequence if isinstance(layer, Lstm) else sequence
        features = layer.n_units if isinstance(layer, Lstm) else layer.n_outputs
        traced[layer.name] = layer.output, (program.steps, features) if sequence else (features,)
    return traced


def _ports(project: Project) -> dict[str, tuple[Format, tuple[int, ...]]]:
    """Return format and shape of the top function's outputs, in its order."""
    program = project.program
    ports: dict[str, tuple[Format, tuple[int, ...]]] = {}
    if program.trigger is not None:
        ports = {"score": (program.trigger.score, ()), "trigger": (Format(1, 1, signed=False), ())}
    if program.trigger is None or project.settings.with_reconstruction:
        ports["reconstruction"] = program.output, (program.steps, program.n_features)
    return ports


def _simulate(project: Project, scratch: Path, first: int, share: Codes) -> dict[str, Any]:
    """Run one process over a share of the windows."""
    given, found = scratch / f"{first}_windows.npy", scratch / f"{first}_found.npz"
    np.save(given, project.program.raw.values(flat(share)))
    # The firmware reads its weights from the directory "weights" beside it.
    done = subprocess.run(
        [sys.executable, library_process.__file__, scratch / "task.json", given, found],
        cwd=project.directory / "firmware",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "ERROR" in done.stderr or not found.exists():
        raise crash(f"the library of {project.directory}", done)
    with np.load(found) as arrays:
        return dict(arrays)


def _codes(values: np.ndarray[Any, np.dtype[np.float64]], number_format: Format, name: str) -> Codes:
    scaled = np.ldexp(values, number_format.fraction)
    codes: Codes = scaled.astype(np.int64)
    if not np.array_equal(codes, scaled):
        raise RuntimeError(f"the library put out values of {name!r} that are no codes of {number_format}")
    return codes
