"""Every example in docs/data.md runs as it stands, training with fewer steps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.layouts import write_mission, write_segments
from typer.testing import CliRunner

from hw_trigger.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
SECTIONS = {
    "Two folders": ["PUMP"],
    "Described": ["CUBESAT-1 BATT-V", "CUBESAT-1 TANK-T", "CUBESAT-1 WHEEL-1"],
    "The NASA layout": ["PROBE X-1"],
    "OPSSAT-AD": ["OPS-SAT CADC0872", "OPS-SAT CADC0886"],
    "ESA-ADB": ["ESA-Mission1 channel_2"],
}
"""What ``hw-trigger data`` must list in each section with examples."""


def blocks(section: str) -> Iterator[tuple[str, str]]:
    """Return the language and the content of each block of code."""
    text = PAGE.read_text("utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return ((found[1], found[2]) for found in re.finditer(r"```(\w+)\n(.*?)```", text, re.DOTALL))


def test_all_sections_are_run() -> None:
    assert re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), re.MULTILINE) == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_examples(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HW_TRIGGER_DATA", raising=False)
    write_segments(Path("OPSSAT-AD"))
    write_mission(Path("ESA-Mission1"))
    told = ""
    for language, content in blocks(section):
        match language:
            case "python":
                exec(content, {})
            case "yaml":
                Path(content.splitlines()[0].removeprefix("# ")).write_text(content)
            case "sh":
                for line in content.splitlines():
                    program, *arguments = shlex.split(line)
                    assert program == "hw-trigger"
                    shorter = ["training.steps_per_epoch=4"] if arguments[0] == "qat" else []
                    result = CliRunner().invoke(app, [*arguments, *shorter], catch_exceptions=False)
                    assert result.exit_code == 0
                    told += result.output
            case _:
                raise ValueError(language)
    for channel in SECTIONS[section]:
        assert channel in told
    trained = [
        line for _, content in blocks(section) for line in content.splitlines() if line.startswith("hw-trigger qat")
    ]
    assert len(list(Path().glob("models/*/bundle.json"))) == len(trained)
