"""What simulation and synthesis leave in a project is read back as it was written; another version is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.reports import sample_report

from hw_trigger.files import to_json
from hw_trigger.rtl.project import RtlProjectError
from hw_trigger.rtl.records import read_cycles, read_syntheses, synthesis_name


def test_read_back(tmp_path: Path) -> None:
    figures = sample_report().rtl
    assert figures is not None
    assert figures.cycles is not None
    assert read_cycles(tmp_path) is None
    assert read_syntheses(tmp_path) == ()
    (tmp_path / "cycles.json").write_text(to_json(figures.cycles.to_dict()))
    for each in figures.syntheses:
        (tmp_path / f"{synthesis_name(each.target)}.json").write_text(to_json(each.to_dict()))
    assert read_cycles(tmp_path) == figures.cycles
    assert read_syntheses(tmp_path) == figures.syntheses


def test_another_version(tmp_path: Path) -> None:
    figures = sample_report().rtl
    assert figures is not None
    assert figures.cycles is not None
    path = tmp_path / "cycles.json"
    path.write_text(json.dumps(figures.cycles.to_dict() | {"version": 2}))
    with pytest.raises(RtlProjectError) as caught:
        read_cycles(tmp_path)
    assert str(caught.value) == f"{path} is damaged; run hw-trigger rtlsim again"
