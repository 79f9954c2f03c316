"""Which channels are chosen, and what their runs are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.chain import small_config
from support.telemetry import small_files, write_directory

from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import FleetError, run_config, select_channels, without_bundle
from hw_trigger.telemetry.synthetic import SYNTHETIC_CHANNELS


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HW_TRIGGER_DATA", raising=False)
    return write_directory(tmp_path / "archive", small_files())


def test_runs_are_called_after_channel_formats_and_seed(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    assert run_config(config, "SYN-2", 0).run_name == "SYN-2-lstm8-w8a8"
    other = run_config(config, "SYN-2", 3)
    assert (other.run_name, other.channel, other.seed) == ("SYN-2-lstm8-w8a8-seed3", "SYN-2", 3)
    shared = small_config(tmp_path, "fleet.shared_formats=true")
    assert run_config(shared, "SYN-2", 0).bundle_path == tmp_path / "models" / "SYN-2-lstm8-w8a8-shared"
    assert run_config(shared, "SYN-2", 3).run_name == "SYN-2-lstm8-w8a8-shared-seed3"


@pytest.mark.parametrize("given", ["run=mine", "onnx=net.onnx"])
def test_one_name_for_many_networks_is_refused(tmp_path: Path, given: str) -> None:
    message = f"{given} names one network, and each channel has one of its own: leave it out"
    with pytest.raises(FleetError, match=f"^{re.escape(message)}$"):
        run_config(small_config(tmp_path, given), "SYN-1", 0)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("all", ("X-1", "X-2", "U-1")),
        ("ORBITER", ("X-1", "X-2")),
        ("SYN-2", ("SYN-2",)),
        ("[X-2,ORBITER,X-2]", ("X-2", "X-1")),
        ("[X-1,SYNTHETIC]", ("X-1", *SYNTHETIC_CHANNELS)),
    ],
)
def test_channels(archive: Path, tmp_path: Path, wanted: str, names: tuple[str, ...]) -> None:
    config = small_config(tmp_path, f"data.path={archive}", f"evaluate.channels={wanted}")
    assert select_channels(config, Silent()) == names


def test_all_are_the_built_in_channels_where_there_are_no_others(tmp_path: Path) -> None:
    reporter = Silent()
    found = select_channels(small_config(tmp_path, "data.source=synthetic"), reporter)
    assert found == SYNTHETIC_CHANNELS
    assert [text[:20] for text in reporter.warned] == ["SYNTHETIC TELEMETRY:"] * len(found)


def test_a_channel_that_is_not_there(archive: Path, tmp_path: Path) -> None:
    config = small_config(tmp_path, f"data.path={archive}", "data.source=archive", "evaluate.channels=[X-1,ORBITR]")
    message = (
        "archive archive has no channel and no spacecraft 'ORBITR'; did you mean 'ORBITER'?; evaluate.channels may have: "
        "X-1, X-2, U-1, ORBITER, unknown, all"
    )
    with pytest.raises(FleetError, match=f"^{re.escape(message)}$"):
        select_channels(config, Silent())


def test_runs_without_a_bundle(tmp_path: Path) -> None:
    config = small_config(tmp_path, "evaluate.seeds=[0,2]")
    manifest = config.paths.models / "SYN-2-lstm8-w8a8" / "bundle.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    assert without_bundle(config, ("SYN-1", "SYN-2")) == (
        "SYN-1-lstm8-w8a8",
        "SYN-1-lstm8-w8a8-seed2",
        "SYN-2-lstm8-w8a8-seed2",
    )
