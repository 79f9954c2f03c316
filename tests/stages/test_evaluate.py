"""Evaluation as a stage: records that are kept, networks of bundles, and what cannot be evaluated."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from stages.conftest import Chain
from support.chain import small_config, tree
from support.telemetry import npy, ramp, small_files, write_directory

from hw_trigger.bundle.manifest import BundleError
from hw_trigger.config.schema import Config
from hw_trigger.detection.evaluation import Protocol, evaluate_channel
from hw_trigger.detection.scores import ScoreKind, causal_alarms, causal_scores
from hw_trigger.evaluation.document import DOCUMENT, PLOTS, RESULTS
from hw_trigger.stages import measuring
from hw_trigger.stages.evaluate import EvaluationError, run_evaluate
from hw_trigger.stages.measuring import measure_channel
from hw_trigger.stages.networks import load_float
from hw_trigger.stages.reporter import Advance, Silent
from hw_trigger.stages.scoring import float_scores, integer_scores
from hw_trigger.stages.telemetry import digitize, load_channel

BASELINES = "evaluate.rows=[random,training-range,moving-z-score]"
QUICK = ("data.source=synthetic", "evaluate.window=20", "evaluate.baseline_window=20")


def records(directory: Path) -> list[Path]:
    return sorted((directory / "records").rglob("*.json"))


def of_chain(chain: Chain, reports: Path, *overrides: str) -> Config:
    """The chain's configuration, evaluated elsewhere."""
    config = small_config(chain.root, *QUICK, "evaluate.channels=SYN-1", *overrides)
    return config.model_copy(update={"paths": config.paths.model_copy(update={"reports": reports})})


def test_outputs_are_the_same_again_and_nothing_is_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(tmp_path, *QUICK, BASELINES, "evaluate.channels=[SYN-7,SYN-1]", "evaluate.seeds=[0,1]")
    first, reporter = run_evaluate(config, Silent()), Silent()
    # Of two channels: two seeds of the random score, and two rows that have none.
    assert len(first.results.records) == len(records(first.directory)) == 2 * (2 + 2)
    assert first.directory == tmp_path / "reports" / "evaluate-all"
    before = tree(first.directory)
    assert {RESULTS, DOCUMENT, *PLOTS} <= before.keys()
    monkeypatch.setattr(measuring, "measure", None)
    again = run_evaluate(config, reporter)
    assert again.results.records == first.results.records
    assert tree(first.directory) == before
    assert reporter.said[0] == "8 records: 8 known already, 0 measured"


def test_an_evaluation_that_was_killed_goes_on(tmp_path: Path) -> None:
    config = small_config(tmp_path, *QUICK, BASELINES, "evaluate.channels=[SYN-1,SYN-2]")

    class StoppedError(Exception):
        pass

    class Killed(Silent):
        @contextlib.contextmanager
        def task(self, description: str, total: int) -> Iterator[Advance]:
            def advance(done: int, note: str = "") -> None:
                raise StoppedError

            yield advance

    with pytest.raises(StoppedError):
        run_evaluate(config, Killed())
    directory = config.evaluation_path
    kept = records(directory)
    assert [path.name for path in kept] == ["SYN-1.json"] * 3
    kept[0].unlink()  # and within the channel
    reporter = Silent()
    run_evaluate(config, reporter)
    assert reporter.said[0] == "6 records: 2 known already, 4 measured"
    whole = tree(directory)
    other = small_config(tmp_path, *QUICK, BASELINES, "evaluate.channels=[SYN-1,SYN-2]", "evaluate.name=other")
    assert tree(run_evaluate(other, Silent()).directory) == whole


@pytest.mark.parametrize(
    "change",
    [
        "evaluate.window=24",
        "evaluate.baseline_window=24",
        "trigger.sigmas=3",
        "trigger.false_alarms_per_day=2",
        "data.sample_period=30",
    ],
)
def test_other_settings_are_measured_again(tmp_path: Path, change: str) -> None:
    given = [*QUICK, "evaluate.rows=[training-range]", "evaluate.channels=SYN-1"]
    assert measure_channel(small_config(tmp_path, *given), "SYN-1").measured == 1
    assert measure_channel(small_config(tmp_path, *given), "SYN-1").measured == 0
    assert measure_channel(small_config(tmp_path, *given, change), "SYN-1").measured == 1


def test_the_networks_of_a_bundle(chain: Chain, tmp_path: Path) -> None:
    """Figures are those of the very scores and alarms; QAT and the integer program agree in every one."""
    found = run_evaluate(of_chain(chain, tmp_path, "evaluate.rows=[float-error,float,qat,integer,knn]"), Silent())
    by_row = {key: items[0] for key, items in found.results.by_row.items()}
    assert by_row["qat"].causal == by_row["integer"].causal
    assert by_row["qat"].spread == by_row["integer"].spread
    channel, bundle = load_channel(chain.config, Silent()), chain.bundle
    raw = digitize(channel, "test", bundle.scaling).windows(bundle.program.steps)
    for row, scored in (
        ("integer", integer_scores(bundle.program, raw)),
        ("float", float_scores(load_float(bundle, chain.config), bundle.program, raw)),
    ):
        expected = evaluate_channel(
            causal_scores(scored.scores, scored.steps),
            channel.labels,
            scored.threshold,
            ScoreKind.CAUSAL,
            Protocol(buffer=20, gap=20),
            alarms=causal_alarms(scored.alarms, scored.steps),
        )
        assert by_row[row].causal == expected.figures()  # type: ignore[index]
    # The window's error has a threshold of its own.
    assert by_row["float-error"].causal != by_row["float"].causal


def test_a_bundle_of_other_settings_is_told(chain: Chain, tmp_path: Path) -> None:
    reporter = Silent()
    run_evaluate(of_chain(chain, tmp_path, "evaluate.rows=[integer]", "training.epochs=2"), reporter)
    assert reporter.warned[-1] == (
        "SYN-1-lstm8-w8a8 was trained with other settings than the configured ones, and figures are of those; "
        "`hw-trigger fleet` trains again"
    )
    reporter = Silent()
    run_evaluate(of_chain(chain, tmp_path, "evaluate.rows=[integer]"), reporter)
    assert [text[:9] for text in reporter.warned] == ["SYNTHETIC"]


def test_another_bundle_is_measured_again(chain: Chain, tmp_path: Path) -> None:
    config = of_chain(chain, tmp_path, "evaluate.rows=[integer,training-range]")
    assert measure_channel(config, "SYN-1").measured == 2
    path = next((tmp_path / "evaluate-all" / "records" / "integer").iterdir())
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"key": "of another bundle"}))
    assert measure_channel(config, "SYN-1").measured == 1


def test_networks_that_are_not_there(tmp_path: Path) -> None:
    config = small_config(tmp_path, *QUICK, "evaluate.rows=[random,float,integer]", "evaluate.channels=[SYN-1,SYN-2]")
    message = (
        f"SYN-1-lstm8-w8a8, SYN-2-lstm8-w8a8 have no bundle in {tmp_path / 'models'}, which the rows float, integer need: "
        "`hw-trigger fleet` trains the networks, or leave networks out of evaluate.rows"
    )
    with pytest.raises(EvaluationError, match=f"^{re.escape(message)}$"):
        run_evaluate(config, Silent())
    one = small_config(tmp_path, *QUICK, "evaluate.rows=[qat]", "evaluate.channels=SYNTHETIC")
    with pytest.raises(
        EvaluationError, match=r"SYN-5-lstm8-w8a8 and 3 more have no bundle in .+, which the row qat needs: "
    ):
        run_evaluate(one, Silent())
    assert not (tmp_path / "reports").exists()


def test_a_bundle_of_other_telemetry_is_a_problem(chain: Chain, tmp_path: Path) -> None:
    config = of_chain(chain, tmp_path, "evaluate.rows=[integer]")
    renamed = load_channel(chain.config, Silent())
    other = np.array(renamed.train)
    other[0] += 0.5
    files = small_files() | {"data/train/SYN-1.npy": npy(other), "data/test/SYN-1.npy": npy(renamed.test)}
    archive = write_directory(tmp_path / "archive", files)
    given = config.data.model_copy(update={"source": "archive", "path": archive})
    found = measure_channel(config.model_copy(update={"data": given}), "SYN-1")
    assert found.problem == (
        f"the bundle {chain.bundle.path} was trained on other telemetry of channel 'SYN-1', or on other columns; "
        "`hw-trigger fleet` trains again"
    )
    assert issubclass(BundleError, Exception)


def test_a_channel_that_cannot_be_evaluated_is_left_out(tmp_path: Path) -> None:
    files = small_files() | {"data/train/X-1.npy": npy(ramp(200))}
    del files["data/train/U-1.npy"], files["data/test/U-1.npy"]
    archive = write_directory(tmp_path / "archive", files)
    config = small_config(
        tmp_path,
        f"data.path={archive}",
        "data.source=archive",
        "evaluate.window=8",
        "evaluate.baseline_window=8",
        "evaluate.rows=[knn]",
    )
    reporter = Silent()
    found = run_evaluate(config, reporter)
    problem = (
        "11 training samples are too few to hold some out: 24 are needed for windows of 8; choose a shorter window"
    )
    assert found.problems == {"X-2": problem}
    assert reporter.warned == [f"NOT EVALUATED: channel 'X-2': {problem}"]
    assert found.results.channels == ("X-1",)
    assert f"- Left out: channel X-2: {problem}\n" in (found.directory / DOCUMENT).read_text()
    alone = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"channels": ("X-2",)})})
    message = f"none of the 1 channels can be evaluated, the first, 'X-2', as: {problem}"
    with pytest.raises(EvaluationError, match=f"^{re.escape(message)}$"):
        run_evaluate(alone, Silent())
