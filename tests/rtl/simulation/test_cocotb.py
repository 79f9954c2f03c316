"""The small design under cocotb, whose own tests (:mod:`rtl.simulation.cocotb_ports`) are independent of our bench.

cocotb's own builder compiles Verilator's runtime anew each time and needs perl and make; here it comes from the cache.
"""

from __future__ import annotations

import re
from pathlib import Path

import cocotb_tools.config
import pytest
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner
from rtl.simulation.window_sum import interface_of, verilog

from hw_trigger.rtl.simulation.runtime import FLAGS, compile_runtime, default_runtime, includes
from hw_trigger.rtl.simulation.tools import call, find_tools

SECONDS = 300
N_TESTS = len(
    re.findall(r"^@cocotb\.test", (Path(__file__).parent / "cocotb_ports.py").read_text("utf-8"), re.MULTILINE)
)


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """The small design with cocotb's main program, named as cocotb's runner wants it."""
    tools, libraries = find_tools(), Path(cocotb_tools.config.libs_dir)
    (tmp_path / "design.v").write_text(verilog(interface_of()), "utf-8")
    verilate = ["--cc", "--vpi", "--public-flat-rw", "--prefix", "Vtop", "--top-module", "window_sum", "-Wno-fatal"]
    call(
        [str(tools.verilator), *verilate, "--timescale", "1ns/1ns", "design.v", "--Mdir", "."],
        what="verilator",
        seconds=SECONDS,
        directory=tmp_path,
        root=tools.root,
    )
    sources = [Path(cocotb_tools.config.share_dir) / "lib" / "verilator" / "verilator.cpp", *tmp_path.glob("Vtop*.cpp")]
    (tmp_path / "all.cpp").write_text("".join(f'#include "{source}"\n' for source in sources), "utf-8")
    runtime = compile_runtime(tools, default_runtime(), ["verilated_vpi"], seconds=SECONDS)
    link = [f"-Wl,-rpath,{libraries}", f"-L{libraries}", "-lcocotbvpi_verilator", "-pthread", "-o", "window_sum"]
    call(
        [*tools.compiler, *FLAGS, "-O0", *includes(tools), "-I.", "all.cpp", *map(str, runtime), *link],
        what="g++",
        seconds=SECONDS,
        directory=tmp_path,
    )
    return tmp_path / "window_sum"


@pytest.mark.timeout(120)
def test_cocotb(executable: Path) -> None:
    results = get_runner("verilator").test(
        test_module="rtl.simulation.cocotb_ports",
        hdl_toplevel="window_sum",
        hdl_toplevel_lang="verilog",
        build_dir=executable.parent,
        test_dir=executable.parent,
    )
    assert get_results(results) == (N_TESTS, 0)
    assert N_TESTS == 2
