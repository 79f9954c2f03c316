"""Runs the vendor's HLS tool on a project, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hw_trigger.errors import UserError
from hw_trigger.files import OutputError, write_whole
from hw_trigger.hls.project import BUILD_OPTIONS, BUILD_STEPS, Project, build_options

LOG = "synthesis.log"

# The tools of each back end, in order of preference: the command, and how a user calls the tool.
_TOOLS = {
    "Vitis": (
        ("vitis_hls", "-f", "build_prj.tcl"),
        # From 2024.2 on there is no vitis_hls; before 2023.2 vitis-run takes no --tcl.
        ("vitis-run", "--mode", "hls", "--tcl", "build_prj.tcl"),
    ),
    "Vivado": (("vivado_hls", "-f", "build_prj.tcl"),),
}


class SynthesisError(UserError):
    """The vendor's tool is missing, or it failed."""


def synthesize(project: Project, steps: Sequence[str] = ("csim", "synth")) -> Path:
    """Run Vitis HLS or Vivado HLS on a project and return the tool's log.

    Parameters
    ----------
    steps
        Of hls4ml's build script: ``csim`` (our testbench), ``synth``, ``cosim``, ``validation``, ``export``, ``vsynth``,
        ``reset``.

    Raises
    ------
    SynthesisError
        The tool is not on the PATH, a step is unknown, or the tool failed.
    OutputError
        The log or the script of steps cannot be written.
    """
    unknown = [step for step in steps if step not in BUILD_STEPS]
    if unknown:
        raise SynthesisError(f"{unknown[0]!r} is not a step of synthesis; the steps are {', '.join(BUILD_STEPS)}")
    command = list(find_tool(project.settings.backend))
    if project.settings.backend == "Vitis":
        write_whole(project.directory / BUILD_OPTIONS, build_options(*steps))
    else:
        command.append(" ".join(f"{name}={int(name in steps)}" for name in BUILD_STEPS))
    log = project.directory / LOG
    try:
        stream = log.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write the file {log}: {error.strerror}") from error
    with stream:
        try:
            done = subprocess.run(command, cwd=project.directory, stdout=stream, stderr=subprocess.STDOUT, check=False)
        except OSError as error:
            raise SynthesisError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise SynthesisError(f"{command[0]} ended with code {done.returncode}; its log is {log}, and ends:\n{last}")
    return log


def find_tool(backend: str) -> tuple[str, ...]:
    """Return the command that runs a project of a back end.

    Raises
    ------
    SynthesisError
        None of its tools is on the PATH.
    """
    tools = _TOOLS[backend]
    for command in tools:
        if shutil.which(command[0]) is not None:
            return command
    names = " or ".join(command[0] for command in tools)
    raise SynthesisError(
        f"{backend} HLS is missing: {names} is not on the PATH (source AMD's settings64.sh first); "
        f"the project can be taken to a machine that has it, and run there with: {' '.join(tools[0])}"
    )
