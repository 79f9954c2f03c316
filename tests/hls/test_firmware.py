"""The generated firmware as a synthesizer sees it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from support.hls import CASES, FAST, copied

from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.hls.compiler import FLAGS
from hw_trigger.hls.project import Project
from hw_trigger.hls.registration import HEADERS

Given = Callable[[str], Project]


def test_the_headers_keep_to_what_can_be_synthesized() -> None:
    for name in HEADERS:
        text = (files("hw_trigger.hls") / "headers" / name).read_text()
        code = re.sub(r"//.*", "", text)
        assert not re.findall(
            r"\bstd::|\bnew\b|\bdelete\b|\bmalloc\b|\bauto\b|\bvirtual\b|\bwhile\b|\bfloat\b|\bdouble\b", code
        ), name
        # Every loop has a name and static bounds.
        for bound in re.findall(r"for \(unsigned \w+ = 0; \w+ < ([^;]+);", code):
            assert re.fullmatch(r"CONFIG_T::\w+|N|n", bound), name
        assert len(re.findall(r"\bfor \(", code)) == len(re.findall(r"^ *\w+:\n *for \(", code, re.MULTILINE)), name


@pytest.mark.parametrize("name", CASES)
def test_pragmas_of_the_top_function(name: str, project_of: Given) -> None:
    project = project_of(name)
    source = (project.directory / "firmware" / f"{project.top}.cpp").read_text()
    assert source.count("#pragma HLS DATAFLOW") == 1
    assert "#pragma HLS PIPELINE" not in source
    streams = project.settings.io_type == "io_stream"
    assert f"#pragma HLS INTERFACE {'axis' if streams else 'ap_vld'} port=samples," in source
    # In a dataflow region each array or stream has one writer and one reader.
    calls = re.findall(r"^    (?:hwt|nnet)::\w+<.*?>\((.*)\); //", source, re.MULTILINE)
    declared = re.findall(r"#pragma HLS (?:STREAM|ARRAY_PARTITION) variable=(\w+) (?:depth|cyclic|complete)", source)
    ports = re.findall(r"INTERFACE \w+ port=(\S+)", source)[0].split(",")
    for variable in set(declared) - set(ports):
        assert sum(variable in call.split(", ") for call in calls) == 2, variable


def test_each_product_has_its_own_reuse_factor_and_kernel(project_of: Given) -> None:
    text = (project_of("arrays").directory / "firmware" / "parameters.h").read_text()
    found = dict(re.findall(r"struct (config\d+_\w+) : nnet::dense_config \{.*?reuse_factor = (\d+);", text, re.DOTALL))
    kernels = dict(
        re.findall(r"struct (config\d+_\w+) : nnet::dense_config \{.*?using kernel = nnet::(\w+)<", text, re.DOTALL)
    )
    small, large = "DenseResource_rf_leq_nin", "DenseResource_rf_gt_nin_rem0"
    assert [(found[name], kernels[name]) for name in found] == [
        ("16", large),  # encoder_0: 2 inputs
        ("2", small),  # 4 units
        ("8", large),  # latent: 4 inputs
        ("1", small),  # decoder_0: 2 inputs
        ("64", large),  # 4 units
        ("4", small),  # output: 4 inputs
    ]
    assert re.findall(r"gate_unroll = (\d+)", text) == ["1", "4"]


_AS_SYNTHESIZED = """
#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#define __SYNTHESIS__
#include "firmware/{top}.cpp"
"""


def test_what_is_synthesized_computes_the_same(project_of: Given, tmp_path: Path) -> None:
    """The synthesizer takes the constants of the headers, the simulation those of the text files: both are the program's."""
    project = copied(project_of("any_mode"), tmp_path / "p")
    (project.directory / "synthesized.cpp").write_text(_AS_SYNTHESIZED.format(top=project.top))
    command = ["g++", *FLAGS, FAST, "-I.", "synthesized.cpp", f"{project.top}_test.cpp", "-o", "synthesized"]
    subprocess.run(command, cwd=project.directory, check=True)
    for path in (project.directory / "firmware" / "weights").glob("*.txt"):
        path.unlink()
    done = subprocess.run(["./synthesized"], cwd=project.directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "compared 240 codes of 24 windows: 0 mismatches\n"


def test_what_a_trigger_remembers_is_0_after_a_reset() -> None:
    """Vitis resets no static variable by itself but where a pragma says so."""
    text = (files("hw_trigger.hls") / "headers" / "hwt_deviation.h").read_text()
    remembered = re.findall(r"^ *static \w+ (\w+) = 0;$", text, re.MULTILINE)
    assert remembered == list(STATE)
    assert re.findall(r"#pragma HLS reset variable=(\w+)$", text, re.MULTILINE) == remembered
    for name in HEADERS:  # the only state there is
        if name != "hwt_deviation.h":
            assert "static" not in (files("hw_trigger.hls") / "headers" / name).read_text(), name
