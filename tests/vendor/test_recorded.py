"""The recorded designs, where they are: every file is read, and says what was measured. And hls4ml reads the same totals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.vendor import HLS_2018, HLS_2019, HLS_2024, read_or_error

from hw_trigger.vendor.find import find_reports
from hw_trigger.vendor.read import read_report
from hw_trigger.vendor.records import SynthesisReport
from hw_trigger.vendor.source import VendorReportError

SHARED = Path(__file__).parents[3] / "shared" / "hls_reports"
DESIGNS = sorted(path.parent for path in SHARED.glob("*/design.json"))

# After logic synthesis: LUT, FF, block RAM tiles, DSP (README.md of the recorded designs).
LOGIC = {
    "toptagging_gru_xcu250_rf1": (55184, 24700, 15.5, 2438),
    "toptagging_gru_xcu250_rf30": (22702, 18521, 39, 198),
    "quickdraw_gru_xcu250": (119805, 115674, 587.5, 4041),
}

recorded = pytest.mark.skipif(not DESIGNS, reason="the recorded designs are not here")


@recorded
@pytest.mark.parametrize("folder", DESIGNS, ids=lambda path: path.name)
def test_recorded_design(folder: Path) -> None:
    measured = json.loads((folder / "design.json").read_text())["measured"]
    found = find_reports(folder)
    synthesis = found.synthesis
    assert synthesis is not None
    assert found.remarks == ()
    assert len(found.files) == len([path for path in folder.iterdir() if path.suffix in {".rpt", ".xml"}])
    assert f"{synthesis.tool} {synthesis.version}" == measured["tool"]
    assert synthesis.part == measured["part"]
    assert (synthesis.clock.target_ns, synthesis.clock.estimated_ns) == (
        measured["clock_ns"],
        measured["estimated_clock_ns"],
    )
    latency, interval = synthesis.design.performance.latency, synthesis.design.performance.interval
    assert [latency.minimum, latency.maximum] == measured["latency_cycles"]
    assert [interval.minimum, interval.maximum] == measured["interval_cycles"]
    resources = synthesis.design.resources
    names = {"BRAM_18K": "bram18", "DSP48E": "dsp", "FF": "ff", "LUT": "lut", "URAM": "uram"}
    assert {key: getattr(resources, name) for key, name in names.items()} == measured["resources"]
    assert len(synthesis.modules) == len(list(folder.glob("*_csynth.rpt"))) - 1
    if folder.name in LOGIC:
        assert found.logic is not None
        told = found.logic.resources
        assert told.bram18 is not None
        assert (told.lut, told.ff, told.bram18 / 2, told.dsp) == LOGIC[folder.name]


@recorded
def test_designs_mixed_in_a_folder(tmp_path: Path) -> None:
    one, other = (SHARED / f"toptagging_gru_xcu250_{name}" for name in ("rf1", "rf30"))
    shutil.copytree(one, tmp_path, dirs_exist_ok=True)
    stray = "relu_ap_fixed_16_6_5_3_0_ap_fixed_16_6_5_3_0_relu_config4_s"
    shutil.copy(other / f"{stray}_csynth.rpt", tmp_path)
    assert find_reports(tmp_path).remarks == (
        f"{stray}_csynth.rpt: no report says that myproject uses the module {stray}; it is left out",
    )
    shutil.copy(SHARED / "model1_gru_xcvu13p" / "csynth.xml", tmp_path)
    with pytest.raises(
        VendorReportError, match="are of different parts, 'xcvu13p-flga2577-2-e' and 'xcu250-figd2104-2L-e'; "
    ):
        find_reports(tmp_path)


@recorded
def test_large_reports_cut_at_many_places(tmp_path: Path) -> None:
    path = next(path for path in (SHARED / "model1_gru_xcvu13p").glob("gru_static*_csynth.rpt"))
    whole, text, cut = read_report(path), path.read_text(), tmp_path / path.name
    read = 0
    for place in range(0, len(text), 97):
        cut.write_text(text[:place])
        found = read_or_error(cut)
        if isinstance(found, str):
            assert str(cut) in found
        else:
            assert found == whole
            read += 1
    assert 0 < read < len(text) // 97


@pytest.mark.parametrize(("folder", "name"), [(HLS_2018, "mixer"), (HLS_2019, "myproject"), (HLS_2024, "tiny")])
def test_hls4ml_reads_the_same_totals(
    folder: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reader wants a whole project in its own layout; what it reads agrees, cell for cell."""
    from hls4ml.report import parse_vivado_report

    solution = tmp_path / f"{name}_prj/solution1"
    (solution / "syn/report").mkdir(parents=True)
    (tmp_path / "project.tcl").write_text(f'set project_name "{name}"\nset backend "vivado"\n')
    (solution.parent / "vivado_hls.app").write_text('<p><solutions><solution name="solution1"/></solutions></p>')
    for path in folder.glob("*_csynth.rpt"):
        shutil.copy(path, solution / "syn/report")
    for target in ("csynth.xml", f"{name}_csynth.xml"):
        shutil.copy(folder / "csynth.xml", solution / "syn/report" / target)
    if (folder / f"{name}_cosim.rpt").exists():
        (solution / "sim/report").mkdir(parents=True)
        shutil.copy(folder / f"{name}_cosim.rpt", solution / "sim/report")
    if (folder / "vivado_synth.rpt").exists():
        shutil.copy(folder / "vivado_synth.rpt", tmp_path)
    theirs = parse_vivado_report(str(tmp_path))
    ours = find_reports(tmp_path)
    assert isinstance(ours.synthesis, SynthesisReport)
    design, told = ours.synthesis.design, theirs["CSynthesisReport"]
    figures = {"BRAM_18K": design.resources.bram18, "DSP": design.resources.dsp, "FF": design.resources.ff}
    figures |= {"LUT": design.resources.lut, "BestLatency": design.performance.latency.minimum}
    figures |= {"WorstLatency": design.performance.latency.maximum, "IntervalMax": design.performance.interval.maximum}
    assert {key: int(told[key]) for key in figures} == figures
    assert float(told["EstimatedClockPeriod"]) == ours.synthesis.clock.estimated_ns
    if ours.cosim is not None:
        run = next(run for run in ours.cosim.runs if run.status == "Pass")
        assert int(theirs["CosimReport"]["LatencyMax"]) == run.performance.latency.maximum
    if ours.logic is not None:
        assert ours.logic.resources.bram18 == 2 * float(theirs["VivadoSynthReport"]["BRAM_18K"])
    capsys.readouterr()
