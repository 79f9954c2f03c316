"""Compiles a project with the machine's C++ compiler, once for each content of its sources."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hw_trigger.errors import UserError
from hw_trigger.files import OutputError, sha256_bytes, sha256_file
from hw_trigger.hls.project import Project

BUILD = "build"
"""Directory inside a project that holds what was compiled; it is no part of the project and may be deleted."""

# The standard is the one that hls4ml's build script asks of Vitis HLS. Warnings are off: they are about the pragmas.
FLAGS = ("-std=c++0x", "-fPIC", "-w", "-Ifirmware/ap_types")

OPTIMIZATION = "-O2"

_SUFFIXES = {".cpp", ".h", ".hpp"}

# What is compiled and linked with the firmware: the end of its source's name, and the compiler's arguments.
_LINKED = {"csim": ("_test.cpp", ()), "library": ("_bridge.cpp", ("-shared",))}


class CompilerError(UserError):
    """There is no C++ compiler, or the sources do not compile."""


def find_compiler() -> list[str]:
    """Return the command of the C++ compiler: the variable ``CXX``, else ``g++``.

    Raises
    ------
    CompilerError
        It is not on the PATH, or ``CXX`` is no command.
    """
    chosen = os.environ.get("CXX", "")
    try:
        command = shlex.split(chosen) or ["g++"]
    except ValueError as error:
        raise CompilerError(
            f"the variable CXX must be the command of a C++ compiler, not {chosen!r}: {str(error).lower()}"
        ) from error
    if shutil.which(command[0]) is None:
        raise CompilerError(
            f"the C++ compiler {command[0]!r} is not on the PATH; install it, or set the variable CXX to one that is"
        )
    return command


def compiler_version() -> str:
    """Return the first line of what the C++ compiler says of itself.

    Raises
    ------
    CompilerError
        It is not on the PATH, or cannot be run.
    """
    return _call([*find_compiler(), "--version"]).stdout.partition("\n")[0]


def build(project: Project, product: Literal["csim", "library"], *, optimization: str = OPTIMIZATION) -> Path:
    """Compile a project's firmware and what calls it, and return the file; nothing is done where it is up to date.

    Parameters
    ----------
    product
        ``"csim"``: an executable with the testbench; ``"library"``: a shared library with hls4ml's bridge.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile.
    OutputError
        What is compiled cannot be written.
    """
    source, arguments = _LINKED[product]
    firmware = compile_firmware(project.directory, project.top, optimization)
    return compile_once(
        project.directory, product, [*FLAGS, optimization, *arguments, f"{project.top}{source}", firmware]
    )


def compile_once(directory: Path, name: str, arguments: Sequence[str], *, sources: str = ".") -> Path:
    """Compile what `arguments` say, in `directory`, to the file ``build/<name>-<key>``, and return that file.

    The key is made of the compiler, the arguments and every C++ file under `sources`, so that a file that is there already is
    up to date. It appears whole or not at all.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile; the message has the compiler's first errors.
    OutputError
        What is compiled cannot be written.
    """
    compiler = find_compiler()
    version = compiler_version()
    hashes = [
        f"{path.relative_to(directory).as_posix()} {sha256_file(path)}"
        for path in sorted((directory / sources).rglob("*"))
        if path.suffix in _SUFFIXES and BUILD not in path.relative_to(directory).parts
    ]
    key = sha256_bytes("\n".join([*compiler, version, *arguments, *hashes]).encode())[:16]
    target = directory / BUILD / f"{name}-{key}"
    if target.exists():
        return target
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write the directory {target.parent}: {error.strerror}") from error
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        done = _call([*compiler, *arguments, "-o", str(scratch.relative_to(directory))], directory)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error: " in line] or done.stderr.splitlines()
            raise CompilerError(
                f"{' '.join(compiler)} cannot compile {directory} (exit code {done.returncode}):\n"
                + "\n".join(lines[:5])
            )
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    for old in target.parent.glob(f"{name}-*"):
        if old != target:
            old.unlink(missing_ok=True)
    return target


def compile_firmware(directory: Path, top: str, optimization: str) -> str:
    """Compile the firmware to an object file that testbench and library share, and return its path inside the directory.

    Raises
    ------
    CompilerError
        There is no compiler, or the sources do not compile.
    """
    arguments = [*FLAGS, optimization, "-c", f"firmware/{top}.cpp"]
    return compile_once(directory, "firmware", arguments, sources="firmware").relative_to(directory).as_posix()


def _call(command: Sequence[str], directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise CompilerError(f"the C++ compiler {command[0]!r} cannot be run: {error.strerror}") from error
