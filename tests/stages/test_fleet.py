"""Fleets: what is trained, what is not trained again, what fails, and formats that networks share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from stages.conftest import Chain
from support.chain import small_config, tree
from support.telemetry import npy, ramp, small_files, write_directory

from hw_trigger.bundle.bundle import load_bundle
from hw_trigger.cluster import ClusterSettings, connect
from hw_trigger.config.schema import Config
from hw_trigger.models.export import network_formats
from hw_trigger.models.shared_formats import shared_formats
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.stages import fleet_training
from hw_trigger.stages.fleet import TABLE, run_fleet
from hw_trigger.stages.fleet_training import calibrated, train, trained_already
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import FleetError, run_config

GIVEN = (
    "data.source=synthetic",
    "evaluate.window=20",
    "evaluate.baseline_window=20",
    "evaluate.rows=[knn,float,integer]",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterSettings]:
    """One worker, a thread: PyTorch's random numbers are the process' own."""
    with connect(ClusterSettings(workers=1, processes=False)) as client:
        yield ClusterSettings(scheduler=client.scheduler_info()["address"])


def bundle_of(config: Config, channel: str, seed: int = 0) -> Path:
    return run_config(config, channel, seed).bundle_path


def test_a_fleet_is_trained_once(tmp_path: Path, cluster: ClusterSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config(tmp_path, *GIVEN, "evaluate.channels=[SYN-1,SYN-7]")
    reporter = Silent()
    found = run_fleet(config, reporter, cluster)
    assert found.results.channels == ("SYN-1", "SYN-7")
    assert re.fullmatch(r"2 networks: 0 known already, 2 trained in \d+\.\d minutes by 1 worker", reporter.said[0])
    # The bundles are those that the stage makes alone.
    alone = small_config(tmp_path / "alone", *GIVEN)
    run_qat(run_config(alone, "SYN-7", 0), Silent())
    mine, other = (load_bundle(bundle_of(one, "SYN-7")).manifest for one in (config, alone))
    assert (mine.program_sha256, mine.files["training/float.pt"]) == (
        other.program_sha256,
        other.files["training/float.pt"],
    )
    table = (found.directory / TABLE).read_text().splitlines()
    assert re.match(r"\| SYN-1 \| SYNTHETIC \|  \| \d+ \| ", table[6])
    before = tree(tmp_path / "models"), tree(found.directory)
    monkeypatch.setattr(fleet_training, "run_qat", None)
    again = Silent()
    run_fleet(config, again, cluster)
    assert again.said[0].startswith("2 networks: 2 known already, 0 trained in ")
    assert (tree(tmp_path / "models"), tree(found.directory)) == before


def test_what_changed_or_is_damaged_is_trained_again(chain: Chain, tmp_path: Path) -> None:
    config = chain.config
    assert trained_already(config) is not None
    assert trained_already(config.model_copy(update={"seed": 1})) is None
    assert trained_already(small_config(chain.root, "training.float_epochs=3")) is None
    assert trained_already(small_config(chain.root, "data.source=synthetic", "csim.windows=9")) is not None
    assert trained_already(small_config(tmp_path)) is None
    formats = network_formats(chain.bundle.program)
    assert isinstance(formats, NetworkFormats)
    assert trained_already(config, formats) is not None
    wider = shared_formats([formats, formats])
    other = NetworkFormats(wider.input, wider.encoder, wider.latent, wider.decoder, wider.latent)
    assert trained_already(config, other) is None


def test_a_channel_that_fails_does_not_end_the_others(tmp_path: Path, cluster: ClusterSettings) -> None:
    files = small_files() | {"data/train/X-1.npy": npy(ramp(200))}
    del files["data/train/U-1.npy"], files["data/test/U-1.npy"]
    archive = write_directory(tmp_path / "archive", files)
    config = small_config(
        tmp_path,
        f"data.path={archive}",
        "data.source=archive",
        "evaluate.window=8",
        "evaluate.baseline_window=8",
        "evaluate.rows=[knn,integer]",
    )
    reporter = Silent()
    found = run_fleet(config, reporter, cluster)
    (name,) = found.problems
    assert name == "X-2"
    assert reporter.warned == [f"NOT TRAINED: channel 'X-2': {found.problems['X-2']}"]
    assert reporter.said[0].startswith("2 networks: 0 known already, 1 trained in ")
    assert f"Left out: channel X-2: {found.problems['X-2']}\n" in (found.directory / TABLE).read_text()
    alone = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"channels": ("X-2",)})})
    message = f"none of the 1 channels can be trained on, the first, 'X-2', as: {found.problems['X-2']}"
    with pytest.raises(FleetError, match=f"^{re.escape(message)}$"):
        run_fleet(alone, Silent(), cluster)


def test_shared_formats(tmp_path: Path, cluster: ClusterSettings) -> None:
    """Every network is in formats that each of them alone would not have, and is measured under its own name."""
    config = small_config(tmp_path, *GIVEN, "evaluate.channels=[SYN-1,SYN-3]", "fleet.shared_formats=true")
    run_fleet(config, Silent(), cluster)
    runs = [run_config(config, name, 0) for name in ("SYN-1", "SYN-3")]
    own = [calibrated(run).formats for run in runs]
    assert own[0] != own[1]
    common = shared_formats([item for item in own if item is not None])
    bundles = [load_bundle(run.bundle_path) for run in runs]
    assert [bundle.path.name for bundle in bundles] == ["SYN-1-lstm8-w8a8-shared", "SYN-3-lstm8-w8a8-shared"]
    assert [network_formats(bundle.program) for bundle in bundles] == [common, common]
    assert [train(run, common).known for run in runs] == [True, True]
    reporter = Silent()
    run_fleet(config, reporter, cluster)
    assert reporter.said[0].startswith("2 networks: 2 known already, 0 trained in ")


@pytest.mark.long
def test_processes_and_seeds(tmp_path: Path) -> None:
    """A cluster of two processes gives the same bundles as one of a thread, and intervals over seeds."""
    config = small_config(tmp_path, *GIVEN, "evaluate.channels=[SYN-1,SYN-2]", "evaluate.seeds=[0,1]")
    found = run_fleet(config, Silent(), ClusterSettings(workers=2))
    for channel in ("SYN-1", "SYN-2"):
        for seed in (0, 1):
            alone = small_config(tmp_path / "alone", *GIVEN)
            expected = run_qat(run_config(alone, channel, seed), Silent()).manifest
            assert load_bundle(bundle_of(config, channel, seed)).manifest.program_sha256 == expected.program_sha256
    data = json.loads((found.directory / "results.json").read_text())
    mean = data["means"]["integer"]["all channels"]["figures"]["auc_pr"]
    assert mean["seeds"] == 2
    assert mean["low"] <= mean["value"] <= mean["high"]
    assert data["means"]["knn"]["all channels"]["figures"]["auc_pr"]["low"] is None
