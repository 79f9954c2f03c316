"""One C synthesis from several files, and what is told where they differ."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.vendor import DENSE, HLS_2019, HLS_2024

from hw_trigger.vendor.find import find_reports
from hw_trigger.vendor.source import VendorReportError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise ValueError(old)
    path.write_text(text.replace(old, new))


def test_csynth_xml_is_followed(folder: Path) -> None:
    """Vitis HLS 2024.2 was seen to tell 12835 LUT in csynth.xml and 12839 in csynth.rpt."""
    _edit(folder / "csynth.rpt", "| 2105 (3%)|", "| 2109 (3%)|")
    found = find_reports(folder)
    assert found.synthesis is not None
    assert found.synthesis.design.resources.lut == 2105
    assert found.remarks == ("tiny: LUT is 2105 in csynth.xml and 2109 in csynth.rpt; the former is followed",)


def test_a_latency_of_another_run_is_told(folder: Path) -> None:
    _edit(folder / "csynth.rpt", "|       44| 660.000|", "|       45| 675.000|")
    assert find_reports(folder).remarks == (
        "tiny: latency is 44 in csynth.xml and 45 in csynth.rpt; the former is followed",
    )


def test_a_module_that_is_not_as_the_one_around_it_says(folder: Path) -> None:
    for name in ("csynth.xml", "csynth.rpt"):
        (folder / name).unlink()
    _edit(
        folder / "scale_csynth.rpt",
        "|Total           |        0|   0|      5|    30|    0|",
        "|Total           |        0|   0|      5|    31|    0|",
    )
    assert find_reports(folder).remarks == (
        f"scale: LUT is 31 in its own report and 30 in that of {DENSE}; perhaps they are of different runs",
    )


def test_a_module_of_another_design_is_left_out(folder: Path) -> None:
    text = (folder / "scale_csynth.rpt").read_text()
    (folder / "stray_csynth.rpt").write_text(text.replace("'scale'", "'stray'"))
    found = find_reports(folder)
    assert found.synthesis is not None
    assert found.synthesis.module("stray") is None
    assert found.remarks == ("stray_csynth.rpt: no report says that tiny uses the module stray; it is left out",)


def test_without_csynth_xml_the_design_is_what_nothing_uses(tmp_path: Path) -> None:
    for path in HLS_2019.glob("*_csynth.rpt"):
        shutil.copy(path, tmp_path)
    found = find_reports(tmp_path)
    assert found.synthesis is not None
    assert found.synthesis.design.name == "myproject"
    (tmp_path / "myproject_csynth.rpt").unlink()
    with pytest.raises(VendorReportError) as raised:
        find_reports(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}: without csynth.xml the design is the one module that no other uses, and here are 5: "
        "dense_resource_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_config3_s, "
        "dense_resource_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_config5_s, "
        "gru_stack_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_config2_s, "
        "relu_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_relu_config4_s, "
        "sigmoid_ap_fixed_18_8_5_3_0_ap_fixed_18_8_5_3_0_sigmoid_config6_s; add csynth.xml"
    )
