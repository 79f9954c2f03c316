"""Verilator's own C++ sources, compiled once for all designs: that takes longer than a small design does."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from filelock import FileLock

from hw_trigger.files import OutputError, sha256_bytes, whole_directory
from hw_trigger.rtl.simulation.tools import Tools, call

Trace = Literal["vcd", "fst"]

FLAGS = ("-std=c++20", "-w", "-DVM_COVERAGE=0", "-DVM_SC=0")
"""Flags of every C++ source: of the runtime, the model and the bench."""

# Hardly any of it runs in a cycle: the quicker to compile, the better.
OPTIMIZATION = "-O1"

_SOURCES = ("verilated", "verilated_threads")


def default_runtime() -> Path:
    """Return where the runtime is compiled to: ``verilator`` in the user's cache (:mod:`hw_trigger.telemetry.sources`)."""
    from hw_trigger.telemetry.sources import default_cache

    return default_cache() / "verilator"


def headers() -> Path:
    """Return the folder of the package's own C++ headers."""
    with as_file(files(__package__)) as package:
        return package / "headers"


def includes(tools: Tools) -> list[str]:
    """Return the flags that say where headers are; the package's own come first."""
    return [f"-I{headers()}", f"-I{tools.root / 'include'}", f"-I{tools.root / 'include' / 'vltstd'}"]


def compile_runtime(tools: Tools, cache: Path, parts: Sequence[str] = (), *, seconds: float) -> list[Path]:
    """Return the object files of Verilator's runtime, compiled into folders of `cache` where they are not there yet.

    Parameters
    ----------
    parts
        What is needed beyond what every simulation needs: names of Verilator's own sources, as ``verilated_vcd_c``.
    seconds
        Time limit of each compilation.

    Raises
    ------
    ToolError
        They cannot be compiled. For ``verilated_fst_c``, zlib's header is needed.
    OutputError
        A folder cannot be written.
    """
    folder, flags = tools.root / "include", (*FLAGS, OPTIMIZATION, "-c")
    return [
        _compile(tools, cache, folder / f"{name}.cpp", f"{name}.o", flags, seconds=seconds)
        for name in (*_SOURCES, *parts)
    ]


def compile_prelude(tools: Tools, cache: Path, optimization: str, *, seconds: float) -> Path:
    """Return the header that a simulation includes first; beside it lies what the compiler made of it.

    Parameters
    ----------
    optimization
        Flag of the C++ compiler; a header compiled with one serves for it only.

    Raises
    ------
    ToolError
        It cannot be compiled.
    OutputError
        The folder cannot be written.
    """
    source = headers() / "hwt_prelude.h"
    flags = (*FLAGS, optimization, "-x", "c++-header")
    # A compiler that does not take to the compiled header reads the copy of its source that is put where it looks for it.
    compiled = _compile(tools, cache, source, f"{source.name}.gch", flags, seconds=seconds)
    return compiled.with_suffix("")


def _compile(tools: Tools, cache: Path, source: Path, product: str, flags: tuple[str, ...], *, seconds: float) -> Path:
    """Return the file that the compiler makes of a source, in a folder of its own with a copy of the source."""
    own = [path.read_text("utf-8") for path in (headers() / "lz4.h", headers() / "hwt_prelude.h")]
    target = cache / f"{source.stem}-{sha256_bytes(repr([tools.version, flags, own]).encode())[:16]}"
    found = target / product
    if found.exists():
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write the directory {cache}: {error.strerror}") from error
    with FileLock(cache / f"{source.stem}.lock"):  # several processes may want it at once, and it takes seconds
        if found.exists():
            return found
        with whole_directory(target) as scratch:
            shutil.copy(source, scratch)
            call(
                [*tools.compiler, *includes(tools), *flags, str(source), "-o", str(scratch / product)],
                what=f"compiling {source.name} of Verilator's runtime",
                seconds=seconds,
            )
    return found
