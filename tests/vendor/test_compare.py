"""Estimates beside the vendor's figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.vendor import HLS_2018, HLS_2024

from hw_trigger.vendor.compare import (
    Row,
    compare,
    vendor_figures,
)
from hw_trigger.vendor.find import find_reports

CONFIGURATIONS = {"hidden": "config2", "positive": "relu_config3"}


def test_figures_by_origin_and_layer() -> None:
    found = vendor_figures(find_reports(HLS_2024), CONFIGURATIONS)
    assert found == {
        "C synthesis": {
            "design": {
                "dsp": 4,
                "bram18": 3,
                "uram": 0,
                "lut": 2105,
                "ff": 1214,
                "latency_cycles": 44,
                "interval_cycles": 40,
            },
            "hidden": {
                "dsp": 4,
                "bram18": 3,
                "uram": 0,
                "lut": 1305,
                "ff": 610,
                "latency_cycles": 40,
                "interval_cycles": 40,
            },
            "positive": {
                "dsp": 0,
                "bram18": 0,
                "uram": 0,
                "lut": 200,
                "ff": 67,
                "latency_cycles": 1,
                "interval_cycles": 1,
            },
            "other": {"dsp": 0, "bram18": 0, "uram": 0, "lut": 600, "ff": 537},
        },
        "logic synthesis": {
            "design": {"dsp": 4, "bram18": 3, "uram": 0, "lut": 752, "ff": 1013},
            "hidden": {"dsp": 4, "bram18": 3, "uram": 0, "lut": 520, "ff": 640},
            "positive": {"dsp": 0, "bram18": 0, "uram": 0, "lut": 81, "ff": 52},
            "other": {"dsp": 0, "bram18": 0, "uram": 0, "lut": 151, "ff": 321},
        },
        "implementation": {
            "design": {"dsp": 4, "bram18": 3, "uram": 0, "lut": 703, "ff": 988},
            "hidden": {"dsp": 4, "bram18": 3, "uram": 0, "lut": 489, "ff": 620},
            "positive": {"dsp": 0, "bram18": 0, "uram": 0, "lut": 77, "ff": 50},
            "other": {"dsp": 0, "bram18": 0, "uram": 0, "lut": 137, "ff": 318},
        },
        "co-simulation": {"design": {"latency_cycles": 46, "interval_cycles": 41}},
    }


def test_without_configurations_there_is_the_design_only() -> None:
    found = vendor_figures(find_reports(HLS_2024))
    assert {origin: list(figures) for origin, figures in found.items()} == {
        "C synthesis": ["design"],
        "logic synthesis": ["design"],
        "implementation": ["design"],
        "co-simulation": ["design"],
    }
    assert found["logic synthesis"]["design"] == {"dsp": 4, "bram18": 3, "lut": 752, "ff": 1013}  # vivado_synth.rpt


def test_untold_figures_are_left_out() -> None:
    found = vendor_figures(find_reports(HLS_2018))
    assert "uram" not in found["C synthesis"]["design"]
    assert found["co-simulation"] == {"design": {"latency_cycles": 1440, "interval_cycles": 1441}}


def test_a_failed_cosimulation_tells_no_latency(tmp_path: Path) -> None:
    shutil.copytree(HLS_2024, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "tiny_cosim.rpt"
    path.write_text(path.read_text().replace("      Pass|", "      Fail|"))
    assert "co-simulation" not in vendor_figures(find_reports(tmp_path))


def test_rows() -> None:
    estimated = {"design": {"lut": 110.0, "dsp": 0, "bram18": 3}, "ghost": {"lut": 1.0}}
    vendor = {"design": {"dsp": 0, "bram18": 0, "lut": 100, "latency_cycles": 9}, "other": {"lut": 5}}
    rows = compare(estimated, vendor, "C synthesis")
    assert rows == (
        Row("design", "dsp", 0, 0, 0.0, "C synthesis"),
        Row("design", "bram18", 3, 0, None, "C synthesis"),
        Row("design", "lut", 110.0, 100, 10.0, "C synthesis"),
        Row("design", "latency_cycles", None, 9, None, "C synthesis"),
        Row("other", "lut", None, 5, None, "C synthesis"),
    )


def test_unknown_quantity() -> None:
    with pytest.raises(ValueError, match=r"^'luts' of 'design' is none of the quantities dsp, bram18, uram, lut, ff, "):
        compare({"design": {"luts": 1}}, {}, "C synthesis")
