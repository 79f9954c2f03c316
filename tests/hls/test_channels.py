"""One firmware for many channels: an executable that is compiled once computes every member of a family exactly."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from support.chain import tree
from support.families import random_family
from support.hls import FAST, SMALL, TWO_FEATURES, clipping_classifier
from support.programs import random_program, random_windows, with_deviation

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.decision import STATE
from hw_trigger.fixedpoint.family import Family, family
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Layer, Lstm, Program
from hw_trigger.hls import csim, library
from hw_trigger.hls.channels import open_channels, write_channels
from hw_trigger.hls.compiler import build
from hw_trigger.hls.memories import Memory, read_description
from hw_trigger.hls.project import Project, ProjectError, open_project, write_project
from hw_trigger.hls.settings import HlsSettings, HlsSettingsError, LayerReuse
from hw_trigger.hls.shares import SimulationError

STREAM = HlsSettings(strategy="Resource", weights="ports", recurrent_reuse_factor=6, with_output=True)


@dataclass(frozen=True)
class Fleet:
    program: Program
    settings: HlsSettings


FLEETS = {
    # Streams and arrays, Vitis and Vivado, words of one element and of many, every trigger; sums that are cut to fewer bits.
    "stream": Fleet(with_deviation(random_program(13, SMALL)), STREAM),
    "arrays": Fleet(
        with_deviation(random_program(20, TWO_FEATURES, widths=(6, 10)), adaptive=False, settle=2, weight=0),
        HlsSettings(
            "Vivado",
            io_type="io_parallel",
            strategy="Resource",
            weights="ports",
            reuse_factor=16,
            recurrent_reuse_factor=2,
            dense_reuse_factor=4,
            layers={"latent": LayerReuse(8), "decoder_0": LayerReuse(1, 64, 4)},
        ),
    ),
    "classifier": Fleet(
        clipping_classifier(77), HlsSettings("Vivado", strategy="Resource", weights="ports", with_output=True)
    ),
    "error": Fleet(
        random_program(12, TWO_FEATURES, any_mode=True),
        HlsSettings(strategy="Resource", weights="ports", io_type="io_parallel", recurrent_reuse_factor=4),
    ),
}

Given = Callable[[str], dict[str, Project]]

ALL = ["stream", "arrays", *(pytest.param(name, marks=pytest.mark.long) for name in ("classifier", "error"))]


def members_of(name: str) -> Family:
    return family(random_family(FLEETS[name].program, 4))


def windows_of(members: Family, n: int = 30) -> dict[str, Codes]:
    return {name: random_windows(program, n, seed) for seed, (name, program) in enumerate(members.members.items())}


def written(members: Family, settings: HlsSettings, directory: Path) -> dict[str, Project]:
    write_channels(members, settings, directory, windows=windows_of(members), extra={}, provenance={})
    return open_channels(directory)


@pytest.fixture(scope="module")
def channels_of(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Return the channels of a fleet's project, by its name."""
    projects: dict[str, dict[str, Project]] = {}

    def given(name: str) -> dict[str, Project]:
        if name not in projects:
            directory = tmp_path_factory.mktemp(name) / "project"
            projects[name] = written(members_of(name), FLEETS[name].settings, directory)
        return projects[name]

    return given


@pytest.mark.parametrize("name", ALL)
def test_one_executable_computes_every_channel(name: str, channels_of: Given) -> None:
    channels, members = channels_of(name), members_of(name)
    assert list(channels) == list(members.members) == ["C-0", "C-1", "C-2", "C-3"]
    first = channels["C-0"]
    executable = build(first, "csim", optimization=FAST)
    before = tree(first.directory / "build")
    found = {}
    for channel, project in channels.items():
        result = csim.run(project, optimization=FAST)
        expected = golden.run(members.members[channel], windows_of(members)[channel])
        np.testing.assert_array_equal(result.found.output, expected.output)
        np.testing.assert_array_equal(result.found.score, expected.score)
        np.testing.assert_array_equal(result.found.trigger, expected.trigger)
        assert (result.mismatches, result.first) == (0, None)
        assert result.compared == 30 * (2 + int(np.prod(project.program.output_shape)))
        found[channel] = result.found
        assert build(project, "csim", optimization=FAST) == executable
    # Nothing was compiled or written, and yet the channels differ.
    assert tree(first.directory / "build") == before
    assert len({execution.output.tobytes() for execution in found.values()}) == 4
    assert all(len(np.unique(execution.output)) > 3 for execution in found.values())
    assert any(execution.trigger is not None and 0 < execution.trigger.sum() < 30 for execution in found.values())


@pytest.mark.parametrize("name", ALL)
def test_memories_of_another_channel_are_found(name: str, channels_of: Given) -> None:
    """What is compared is the golden model of the channel, and what computes are the memories that are loaded."""
    channels = channels_of(name)
    swapped = replace(channels["C-1"], program=channels["C-2"].program)
    windows = channels["C-2"].windows()
    result = csim.run(swapped, windows, optimization=FAST)
    wrong = golden.run(channels["C-1"].program, windows)
    np.testing.assert_array_equal(result.found.output, wrong.output)
    np.testing.assert_array_equal(result.found.score, wrong.score)
    assert result.mismatches > 30


@pytest.mark.parametrize("name", ["stream", "arrays", pytest.param("classifier", marks=pytest.mark.long)])
def test_every_memory_counts(name: str, channels_of: Given, tmp_path: Path) -> None:
    """One bit of any memory, the state's included, changes what is computed."""
    project = channels_of(name)["C-0"]
    build(project, "csim", optimization=FAST)
    windows = random_windows(project.program, 60, 1)
    right = csim.run(project, windows, optimization=FAST)
    for memory in read_description(project.directory):
        scratch = tmp_path / memory.port
        shutil.copytree(project.directory / project.data, scratch)
        path = scratch / f"{memory.port}.mem"
        words = path.read_text().split()
        # The highest bit but the sign of every lane's element; the lowest one of the state: its first word is a small count.
        bit = 0 if memory.written else memory.bits - 2
        for index, word in enumerate(words):
            flipped = sum(1 << (lane * memory.bits + bit) for lane in range(memory.lanes))
            words[index] = f"{int(word, 16) ^ flipped:0{len(word)}x}"
        path.write_text("\n".join(words))
        result = csim.run(replace(project, data=str(scratch)), windows, optimization=FAST)
        assert result.mismatches > right.mismatches == 0, memory.port


def test_firmware_and_description_are_the_same_whoever_is_first(tmp_path: Path, channels_of: Given) -> None:
    """Even though all weights of the other first member are 0: no product is left out for that."""
    members = random_family(FLEETS["stream"].program, 3)
    empty = replace(members["C-1"], layers=tuple(_zero(layer) for layer in members["C-1"].layers))
    directory = tmp_path / "p"
    written(family({"empty": empty, **members}), FLEETS["stream"].settings, directory)
    first = channels_of("stream")["C-0"].directory
    for name in ("firmware/hw_trigger_top.cpp", "firmware/defines.h", "firmware/parameters.h", "memories.json"):
        assert (directory / name).read_bytes() == (first / name).read_bytes(), name
    assert (directory / "hw_trigger_top_test.cpp").read_bytes() == (first / "hw_trigger_top_test.cpp").read_bytes()
    for memory in read_description(directory):
        name = f"weights/C-1/{memory.port}.mem"
        assert (directory / name).read_bytes() == (first / name).read_bytes(), name


def _zero(layer: Layer) -> Layer:
    weight, bias = np.zeros_like(layer.weight), np.zeros_like(layer.bias)
    if isinstance(layer, Lstm):
        return replace(layer, weight=weight, bias=bias, recurrent_weight=np.zeros_like(layer.recurrent_weight))
    return replace(layer, weight=weight, bias=bias)


def test_a_stream_goes_on_from_the_state_that_is_loaded(channels_of: Given, tmp_path: Path) -> None:
    """Time-multiplexing: a channel's state is kept by the host while other channels are computed."""
    project = channels_of("stream")["C-1"]
    program, windows = project.program, random_windows(project.program, 60, 3)
    whole = golden.run(program, windows)
    part = golden.run(program, windows[:25])
    assert part.state is not None
    assert np.count_nonzero(part.state) >= 4
    memory = next(memory for memory in read_description(project.directory) if memory.written)
    assert (memory.tensor, memory.words, memory.lanes) == ("trigger.state", len(STATE), 1)
    scratch = tmp_path / "weights"
    shutil.copytree(project.directory / project.data, scratch)
    (scratch / f"{memory.port}.mem").write_text(memory.image(part.state))
    found = csim.run(replace(project, data=str(scratch)), windows[25:], optimization=FAST).found
    assert whole.score is not None
    assert whole.trigger is not None
    np.testing.assert_array_equal(found.score, whole.score[25:])
    np.testing.assert_array_equal(found.trigger, whole.trigger[25:])
    afresh = golden.run(program, windows[25:])
    assert np.any(afresh.score != whole.score[25:])


@pytest.mark.parametrize("name", ["stream", "arrays"])
def test_nothing_is_remembered_outside_the_state_port(name: str, channels_of: Given, tmp_path: Path) -> None:
    """Two streams, window by window in one process, each with a state of its own: both are as they are alone."""
    channels = channels_of(name)
    build(channels["C-0"], "csim", optimization=FAST)
    project = tmp_path / "p"
    shutil.copytree(channels["C-0"].directory, project)
    test = project / "hw_trigger_top_test.cpp"
    state = next(memory for memory in read_description(project) if memory.written).port
    # Before window w the host loads the memories of channel w % 2 with that channel's state, and keeps the state behind it.
    test.write_text(
        test.read_text()
        .replace(
            "static void run_window(const hwt::Codes &raw, hwt::Codes &found) {\n",
            "static void run_window(const hwt::Codes &raw, hwt::Codes &found) {\n"
            f"    static {state}_t kept[2][5];\n"
            "    static unsigned window = 0;\n"
            '    load_memories(window % 2 ? "weights/C-2" : "weights/C-1");\n'
            f"    for (unsigned k = 0; window > 1 && k < 5; k++) {{ {state}[k] = kept[window % 2][k]; }}\n",
        )
        .replace(
            "}\n\nint main",
            f"    for (unsigned k = 0; k < 5; k++) {{ kept[window % 2][k] = {state}[k]; }}\n    window++;\n}}\n\nint main",
        )
    )
    windows = {channel: random_windows(channels[channel].program, 30, 5) for channel in ("C-1", "C-2")}
    expected = {channel: golden.run(channels[channel].program, windows[channel]) for channel in windows}
    for file, of in (
        ("windows.txt", {channel: codes.reshape(30, -1) for channel, codes in windows.items()}),
        ("expected.txt", {channel: _columns(execution) for channel, execution in expected.items()}),
    ):
        rows = np.stack([of["C-1"], of["C-2"]], axis=1).reshape(60, -1)
        np.savetxt(project / "tb_data" / file, rows, fmt="%d")
    executable = build(replace(channels["C-0"], directory=project), "csim", optimization=FAST).resolve()
    done = subprocess.run([executable], cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"compared \d+ codes of 60 windows: 0 mismatches\n", done.stdout)


def _columns(execution: golden.Execution) -> Codes:
    assert execution.score is not None
    assert execution.trigger is not None
    return np.column_stack([execution.score, execution.trigger, execution.output.reshape(len(execution.score), -1)])


def test_without_arguments_the_first_channel_is_simulated(channels_of: Given) -> None:
    """As the vendor's tool calls the testbench: with tb_data alone."""
    project = channels_of("stream")["C-0"]
    executable = build(project, "csim", optimization=FAST).resolve()
    done = subprocess.run([executable], cwd=project.directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "compared 180 codes of 30 windows: 0 mismatches\n"


def test_as_the_project_of_one_channel(channels_of: Given, tmp_path: Path) -> None:
    """Weights behind ports need no fleet: testbench and hls4ml's library load those of the project's own program."""
    project = open_project(channels_of("stream")["C-0"].directory)
    windows = random_windows(project.program, 40)
    expected = golden.run(project.program, windows, trace=True)
    result = csim.run(project, windows, optimization=FAST)
    np.testing.assert_array_equal(result.found.score, expected.score)
    assert result.mismatches == 0
    traced = library.trace(project, windows, optimization=FAST)
    np.testing.assert_array_equal(traced.score, expected.score)
    for name, codes in expected.outputs.items():
        np.testing.assert_array_equal(traced.outputs[name], codes)
    alone = write_project(project.program, STREAM, tmp_path / "p", windows=windows)
    with pytest.raises(ProjectError) as caught:
        open_channels(alone.directory)
    assert str(caught.value) == (
        f"the HLS project {tmp_path / 'p'} is that of one channel: it has no weights/*/program.json"
    )


def test_words_of_the_memories(channels_of: Given) -> None:
    """Element ``lane * words + address`` of the C++ array: what hls4ml's kernel reads of a block-reshaped array at a time."""
    project = channels_of("arrays")["C-1"]
    found = {memory.port: memory for memory in read_description(project.directory)}
    layer = project.program.layers[0]
    assert isinstance(layer, Lstm)
    memory = found["encoder_0_recurrent"]
    assert (memory.words, memory.lanes, memory.tensor) == (2, 32, "encoder_0.recurrent")
    assert (memory.bits, memory.signed) == (layer.recurrent_format.width, True)
    words = (project.directory / project.data / "encoder_0_recurrent.mem").read_text().split()
    mask = (1 << memory.bits) - 1
    lanes = [[int(word, 16) >> (lane * memory.bits) & mask for lane in range(32)] for word in words]
    # The kernel multiplies row by row, inputs 2 * k + address at a time.
    expected = layer.recurrent_weight.reshape(32, 2).T & mask
    np.testing.assert_array_equal(lanes, expected)
    assert (found["encoder_0_weight"].words, found["encoder_0_weight"].lanes) == (16, 2)
    assert [port for port, memory in found.items() if memory.written] == ["trigger_state"]
    assert found["scaling_gain"] == Memory("scaling_gain", "scaling.gain", 2, 1, 8, 6, True, False)
    assert found["scaling_gain"].total_bits == 16


def test_ports_of_the_top_function(channels_of: Given) -> None:
    for name, pragma in (("stream", True), ("arrays", False)):
        project = channels_of(name)["C-0"]
        source = (project.directory / "firmware" / "hw_trigger_top.cpp").read_text()
        ports = [memory.port for memory in read_description(project.directory)]
        arguments = re.findall(r"^    \w+ (\w+)\[\d+\],? *$", source, re.MULTILINE)
        assert arguments == ports
        # hls4ml writes the pragma for streams only; without one an array is a memory's port anyway (ap_memory).
        assert (f"#pragma HLS INTERFACE bram port={','.join(ports)} " in source) == pragma
        assert "load_weights_from_txt" not in source
        parameters = (project.directory / "firmware" / "parameters.h").read_text()
        included = set(re.findall(r'#include "weights/(\w+).h"', parameters))
        assert not included & set(ports)
        assert set(re.findall(r"n_zeros = (\d+)", parameters)) == {"0"}


def test_the_same_bytes_and_every_file_vouched_for(tmp_path: Path, channels_of: Given) -> None:
    members = members_of("stream")
    again = written(members, FLEETS["stream"].settings, tmp_path / "p")
    once = channels_of("stream")["C-0"].directory
    names = set(json.loads((once / "project.json").read_text())["files"])
    assert {f"weights/{name}/{file}" for name in members.members for file in ("program.json", "windows.txt")} <= names
    assert {name: (once / name).read_bytes() for name in names} == {
        name: (tmp_path / "p" / name).read_bytes() for name in names
    }
    (tmp_path / "p" / "weights" / "C-2" / "output_bias.mem").write_text("0\n")
    with pytest.raises(ProjectError) as caught:
        again["C-0"].check()
    assert str(caught.value) == (
        f"the HLS project {tmp_path / 'p'} has its file 'weights/C-2/output_bias.mem' changed since it was written"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds 0 words, and must hold 12"),
        ("0" * 12 + "\n", "holds '000000000000', which is no word of {0} hexadecimal digits"),
        ("x" * 2 + "\n", "holds 'xx', which is no word of {0} hexadecimal digits"),
        (None, "cannot be read"),
    ],
)
def test_memories_that_cannot_be_loaded(text: str | None, reason: str, channels_of: Given, tmp_path: Path) -> None:
    project = channels_of("stream")["C-0"]
    memory = next(item for item in read_description(project.directory) if item.port == "encoder_0_bias")
    digits = -(-memory.bits // 4)
    scratch = tmp_path / "weights"
    shutil.copytree(project.directory / project.data, scratch)
    path = scratch / "encoder_0_bias.mem"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(SimulationError) as caught:
        csim.run(replace(project, data=str(scratch)), jobs=1, optimization=FAST)
    told = f"cannot read {path}" if text is None else f"{path} {reason.format(digits)}"
    assert str(caught.value) == f"the C simulation of {project.directory} ended with code 2\nERROR: {told}"


def test_refusals(tmp_path: Path) -> None:
    members = members_of("stream")
    with pytest.raises(HlsSettingsError) as caught:
        HlsSettings(weights="ports")
    assert str(caught.value) == (
        "the HLS setting weights='ports' needs strategy='Resource': the products of the strategy 'Latency' read all their "
        "weights at once, which a memory cannot"
    )
    with pytest.raises(HlsSettingsError) as caught:
        HlsSettings(weights="port")
    assert str(caught.value) == (
        "the HLS setting weights must be 'constant' or 'ports', not 'port'; did you mean 'ports'?"
    )
    with pytest.raises(HlsSettingsError) as caught:
        written(members, HlsSettings(strategy="Resource"), tmp_path / "p")
    assert str(caught.value) == "a firmware for several channels needs the HLS setting weights='ports', not 'constant'"
    with pytest.raises(ProjectError) as damaged:
        written(family({"../A-1": members.first}), STREAM, tmp_path / "p")
    assert str(damaged.value) == (
        "a channel's files cannot be in a directory '../A-1': its name must be letters, digits and _.+-"
    )
    assert not (tmp_path / "p").exists()


def test_the_library_is_the_first_channels(channels_of: Given) -> None:
    project = channels_of("stream")["C-1"]
    with pytest.raises(
        ValueError, match=r"^the library computes with the weights of the project's own program, not with weights/C-1$"
    ):
        library.trace(project, project.windows())
