"""All reports of a project: hls4ml's layout, Vitis' unified one, a plain folder; mixtures are refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.vendor import DENSE, DENSE_LOOP, HLS_2018, HLS_2019, HLS_2024, INCOMPLETE, RELU, VIVADO_2019

from hw_trigger.vendor.find import VendorReports, find_reports
from hw_trigger.vendor.matching import Expected
from hw_trigger.vendor.records import Clock, Performance, Resources, Span
from hw_trigger.vendor.source import NoReportsError, VendorReportError

NO_COSIM = "co-simulation (*_cosim.rpt); run the step cosim"
NO_LOGIC = "logic synthesis (vivado_synth.rpt, export_syn.*, *_export.*); run the step vsynth"


def _lay_out(target: Path, solution: str) -> Path:
    """Put the reports of 2024 where the tools write them, below `target`."""
    places = {"*csynth*": "syn/report", "*_cosim.rpt": "sim/report", "*export*": "impl/report/verilog"}
    for pattern, place in places.items():
        folder = target / solution / place
        folder.mkdir(parents=True)
        for path in HLS_2024.glob(pattern):
            shutil.copy(path, folder)
    for name in ("vivado_synth.rpt", "tiny_timing_synth.rpt"):
        shutil.copy(HLS_2024 / name, target)
    return target


def test_nothing_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NoReportsError):
        find_reports(tmp_path)
    (tmp_path / "csynth.xml").write_text("<profile>")
    with pytest.raises(VendorReportError) as raised:
        find_reports(tmp_path)
    assert not isinstance(raised.value, NoReportsError)


def _refused(directory: Path) -> str:
    with pytest.raises(VendorReportError) as raised:
        find_reports(directory)
    return str(raised.value)


def _said(reports: VendorReports) -> tuple[object, ...]:
    return reports.synthesis, reports.cosim, reports.exports, reports.logic, reports.timing, reports.remarks


@pytest.mark.parametrize("solution", ["tiny_prj/solution1", "tiny/hls", "workspace/tiny/hls", "hls"])
def test_projects_say_what_a_plain_folder_says(solution: str, tmp_path: Path) -> None:
    found = find_reports(_lay_out(tmp_path / "p", solution))
    assert _said(found) == _said(find_reports(HLS_2024))
    assert found.missing == ()
    assert f"{solution}/syn/report/csynth.xml" in found.files
    assert f"{solution}/impl/report/verilog/export_impl.xml" in found.files


def test_figures_are_of_the_best_report(tmp_path: Path) -> None:
    synthesis = find_reports(HLS_2024).synthesis
    assert synthesis is not None
    assert synthesis.clock == Clock(15.0, 9.281, 1.5)
    assert synthesis.project == "tiny"
    assert synthesis.design.performance == Performance(Span(41, 42, 44), Span(37, None, 40))  # average: csynth.xml only
    assert synthesis.design.by_kind["FIFO"].lut == 540  # tiny_csynth.rpt only
    assert [module.name for module in synthesis.modules] == [DENSE, RELU, DENSE_LOOP, "scale"]
    loop = synthesis.module(DENSE_LOOP)
    assert loop is not None
    assert loop.performance.interval == Span(9, None, 9)  # csynth.rpt says 10


@pytest.mark.parametrize("kept", ["csynth.xml", "csynth.rpt", "*_csynth.rpt"])
def test_any_report_of_the_synthesis_will_do(kept: str, tmp_path: Path) -> None:
    for path in HLS_2024.glob(kept):
        shutil.copy(path, tmp_path)
    found = find_reports(tmp_path)
    assert found.synthesis is not None
    assert found.synthesis.design.name == "tiny"
    assert found.synthesis.design.resources == Resources(dsp=4, bram18=3, uram=0, lut=2105, ff=1214)
    assert {module.name for module in found.synthesis.modules} == {DENSE, RELU, DENSE_LOOP, "scale"}
    assert found.missing == (NO_COSIM, NO_LOGIC)
    assert found.remarks == ()


def test_old_and_recorded_folders() -> None:
    old, recorded, logic = find_reports(HLS_2018), find_reports(HLS_2019), find_reports(VIVADO_2019)
    assert (old.missing, old.remarks) == ((), ())
    assert old.synthesis is not None
    assert [module.name for module in old.synthesis.modules] == ["gain"]
    export = old.export("post-implementation")
    assert export is not None
    assert (export.part, export.available.lut) == ("xa7a12tcsg325-1q", 8000)  # of .rpt, and of .xml
    assert old.export("post-synthesis") is None
    assert (recorded.missing, recorded.remarks) == ((NO_COSIM, NO_LOGIC), ())
    assert recorded.synthesis is not None
    assert len(recorded.synthesis.modules) == 10
    assert logic.missing == ("C synthesis (csynth.xml, *_csynth.rpt); run the step synth", NO_COSIM)


def test_old_csynth_xml_alone_has_no_modules(tmp_path: Path) -> None:
    shutil.copy(HLS_2019 / "csynth.xml", tmp_path)
    assert find_reports(tmp_path).missing[0] == "C synthesis of the modules (*_csynth.rpt beside csynth.xml)"


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "notes.rpt").write_text("unread")
    rest = (
        "; an HLS project (with syn/report below it) or a folder with csynth.xml, *_csynth.rpt, *_cosim.rpt, *_export.rpt or "
        "vivado_synth.rpt is expected"
    )
    assert _refused(tmp_path) == f"there is no vendor report in {tmp_path}{rest}"
    assert _refused(tmp_path / "no") == f"there is no directory {tmp_path / 'no'}{rest}"


def test_two_solutions(tmp_path: Path) -> None:
    _lay_out(tmp_path, "tiny_prj/solution1")
    (tmp_path / "tiny_prj/solution2/syn/report").mkdir(parents=True)
    assert _refused(tmp_path) == (
        f"{tmp_path} holds reports of 2 solutions, tiny_prj/solution1, tiny_prj/solution2; name one of them"
    )
    assert find_reports(tmp_path / "tiny_prj/solution1").synthesis is not None


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "scale_csynth.rpt"
    path.write_text(path.read_text()[:1500])
    assert _refused(tmp_path) == (f"{path}: the table 'Utilization' {INCOMPLETE}")


ONE_RUN = "keep the reports of one run of one design in a folder"


def test_mixtures_are_refused(tmp_path: Path) -> None:
    """Of another version, part, project and design."""
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    first, other = tmp_path / "csynth.xml", tmp_path / "scale_csynth.rpt"
    text = other.read_text()
    other.write_text(text.replace("2024.2 (", "2023.2 ("))
    assert _refused(tmp_path) == f"{first} and {other} are of different versions, '2024.2' and '2023.2'; {ONE_RUN}"
    other.write_text(text.replace("xc7z020-clg484-1", "xc7z010-clg400-1"))
    assert _refused(tmp_path) == (
        f"{first} and {other} are of different parts, 'xc7z020-clg484-1' and 'xc7z010-clg400-1'; {ONE_RUN}"
    )
    other.write_text(text.replace("* Project:        tiny", "* Project:        huge"))
    projects = f"{tmp_path / 'csynth.rpt'} and {other} are of different projects, 'tiny' and 'huge'; {ONE_RUN}"
    assert _refused(tmp_path) == projects
    other.write_text(text)
    first.write_text(first.read_text().replace("<TopModelName>tiny<", "<TopModelName>huge<"))
    assert _refused(tmp_path) == (
        f"{first} and {tmp_path / 'csynth.rpt'} are of different designs, 'huge' and 'tiny'; {ONE_RUN}"
    )


OWN = Expected("tiny", "xc7z020-clg484-1", 15.0)
ONLY = "keep the reports of this project only in it"


def test_reports_of_the_project_are_taken() -> None:
    assert find_reports(HLS_2024, OWN) == find_reports(HLS_2024)


@pytest.mark.parametrize(
    "name", ["csynth.xml", "tiny_csynth.rpt", "tiny_cosim.rpt", "tiny_export.rpt", "vivado_synth.rpt"]
)
def test_a_foreign_design_is_refused(name: str, tmp_path: Path) -> None:
    """Whichever report tells it, alone."""
    path = Path(shutil.copy(HLS_2024 / name, tmp_path))
    with pytest.raises(VendorReportError) as raised:
        find_reports(tmp_path, replace(OWN, design="top"))
    assert str(raised.value) == f"{path} is of the design 'tiny', and the HLS project is of 'top'; {ONLY}"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("csynth.xml", "xc7z020-clg484-1"),
        ("export_syn.rpt", "xc7z020-clg484-1"),
        ("vivado_synth.rpt", "xc7z020clg484-1"),
        ("tiny_timing_synth.rpt", "7z020-clg484"),
    ],
)
def test_a_foreign_part_is_refused(name: str, told: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(HLS_2024 / name, tmp_path))
    with pytest.raises(VendorReportError) as raised:
        find_reports(tmp_path, replace(OWN, part="xcvu13p-flga2577-2-e"))
    assert (
        str(raised.value) == f"{path} is of the part {told!r}, and the HLS project is of 'xcvu13p-flga2577-2-e'; {ONLY}"
    )


def test_another_clock_is_a_remark(tmp_path: Path) -> None:
    for name in ("csynth.xml", "export_syn.xml"):
        shutil.copy(HLS_2024 / name, tmp_path)
    assert find_reports(tmp_path, replace(OWN, clock_ns=15.004)).remarks == ()  # 15.00 in the report
    assert find_reports(tmp_path, replace(OWN, clock_ns=3.3)).remarks == tuple(
        f"{what} was run for a clock period of 15 ns, and the project is for 3.3 ns"
        for what in ("C synthesis", "export_syn.xml")
    )


def test_reports_of_other_tools_must_be_of_the_design(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    (tmp_path / "tiny_cosim.rpt").rename(tmp_path / "huge_cosim.rpt")
    first = tmp_path / "csynth.xml"
    assert _refused(tmp_path) == (
        f"{first} and {tmp_path / 'huge_cosim.rpt'} are of different designs, 'tiny' and 'huge'; {ONE_RUN}"
    )
    (tmp_path / "huge_cosim.rpt").rename(tmp_path / "tiny_cosim.rpt")
    logic = tmp_path / "vivado_synth.rpt"
    text = logic.read_text()
    logic.write_text(text.replace("xc7z020clg484-1", "xc7z010clg400-1"))
    assert _refused(tmp_path) == (
        f"{first} and {logic} are of different parts, 'xc7z020-clg484-1' and 'xc7z010clg400-1'; {ONE_RUN}"
    )
    logic.write_text(text.replace("Vivado v.2024.2", "Vivado v.2023.1"))
    assert find_reports(tmp_path).remarks == (
        "vivado_synth.rpt is of Vivado 2023.1, and the C synthesis of Vitis HLS 2024.2",
    )


def test_two_of_one_kind(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    shutil.copy(HLS_2024 / "vivado_synth.rpt", tmp_path / "tiny_utilization.rpt")
    assert _refused(tmp_path) == (
        f"{tmp_path / 'vivado_synth.rpt'} and {tmp_path / 'tiny_utilization.rpt'} are two reports of one kind; "
        "keep one of them in a folder"
    )


def test_export_of_two_runs(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "export_syn.rpt"
    path.write_text(path.read_text().replace("LUT:              752", "LUT:              753"))
    assert _refused(tmp_path) == (
        f"{tmp_path / 'export_syn.xml'} and {path} tell different resources of one export, "
        "LUT 752, FF 1013, DSP 4, BRAM18 3 and LUT 753, FF 1013, DSP 4, BRAM18 3; write both again"
    )


def test_cosim_of_no_language(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "tiny_cosim.rpt"
    path.write_text(path.read_text().replace("      Pass|", "        NA|"))
    assert find_reports(tmp_path).missing == (
        "co-simulation of any language (*_cosim.rpt tells NA of all); run the step cosim",
    )
