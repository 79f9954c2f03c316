"""The report on disk: whole, the same bytes for the same data, and readable."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.reports import bare_report, classifier_report, error_report, sample_report

from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.estimate.program import estimate
from hw_trigger.files import OutputError
from hw_trigger.hls.reuse import ReuseFactorError
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.data import LossCurve, ReportData, Saturations
from hw_trigger.report.detection_data import Detection
from hw_trigger.report.document import to_report
from hw_trigger.report.render import markdown, write_report
from hw_trigger.telemetry.channel import facts
from hw_trigger.telemetry.synthetic import synthetic_channel
from hw_trigger.verification.table import VerificationTable, compare


def _markdown(data: ReportData) -> str:
    return markdown(to_report(data, {}))


def _check_tables(text: str) -> None:
    """Every row of a table has as many cells as its head, and no line is left empty twice."""
    assert "\n\n\n" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        columns = {len(re.split(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block


def test_writes_everything(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path / "run")
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [
        *("curves.png", "design.svg", "loss.png", "pareto.png", "pipeline.svg", "reconstruction.png"),
        *(
            "report.html",
            "report.json",
            "report.md",
            "rtl_cycles.svg",
            "rtl_resources.svg",
            "score.png",
            "utilization.svg",
            "windows.png",
        ),
    ]
    plots = {name for name in names if name.endswith((".png", ".svg"))}
    text = (tmp_path / "run" / "report.md").read_text("utf-8")
    _check_tables(text)
    assert set(re.findall(r"\]\((\w+\.\w+)\)", text)) == plots
    document = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))
    assert set(document["plots"].values()) == plots
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_writes_a_classifier(tmp_path: Path) -> None:
    write_report(classifier_report(), tmp_path / "run")
    plots = {path.name for path in (tmp_path / "run").iterdir() if path.suffix in {".png", ".svg"}}
    assert plots == {
        *("confusion.png", "curves.png", "design.svg", "loss.png", "pipeline.svg", "score.png", "utilization.svg")
    }
    text = (tmp_path / "run" / "report.md").read_text("utf-8")
    _check_tables(text)
    assert set(re.findall(r"\]\((\w+\.\w+)\)", text)) == plots
    assert "| test | 2,520 to 3,599 | 1,057 | 967 | 90 | 8.5% |" in text
    assert "window-spread" not in text.lower()
    assert "FIFO" not in text
    assert "*Not there yet: `make report` gives it.*" in _markdown(replace(classifier_report(), split=()))


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_report(sample_report(), tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_an_old_report_survives_a_failure(tmp_path: Path) -> None:
    write_report(bare_report(), tmp_path / "run")
    before = (tmp_path / "run" / "report.md").read_bytes()
    with pytest.raises(ReuseFactorError):
        write_report(replace(sample_report(), settings=HlsSettings(gate_unroll=3)), tmp_path / "run")
    assert (tmp_path / "run" / "report.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_configuration_lies_beside_the_report(tmp_path: Path) -> None:
    write_report(bare_report(), tmp_path / "run", configuration="channel: S-1\n")
    assert (tmp_path / "run" / "config.yaml").read_text() == "channel: S-1\n"


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError) as excinfo:
        write_report(bare_report(), tmp_path / "file" / "run")
    assert str(excinfo.value) == f"cannot write the directory {tmp_path / 'file' / 'run'}: File exists"


def test_says_what_it_measured() -> None:
    data = sample_report()
    text = _markdown(data)
    causal = data.detection[2].metrics
    assert causal.auc_roc is not None
    assert f"| integer program | causal | {causal.auc_roc:.3f} |" in text
    assert "| integer program | window-spread |" in text
    note = "This trigger alarms where its score is a new record"
    assert [note in _markdown(each) for each in (data, error_report(), classifier_report())] == [True, False, False]
    assert "| PyTorch and golden | 3,577 | output | 85,848 | 0 |" in text
    assert "| `encoder_0.cell` |" in text
    assert "No synthesis was run for these figures; each has an error bar." in text
    assert "| design | LUT | 1,234 | 1,000 | +23.4% | C synthesis | synthesized |" in text
    assert "| design | latency (cycles) | 400 | 500 | -20.0% | co-simulation | simulated |" in text
    assert "| lstm16 | 400 | 800 | 0.8 | yes |  |" in text
    assert "5 designs were estimated; 4 are expected to fit their part and to be synthesized." in text
    assert "`make qat CHANNEL=SYN-1`" in text


def test_says_what_is_missing() -> None:
    text = _markdown(bare_report())
    _check_tables(text)
    assert text.count("*Not there yet: `make report` gives it.*") == 3
    for command in ("make qat", "make csim", "make hls", "make hls SYNTH=1", "make rtl", "hw-trigger explore"):
        assert text.count(f"*Not there yet: `{command}` gives it.*") == 1
    assert text.count("Nothing was recorded.") == 2
    assert "| all |" in text


def test_failed_verification_is_loud() -> None:
    wrong = compare("h", ("golden", np.array([1, 2])), ("C-sim", np.array([1, 3])))
    text = _markdown(replace(bare_report(), verification=VerificationTable((wrong,))))
    assert "| golden and C-sim | 2 | h | 2 | 1 | 2 | h: differs: window 1: 2 and 3 |" in text
    assert "FAILED: 1 of 2 codes differ." in text


def test_degenerate_channel_is_flagged() -> None:
    channel = synthetic_channel("SYN-7")
    text = _markdown(replace(bare_report(), facts=facts(channel)))
    _check_tables(text)
    assert "**Degenerate channel: results on it say little about a detector.**" in text
    for flag in facts(channel).flags:
        assert f"| note | {flag} |" in text


def test_undefined_metrics_are_dashes_with_a_reason() -> None:
    found = evaluate_channel(np.array([0.1, 0.2]), np.array([False, False]), 1.0, ScoreKind.CAUSAL)
    text = _markdown(replace(bare_report(), detection=(Detection("float network", found, Protocol()),)))
    _check_tables(text)
    assert "| float network | causal | - | - | 1 | - | - | - |" in text
    assert "| float network | causal | 0 of 0 | 0 | - | - | - | - | 0 | 0.0% | - | - |" in text
    assert "- auc_roc is undefined (float network, causal): no scored sample is labelled anomalous." in text


def test_diverged_training_and_no_saturations() -> None:
    text = _markdown(
        replace(
            bare_report(),
            losses=(LossCurve("float", [0.5, float("nan")], [0.25, float("inf")], None),),
            saturations=Saturations(7, {"x": 0}),
        )
    )
    _check_tables(text)
    assert "| float | telemetry | 2 | - | not finite | not finite |" in text
    assert "None in 7 windows." in text


def test_unknown_part_is_noted() -> None:
    settings = HlsSettings(part="xcvu999-x")
    text = _markdown(replace(sample_report(), settings=settings, estimate=estimate(sample_report().program, settings)))
    _check_tables(text)
    assert "% of the part" not in text
    assert "- shares are not given: part xcvu999-x is not in the data base of parts" in text
