"""`hw-trigger evaluate` and `hw-trigger fleet`: channels among the overrides, tables, exit codes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from support.chain import SMALL
from support.evaluations import results
from support.telemetry import npy, ramp, small_files, write_directory

from hw_trigger.cli.console import PIPED_WIDTH
from hw_trigger.cli.main import main
from hw_trigger.cli.tables import evaluation_table


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty directory, without the developer's telemetry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HW_TRIGGER_DATA", raising=False)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["hw-trigger", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_channels_are_arguments(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("data.source=synthetic", "evaluate.rows=[time-index,training-range]", "evaluate.name=two")
    assert call(monkeypatch, "evaluate", "SYN-7", "SYN-2", *given) == 0
    text = capsys.readouterr().out
    assert "Causal detection, means over 2 channels" in text
    assert "4 records: 0 known already, 4 measured" in text
    assert sorted(path.name for path in Path("reports/evaluate-two/records/time-index").iterdir()) == [
        "SYN-2.json",
        "SYN-7.json",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("evaluate", "SYN-1", "evaluate.rows=[oracle]"),
            (
                "the configuration has evaluate.rows.0='oracle': input should be 'random', 'time-index', 'training-range', "
                "'moving-z-score', 'sub-pca', 'knn', 'float-error', 'float', 'qat' or 'integer'"
            ),
        ),
        (
            ("evaluate", "SYN-1", "evaluate.rows=[qat]"),
            (
                "SYN-1-lstm16w50-w8a8 has no bundle in models, which the row qat needs: `hw-trigger fleet` trains the networks, "
                "or leave networks out of evaluate.rows"
            ),
        ),
        (
            ("fleet", "SYN-l"),
            (
                "built-in synthetic telemetry has no channel and no spacecraft 'SYN-l'; did you mean 'SYN-8'?; evaluate.channels "
                "may have: SYN-1, SYN-2, SYN-3, SYN-4, SYN-5, SYN-6, SYN-7, SYN-8, SYNTHETIC, all"
            ),
        ),
        (
            ("fleet", "SYN-1", "--workers", "0"),
            "a cluster needs 1 worker at least, not 0",
        ),
        (
            ("fleet", "SYN-1", "run=mine"),
            "run=mine names one network, and each channel has one of its own: leave it out",
        ),
    ],
)
def test_mistakes_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert call(monkeypatch, *arguments, "data.source=synthetic") == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[-1] == f"error: {message}"


def test_a_channel_that_is_left_out_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = write_directory(tmp_path / "archive", small_files() | {"data/train/X-1.npy": npy(ramp(200))})
    given = (
        f"data.path={archive}",
        "data.source=archive",
        "evaluate.rows=[knn]",
        "evaluate.window=8",
        "evaluate.baseline_window=8",
    )
    assert call(monkeypatch, "evaluate", "X-1", "X-2", *given) == 1
    assert "NOT EVALUATED: channel 'X-2': 11 training samples are too few" in capsys.readouterr().err
    assert call(monkeypatch, "evaluate", "X-1", *given) == 0


def test_the_table_marks_the_best() -> None:
    console = Console(width=PIPED_WIDTH, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(evaluation_table(results({"random": [0.9], "knn": [0.25], "qat": [0.5]}, ["A-1"])))
    lines = capture.get().splitlines()
    knn, qat = (next(line for line in lines if name in line) for name in ("kNN", "QAT"))
    marked = [re.findall(r"\x1b\[1;32m *([\d.]+)\x1b", line) for line in (knn, qat)]
    # Fewer false alarms are better; the pooled F1 is the same.
    assert marked == [["0.400", "0.25", "0.2500"], ["0.500", "0.500", "0.500", "0.500", "0.500", "0.400"]]


@pytest.mark.long
def test_a_fleet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = [item for item in SMALL if not item.startswith("channel=")]
    assert call(monkeypatch, "fleet", "SYN-1", "--workers", "1", "data.source=synthetic", *small) == 0
    text = capsys.readouterr().out
    assert "1 networks: 0 known already, 1 trained in" in text
    assert "integer program" in text
    assert Path("models/SYN-1-lstm8-w8a8/bundle.json").is_file()
    assert Path("reports/evaluate-all/fleet.md").is_file()
