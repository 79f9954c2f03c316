"""Runs a Verilog module ``bench`` with Verilator: what it puts out for the same random bits, cycle by cycle."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hw_trigger.rtl.simulation.runtime import FLAGS, compile_runtime, default_runtime, includes
from hw_trigger.rtl.simulation.tools import call, find_tools

HERE = Path(__file__).parent
DESIGNS = HERE / "designs"

# What has no initial value is 0 in the design and in the netlist.
_OPTIONS = [
    "--cc",
    "-O3",
    "-Wno-fatal",
    "-Wno-lint",
    "-Wno-style",
    "--x-assign",
    "0",
    "--x-initial",
    "0",
    "--no-timing",
]


def build(files: Sequence[Path], directory: Path) -> Path:
    """Compile Verilog files with a top `bench` into a program."""
    tools = find_tools()
    directory.mkdir()
    arguments = [str(tools.verilator), *_OPTIONS, "--top-module", "bench", *map(str, files), "--Mdir", "."]
    call(arguments, what="Verilator", seconds=120, directory=directory, root=tools.root)
    runtime = compile_runtime(tools, default_runtime(), seconds=600)
    # One unit: what takes long is Verilator's headers.
    sources = [str(HERE / "bench.cpp"), *sorted(path.name for path in directory.glob("Vbench*.cpp"))]
    (directory / "all.cpp").write_text("".join(f'#include "{source}"\n' for source in sources))
    flags = [*FLAGS, "-O0", *includes(tools), "-I.", "-pthread"]
    call(
        [*tools.compiler, *flags, "all.cpp", *map(str, runtime), "-o", "bench"],
        what="g++",
        seconds=300,
        directory=directory,
    )
    return directory / "bench"


def run(program: Path, cycles: int) -> subprocess.CompletedProcess[str]:
    """Run such a program."""
    return subprocess.run([program, str(cycles)], capture_output=True, text=True, check=False, timeout=120)


def outputs(files: Sequence[Path], directory: Path, cycles: int) -> list[str]:
    """Return what `bench` puts out, a line of hexadecimal digits a cycle."""
    done = run(build(files, directory), cycles)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == cycles
    return lines
