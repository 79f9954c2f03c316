"""The sweep as a stage: what it writes, what it answers, and that its configuration runs."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stages.conftest import Chain
from support.chain import small_config, tree

from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.config.compose import load_config
from hw_trigger.config.schema import Config
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.explore.networks import untrained_program
from hw_trigger.explore.query import QueryError
from hw_trigger.explore.space import FACTORS
from hw_trigger.explore.table import read_table
from hw_trigger.hls.reuse import resolve
from hw_trigger.stages.accuracy import ChannelEvaluator
from hw_trigger.stages.explore import (
    BEST_NAME,
    FRONT_NAME,
    RESULTS_NAME,
    SUMMARY_NAME,
    NoDesignError,
    run_explore,
)
from hw_trigger.stages.packages import MissingPackageError
from hw_trigger.stages.reporter import Silent

SPACE = (
    "explore.space.quant=[w4a8,w8a8]",
    "explore.space.part=[xc7z020]",
    "explore.space.clock_ns=[typical]",
    "explore.space.reuse_factor=[1,2]",
    "explore.space.recurrent_reuse_factor=[1..16*4]",
    "explore.space.dense_reuse_factor=[1]",
    "explore.space.gate_unroll=[1,2]",
    "explore.space.balanced_multipliers=[20]",
)


@pytest.fixture(scope="module")
def scheduler() -> Any:
    """A cluster of threads that runs already: stages reach it by its address."""
    with connect(ClusterSettings(workers=2, processes=False)) as client:
        yield client.scheduler_info()["address"]


def explore(config: Config, scheduler: str, fit: str | None = None) -> tuple[Path, Silent, Any]:
    reporter = Silent()
    found = run_explore(config, reporter, fit=fit, scheduler=scheduler)
    return found.directory, reporter, found.answer


def test_outputs(tmp_path: Path, scheduler: str) -> None:
    config = small_config(tmp_path, *SPACE)
    directory, reporter, answer = explore(config, scheduler, "part=PYNQ-Z2 latency<1ms")
    assert directory == tmp_path / "reports" / "explore-default"
    table = read_table(directory / RESULTS_NAME)
    # Two presets and strategies, two by three by two factors, a budget.
    assert table.num_rows == 2 * 2 * (2 * 3 * 2 + 1)
    assert set(table["part"].to_pylist()) == {"xc7z020clg400-1"}
    assert set(table["clock_ns"].to_pylist()) == {10.0}
    summary = json.loads((directory / SUMMARY_NAME).read_text("utf-8"))
    assert (summary["designs"], summary["designs_of_the_space"], summary["accuracy"]) == (52, 52, "none")
    assert set(summary["front"]) <= set(table["id"].to_pylist())
    assert summary["fit"]["best"] == answer.best["id"]
    assert answer.text in reporter.said
    assert reporter.warned == [
        "accuracy was not evaluated, so that small networks win; explore.accuracy=ptq evaluates it"
    ]
    front = (directory / FRONT_NAME).read_text("utf-8")
    assert front.startswith("# Pareto front: default\n\nOf 52 designs ")
    drawn = "esources are estimated with drawn weights: the sweep trains no network for them"
    assert f"\nR{drawn}, and with trained weights they differ.\n" in front
    assert f"r{drawn}" in reporter.said
    assert answer.text.endswith("; resources are those with drawn weights: the sweep trains no network for them")
    first = tree(directory)
    explore(config, scheduler, "part=PYNQ-Z2 latency<1ms")
    assert tree(directory) == first


@pytest.mark.parametrize("fit", ["minimize=latency", "multipliers<=20 minimize=interval"])
def test_the_best_configuration_is_that_design(tmp_path: Path, scheduler: str, fit: str) -> None:
    """It is read back as a configuration, and its program has the factors of the row."""
    directory, _, answer = explore(small_config(tmp_path, *SPACE), scheduler, fit)
    best = load_config([], name="best", directory=directory)
    row = answer.best
    assert (best.quant.name, best.hls.strategy, best.hls.part) == (row["quant"], row["strategy"], row["part"])
    assert (best.channel, best.training.stride, best.run) == ("SYN-1", 8, None)
    factors = resolve(untrained_program(best.autoencoder(), best.quant), best.hls)
    for name, given in json.loads(row["layers"]).items():
        found = factors[name]
        assert [found.reuse_factor, found.recurrent_reuse_factor, found.gate_unroll][: len(given)] == given


def test_the_configured_network_keeps_its_run(tmp_path: Path, scheduler: str) -> None:
    config = small_config(tmp_path, *SPACE, "explore.space.quant=[configured]", "run=mine")
    directory, _, _ = explore(config, scheduler, "multipliers<=20 minimize=interval")
    best = load_config([], name="best", directory=directory)
    assert (best.run, best.model, best.quant, best.bundle_path) == (
        "mine",
        config.model,
        config.quant,
        config.bundle_path,
    )


def test_no_design_leaves_no_best(tmp_path: Path, scheduler: str) -> None:
    config = small_config(tmp_path, *SPACE)
    directory, _, _ = explore(config, scheduler, "minimize=latency")
    assert (directory / BEST_NAME).is_file()
    _, reporter, answer = explore(config, scheduler, "latency<1ns")
    assert answer.best is None
    assert not (directory / BEST_NAME).exists()
    assert any(
        text.startswith("no design of 52 meets 'latency<1ns': latency<1ns excludes 52") for text in reporter.said
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            [*(f"explore.space.{name}=[]" for name in FACTORS), "explore.space.balanced_multipliers=[1]"],
            r"the budget multipliers=1 is too small for program '.+': with the strategy Latency it needs \d+ at least; .+",
        ),
        (
            ["explore.space.reuse_factor=[7]", "explore.space.balanced_multipliers=[]"],
            r"24 have reuse factors that a layer cannot have",
        ),
    ],
)
def test_a_sweep_without_designs_replaces_nothing(
    tmp_path: Path, scheduler: str, changes: list[str], reason: str
) -> None:
    directory, _, _ = explore(small_config(tmp_path, *SPACE), scheduler, "minimize=latency")
    before = tree(directory)
    with pytest.raises(NoDesignError, match=f"^no design of the sweep 'default' can be: {reason}$"):
        explore(small_config(tmp_path, *SPACE, *changes), scheduler, "minimize=latency")
    assert tree(directory) == before


@pytest.mark.parametrize("mode", ["ptq", "qat"])
def test_accuracy(tmp_path: Path, scheduler: str, mode: str) -> None:
    config = small_config(tmp_path, *SPACE, f"explore.accuracy={mode}", "explore.space.strategy=[Resource]")
    directory, reporter, _ = explore(config, scheduler, "auc>0.1")
    rows = read_table(directory / RESULTS_NAME).to_pylist()
    by_quant = {row["quant"]: {other["auc_roc"] for other in rows if other["quant"] == row["quant"]} for row in rows}
    assert {len(values) for values in by_quant.values()} == {1}
    assert all(0 < value < 1 for values in by_quant.values() for value in values)
    assert len({row["auc_roc_float"] for row in rows}) == 1
    assert json.loads((directory / SUMMARY_NAME).read_text("utf-8"))["objectives"][-1] == "auc_roc"
    assert reporter.warned == [text for text in reporter.warned if text.startswith("SYNTHETIC TELEMETRY")]
    before = tree(directory)
    explore(config, scheduler, "auc>0.1")
    assert tree(directory) == before


def test_trained_weights_go_from_worker_to_worker(tmp_path: Path, scheduler: str) -> None:
    config = small_config(tmp_path)
    evaluator = ChannelEvaluator(config, "ptq")
    architecture = config.autoencoder()
    with connect(ClusterSettings(scheduler=scheduler)) as client:
        one, other = client.scheduler_info(n_workers=-1)["workers"]
        trained = client.submit(evaluator.train, architecture, workers=[one], pure=False)
        measured = client.submit(evaluator.measure, trained, architecture, config.quant, workers=[other], pure=False)
        found = measured.result(timeout=60)
    assert found == evaluator.measure(evaluator.train(architecture), architecture, config.quant)


def test_qat_accuracy_is_that_of_the_chain(chain: Chain) -> None:
    """The same network as `hw-trigger qat` trains, and the same figures as its report."""
    config = chain.config
    evaluator = ChannelEvaluator(
        config.model_copy(update={"paths": config.paths.model_copy(update={"models": chain.root / "x"})}), "qat"
    )
    found = evaluator.measure(evaluator.train(config.autoencoder()), config.autoencoder(), config.quant)
    report = json.loads((chain.report.parent / "report.json").read_text("utf-8"))
    text = json.dumps(report["detection"])
    for value in (found.auc_roc, found.auc_pr, found.auc_roc_window_spread, found.auc_roc_float):
        assert value is not None
        assert np.isfinite(value)
        assert repr(value) in text
    assert ScoreKind.CAUSAL.value in text


def test_a_query_is_read_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"^the query's term 'latency<5' has no unit; "):
        run_explore(small_config(tmp_path, *SPACE), Silent(), fit="latency<5")
    assert not (tmp_path / "reports").exists()


def test_packages_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def lacking(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in {"dask", "pyarrow"} else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", lacking)
    message = 'hw-trigger explore needs dask, pyarrow: install them with `pip install "hw_trigger[explore]"`'
    with pytest.raises(MissingPackageError, match=f"^{re.escape(message)}$"):
        run_explore(small_config(tmp_path), Silent())
