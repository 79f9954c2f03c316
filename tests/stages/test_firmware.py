"""One firmware for a fleet: from bundles with shared formats to the proof for every channel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from support.chain import small_config, tree

from hw_trigger.bundle.bundle import load_bundle
from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint import compiled
from hw_trigger.fixedpoint.family import FamilyError
from hw_trigger.hls.channels import open_channels
from hw_trigger.hls.settings import HlsSettingsError
from hw_trigger.models.shared_formats import shared_formats
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.stages.firmware import Firmware, run_firmware
from hw_trigger.stages.fleet_training import calibrated, train
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import FleetError, run_config

CHANNELS = ("SYN-1", "SYN-7")
GIVEN = ("data.source=synthetic", "evaluate.channels=[SYN-1,SYN-7]", "fleet.shared_formats=true")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the configuration of two channels that are trained with shared formats."""
    config = small_config(tmp_path_factory.mktemp("fleet"), *GIVEN)
    runs = [run_config(config, name, 0) for name in CHANNELS]
    formats = shared_formats([cast("NetworkFormats", calibrated(one).formats) for one in runs])
    assert not any(train(one, formats).problem for one in runs)
    return config


@pytest.mark.long
def test_a_fleet_has_one_firmware(fleet: Config) -> None:
    reporter = Silent()
    found = run_firmware(fleet, reporter)
    assert found.directory == fleet.paths.projects / "firmware-all"
    assert [proof.channel for proof in found.proofs] == list(CHANNELS)
    # Those in which the trigger settles, as many as are configured, and those that reach the corners; score, trigger and x.
    assert all((proof.windows, proof.compared) == (44, 44 * (2 + 16)) for proof in found.proofs)
    assert (found.mismatches, found.missing) == (0, ())
    assert any(proof.alarms for proof in found.proofs)
    for name, project in open_channels(found.directory).items():
        bundle = load_bundle(run_config(fleet, name, 0).bundle_path)
        expected = compiled.run(bundle.program, project.windows())
        np.testing.assert_array_equal(project.expected().score, expected.score)
    written = json.loads((found.directory / "channels.json").read_text())
    assert written["memory_bits"] == found.memory_bits
    assert reporter.said[0] == (found.directory / "channels.md").read_text().split("\n\n")[1]
    assert reporter.said[1] == (
        f"0 mismatches in {2 * 44 * 18:,} codes of 2 channels, one executable; {found.memory_bits:,} bits "
        f"({found.memory_bits / 8192:.1f} KiB) of memory a channel; what a host loads: {found.directory}/weights/<channel>"
    )
    _is_kept(fleet, found)
    _is_written_again_when_damaged(fleet, found)


def _is_kept(fleet: Config, found: Firmware) -> None:
    (found.directory / "synthesis.log").write_text("of a tool")
    before = tree(found.directory)
    run_firmware(fleet, Silent())
    assert tree(found.directory) == before


def _is_written_again_when_damaged(fleet: Config, found: Firmware) -> None:
    path = found.directory / "weights" / "SYN-7" / "output_bias.mem"
    before = path.read_bytes()
    path.write_text("0000\n")
    assert run_firmware(fleet, Silent()).mismatches == 0
    assert path.read_bytes() == before
    assert not (found.directory / "synthesis.log").exists()


@pytest.mark.long
def test_a_channel_without_a_bundle_is_left_out(fleet: Config) -> None:
    channels = fleet.evaluate.model_copy(update={"channels": ("SYN-1", "SYN-2"), "name": "two"})
    reporter = Silent()
    found = run_firmware(fleet.model_copy(update={"evaluate": channels}), reporter)
    assert found.missing == ("SYN-2",)
    assert [proof.channel for proof in found.proofs] == ["SYN-1"]
    path = fleet.paths.models / "SYN-2-lstm8-w8a8-shared"
    assert (
        f"NOT SERVED: channel 'SYN-2' has no bundle {path}; train it with: hw-trigger fleet fleet.shared_formats=true"
    ) in reporter.warned


@pytest.mark.long
def test_formats_that_are_not_shared(fleet: Config, tmp_path: Path) -> None:
    """A bundle of the run's name that was trained with other widths."""
    quant = small_config(tmp_path, "quant=w6a8").quant
    run_qat(run_config(fleet, "SYN-2", 0).model_copy(update={"quant": quant}), Silent())
    channels = fleet.evaluate.model_copy(update={"channels": ("SYN-1", "SYN-2")})
    one, another = (
        load_bundle(run_config(fleet, name, 0).bundle_path).program.layers[0] for name in ("SYN-1", "SYN-2")
    )
    with pytest.raises(FamilyError) as caught:
        run_firmware(fleet.model_copy(update={"evaluate": channels}), Silent())
    assert str(caught.value) == (
        f"channels 'SYN-1' and 'SYN-2' cannot share one design: 'encoder.weight_format' is {one.weight_format} in the first "
        f"and {another.weight_format} in the second; train them as one fleet, with fleet.shared_formats=true"
    )


def test_no_bundle_at_all(tmp_path: Path) -> None:
    with pytest.raises(FleetError) as caught:
        run_firmware(small_config(tmp_path, *GIVEN), Silent())
    assert str(caught.value) == (
        f"channel 'SYN-1' has no bundle {tmp_path / 'models' / 'SYN-1-lstm8-w8a8-shared'}, nor has another; "
        "train it with: hw-trigger fleet fleet.shared_formats=true"
    )


def test_latency_has_no_ports(tmp_path: Path) -> None:
    with pytest.raises(HlsSettingsError) as caught:
        run_firmware(small_config(tmp_path, *GIVEN, "hls=latency"), Silent())
    assert str(caught.value) == (
        "the HLS setting weights='ports' needs strategy='Resource': the products of the strategy 'Latency' read all their "
        "weights at once, which a memory cannot"
    )
