"""Builds the simulation of a top module, once for each content of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hw_trigger.files import OutputError, sha256_bytes, sha256_file
from hw_trigger.rtl.interface import Interface, padded
from hw_trigger.rtl.simulation.runtime import (
    FLAGS,
    Trace,
    compile_prelude,
    compile_runtime,
    default_runtime,
    headers,
    includes,
)
from hw_trigger.rtl.simulation.simulator import Simulator
from hw_trigger.rtl.simulation.tools import call, find_tools
from hw_trigger.templates import environment

# Measured with 512 multiply-accumulators, each with a memory: -O1 builds in 24 s and runs at 233,000 cycles/s; -O2 takes 35 s for
# 234,000, and -O0 16 s for 28,000.
OPTIMIZATION = "-O1"

# The model's class has one name for all designs, so that the bench needs none. Yosys writes much that linters warn of.
_VERILATE = ("--cc", "-O3", "--prefix", "Vdesign", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "unique")
# What a register without an initial value holds at the start is random, so that a reset that is missing shows.
_RANDOM = ("--x-initial", "unique", "--timescale", "1ns/1ns", "--no-timing")


def build(
    verilog: str | Path,
    interface: Interface,
    directory: Path,
    *,
    trace: Trace | None = None,
    optimization: str = OPTIMIZATION,
    seconds: float = 1200,
    cache: Path | None = None,
) -> Simulator:
    """Compile a top module with the ports of `interface`; nothing is done where it was compiled before.

    Parameters
    ----------
    verilog
        The text, or the path of a file with it.
    directory
        Where the program goes, as ``<name>-<key>``; it may hold those of many designs. The key is a hash of the Verilog, the
        interface, the tools and the flags.
    trace
        The format of the waveforms that its runs can write; they make it slower even where none is asked for.
    optimization
        Flag of the C++ compiler.
    seconds
        Time limit of each step.
    cache
        Where Verilator's runtime is compiled to, once for all designs; by default ``verilator`` in the user's cache.

    Raises
    ------
    ToolError
        The package ``verilator`` is missing, the Verilog is wrong, or a step takes too long.
    CompilerError
        There is no C++ compiler.
    OutputError
        What is compiled cannot be written.
    """
    text = verilog if isinstance(verilog, str) else verilog.read_text("utf-8")
    tools = find_tools()
    verilate = [*_VERILATE, *_RANDOM, "--top-module", interface.name, *([f"--trace-{trace}"] if trace else [])]
    flags = [*FLAGS, optimization]
    own = [sha256_file(path) for path in sorted(headers().iterdir())]
    main = environment(__package__).get_template("simulate.cpp.jinja")
    given = {"interface": interface, "trace": trace, "padded": padded}
    described = main.render(**given, sources=[])
    key = sha256_bytes("\n".join([text, described, tools.version, *verilate, *flags, *own]).encode())[:16]
    target = directory / f"{interface.name}-{key}"
    simulator = Simulator(interface, target, trace)
    if target.exists():
        return simulator
    cache = default_runtime() if cache is None else cache
    runtime = compile_runtime(tools, cache, [f"verilated_{trace}_c"] if trace else [], seconds=seconds)
    prelude = compile_prelude(tools, cache, optimization, seconds=seconds)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=directory) as name:
            scratch = Path(name)
            (scratch / "design.v").write_text(text, "utf-8")
            call(
                [str(tools.verilator), *verilate, "design.v", "--Mdir", "."],
                what=f"Verilator on the design {interface.name!r}",
                seconds=seconds,
                directory=scratch,
                root=tools.root,
            )
            sources = sorted(path.name for path in scratch.glob("Vdesign*.cpp"))
            (scratch / "simulate.cpp").write_text(main.render(**given, sources=sources), "utf-8")
            inputs = ["simulate.cpp", *map(str, runtime), "-pthread", *(["-lz"] if trace == "fst" else [])]
            call(
                [*tools.compiler, "-include", str(prelude), *flags, *includes(tools), "-I.", *inputs, "-o", "simulate"],
                what=f"compiling the simulation of the design {interface.name!r}",
                seconds=seconds,
                directory=scratch,
            )
            (scratch / "simulate").replace(target)
    except OSError as error:
        raise OutputError(f"cannot write the directory {directory}: {error.strerror}") from error
    return simulator
