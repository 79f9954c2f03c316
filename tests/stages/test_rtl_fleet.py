"""Channels of a fleet that share one engine: from bundles with shared formats to the proof for every channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from support.chain import small_config, tree
from support.families import random_member
from support.programs import Sizes, random_program, with_deviation

from hw_trigger.bundle.bundle import load_bundle
from hw_trigger.config.schema import Config
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.family import FamilyError, family
from hw_trigger.models.shared_formats import shared_formats
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.qonnx.writer import write
from hw_trigger.rtl.manifest import RtlProjectError
from hw_trigger.rtl.project import open_project
from hw_trigger.rtl.simulation.build import build
from hw_trigger.stages.fleet_training import calibrated, train
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.rtl import open_rtl, run_rtl
from hw_trigger.stages.rtl_subject import RtlSubject
from hw_trigger.stages.rtl_windows import simulated_streams
from hw_trigger.stages.rtlsim import run_rtlsim
from hw_trigger.stages.runs import FleetError, run_config
from hw_trigger.stages.subject import Subject
from hw_trigger.stages.synth import run_synth
from hw_trigger.stages.telemetry import digitize, load_channel
from hw_trigger.verification.stress import stress_windows

CHANNELS = ("SYN-1", "SYN-7")
GIVEN = ("data.source=synthetic", "evaluate.channels=[SYN-1,SYN-7]", "rtl.multipliers=8", "rtl.windows=40")


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Compile simulations without optimization: what they run is not worth it."""
    with pytest.MonkeyPatch.context() as patch:
        for stage in ("rtlsim", "synth"):
            patch.setattr(f"hw_trigger.stages.{stage}.build", partial(build, optimization="-O0"))
        yield


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the configuration of two channels that are trained with shared formats."""
    config = small_config(tmp_path_factory.mktemp("fleet"), *GIVEN, "fleet.shared_formats=true")
    runs = [run_config(config, name, 0) for name in CHANNELS]
    formats = shared_formats([cast("NetworkFormats", calibrated(one).formats) for one in runs])
    assert not any(train(one, formats).problem for one in runs)
    return config


@pytest.fixture(scope="module")
def simulated(fleet: Config) -> tuple[Path, Silent]:
    """The project of both, simulated; its directory."""
    reporter = Silent()
    project = run_rtl(fleet, reporter, fleet=True)
    found = run_rtlsim(fleet, reporter, fleet=True)
    assert found.table.mismatches == 0
    return project.directory, reporter


@pytest.mark.long
def test_each_channel_has_its_own_weights(fleet: Config, simulated: tuple[Path, Silent]) -> None:
    directory, reporter = simulated
    assert directory == fleet.paths.rtl / "interleaved-all"
    programs = {name: load_bundle(run_config(fleet, name, 0).bundle_path).program for name in CHANNELS}
    members = open_project(directory).design.members
    assert [serialize.digest(each) for each in members] == [
        serialize.digest(each) for each in family(programs).members.values()
    ]
    assert serialize.digest(members[0]) != serialize.digest(members[1])
    # The trigger settles in 20 windows, 40 are configured, and 16 reach the corners of the arithmetic.
    windows = 20 + 40 + 16
    rows = re.findall(r"\| (\d: SYN-\d) +\| +(\d+) \| +(\d+) \| +(\d+) \| +(\d+) \|", "\n".join(reporter.said))
    assert [(name, *map(int, (shown, compared, bad))) for name, shown, _, compared, bad in rows] == [
        (f"{number}: {name}", windows, 2 * windows, 0) for number, name in enumerate(CHANNELS)
    ]
    assert all(row in (directory / "verification.md").read_text("utf-8") for row in (rows[0][0], rows[1][0]))
    readme = (directory / "README.md").read_text("utf-8")
    for number, name in enumerate(CHANNELS):
        assert f"| {number} | {name}-lstm8-w8a8-shared | " in readme
    assert "for 2 channels, 8 multiplications a cycle, a window of each every " in reporter.said[0]
    assert reporter.said[0].endswith("next: hw-trigger rtlsim SYN-1 SYN-7")
    assert reporter.said[-1].endswith("next: hw-trigger synth SYN-1 SYN-7")


@pytest.mark.long
def test_an_unchanged_project_is_kept(fleet: Config, simulated: tuple[Path, Silent]) -> None:
    directory, _ = simulated
    before = tree(directory)
    run_rtl(fleet, Silent(), fleet=True)
    assert tree(directory) == before


@pytest.mark.long
def test_the_netlist_computes_each_channel(fleet: Config, simulated: tuple[Path, Silent]) -> None:
    del simulated
    found = run_synth(fleet, Silent(), netlist=True, fleet=True)
    assert found.netlist is not None
    assert (found.netlist.mismatches, found.netlist.windows) == (0, 2 * (20 + 16 + 16))


@pytest.mark.long
def test_other_channels_are_refused(fleet: Config, simulated: tuple[Path, Silent]) -> None:
    directory, _ = simulated
    turned = fleet.model_copy(update={"evaluate": fleet.evaluate.model_copy(update={"channels": CHANNELS[::-1]})})
    with pytest.raises(RtlProjectError) as caught:
        run_rtlsim(turned, Silent(), fleet=True)
    assert str(caught.value) == (
        f"the RTL project {directory} was written for other programs than those of the channels SYN-7, SYN-1; "
        "run hw-trigger rtl SYN-7 SYN-1 again"
    )


@pytest.mark.long
def test_each_channel_is_sent_its_own_test_data(fleet: Config) -> None:
    subject = _of_bundles(fleet)
    streams = simulated_streams(subject, 40, Silent())
    assert streams.shape[:2] == (2, 20 + 40 + 16)
    for stream, one in zip(streams, subject.subjects, strict=True):
        assert one.bundle is not None
        samples = digitize(load_channel(one.config, Silent()), "test", one.bundle.scaling)
        recorded = {window.tobytes() for window in samples.windows(one.program.steps)}
        assert {window.tobytes() for window in stream[:-16]} <= recorded
        np.testing.assert_array_equal(stream[-16:], stress_windows(one.program, 16))


def _of_bundles(config: Config) -> RtlSubject:
    runs = [run_config(config, name, 0) for name in CHANNELS]
    bundles = [load_bundle(run.bundle_path) for run in runs]
    subjects = tuple(
        Subject(run, bundle.program, bundle.model, bundle) for run, bundle in zip(runs, bundles, strict=True)
    )
    return RtlSubject(config, subjects, CHANNELS, config.paths.rtl / "interleaved-all")


def _foreign(root: Path, widths: tuple[int, int] = (4, 9)) -> RtlSubject:
    """Return a fleet of two random programs, as if they had bundles."""
    config = small_config(root, "rtl.channels=2", "rtl.multipliers=8")
    program = with_deviation(random_program(3, Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,))))
    programs = [program, random_member(program, 1)]
    if widths != (4, 9):
        programs[1] = random_program(4, Sizes(steps=3, encoder=(2,), latent=2, decoder=(2,)), widths=widths)
    subjects = tuple(Subject(config, each, write(each), None) for each in programs)
    return RtlSubject(config, subjects, ("A", "B"), root / "interleaved")


def test_shorter_streams_begin_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = _foreign(tmp_path)
    lengths = iter((7, 4))
    monkeypatch.setattr(
        "hw_trigger.stages.rtl_windows.stress_windows", lambda program, _: stress_windows(program, next(lengths))
    )
    streams = simulated_streams(subject, None, Silent())
    first, second = (stress_windows(each, count) for each, count in zip(subject.programs, (7, 4), strict=True))
    np.testing.assert_array_equal(streams, np.stack([first, np.concatenate([second, second[:3]])]))


def test_provenance_tells_the_channels_and_their_order(tmp_path: Path) -> None:
    subject = _foreign(tmp_path)
    turned = replace(subject, subjects=subject.subjects[::-1])
    assert subject.provenance["channels"] == "A, B"
    assert subject.provenance["channels SHA-256"] != turned.provenance["channels SHA-256"]
    assert set(subject.provenance) == set(turned.provenance)
    assert [serialize.digest(each) for each in subject.design().members] == [
        serialize.digest(each) for each in subject.members
    ]


def test_formats_that_are_not_shared(tmp_path: Path) -> None:
    with pytest.raises(FamilyError, match=r"^channels 'A' and 'B' cannot share one design: "):
        _foreign(tmp_path, widths=(10, 12)).design()


def test_mistakes(tmp_path: Path) -> None:
    config = small_config(tmp_path, *GIVEN)
    path = tmp_path / "models" / "SYN-1-lstm8-w8a8-shared"
    for run in (run_rtl, run_rtlsim, run_synth):
        with pytest.raises(FleetError) as caught:
            run(config, Silent(), fleet=True)
        assert str(caught.value) == (
            f"channel 'SYN-1' has no bundle {path}; train it with: hw-trigger fleet fleet.shared_formats=true"
        )
    one = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"channels": ("SYN-1",)})})
    with pytest.raises(FleetError) as caught:
        run_rtl(one, Silent(), fleet=True)
    assert str(caught.value) == (
        "'SYN-1' is a single channel, and several are needed to interleave them; for the design of one write channel=SYN-1"
    )
    missing = _foreign(tmp_path)
    with pytest.raises(RtlProjectError) as none:
        open_rtl(missing)
    assert str(none.value) == (
        f"{missing.directory} is not an RTL project: it has no readable manifest.json; `hw-trigger rtl` writes one"
    )
