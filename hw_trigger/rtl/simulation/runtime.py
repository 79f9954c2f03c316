"""Verilator's own C++ sources, compiled once for all designs: that takes longer than a small design does."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from filelock import FileLock

from hw_trigger.files import OutputError, sha256_bytes, whole_directory
from hw_trigger.rtl.simulation.tools import Tools, call

Trace = Literal["vcd", "fst"]

FLAGS = ("-std=c++20", "-w", "-DVL_TIME_CONTEXT", "-DVM_COVERAGE=0", "-DVM_SC=0")
"""Flags of every C++ source: of the runtime, the model and the bench."""

# Hardly any of it runs in a cycle: the quicker to compile, the better.
OPTIMIZATION = "-O1"

_SOURCES = ("verilated", "verilated_threads")


def headers() -> Path:
    """Return the folder of the package's own C++ headers."""
    with as_file(files(__package__)) as package:
        return package / "headers"


def includes(tools: Tools) -> list[str]:
    """Return the flags that say where headers are; the package's own come first."""
    return [f"-I{headers()}", f"-I{tools.root / 'include'}", f"-I{tools.root / 'include' / 'vltstd'}"]


def compile_runtime(tools: Tools, cache: Path, trace: Trace | None, *, seconds: float) -> list[Path]:
    """Return the object files of Verilator's runtime, compiled into a folder of `cache` where they are not there yet.

    Parameters
    ----------
    trace
        The waveform format whose writer they hold too.
    seconds
        Time limit of each compilation.

    Raises
    ------
    ToolError
        They cannot be compiled. For FST, zlib's header is needed.
    OutputError
        The folder cannot be written.
    """
    sources = [*_SOURCES, *([f"verilated_{trace}_c"] if trace else [])]
    return [_compile(tools, cache, source, seconds) for source in sources]


def _compile(tools: Tools, cache: Path, source: str, seconds: float) -> Path:
    flags = [*FLAGS, OPTIMIZATION]
    stand_in = (headers() / "lz4.h").read_bytes()
    key = sha256_bytes("\n".join([tools.version, *flags]).encode() + stand_in)[:16]
    target = cache / f"{source}-{key}"
    found = target / f"{source}.o"
    if found.exists():
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write the directory {cache}: {error.strerror}") from error
    with FileLock(cache / f"{source}.lock"):  # several processes may want it at once, and it takes seconds
        if found.exists():
            return found
        with whole_directory(target) as scratch:
            arguments = ["-c", str(tools.root / "include" / f"{source}.cpp"), "-o", str(scratch / found.name)]
            call(
                [*tools.compiler, *flags, *includes(tools), *arguments],
                what=f"compiling Verilator's {source}.cpp",
                seconds=seconds,
            )
    return found
