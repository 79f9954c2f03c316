"""The facts that are known of the SMAP data, on the original archive."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.telemetry import REAL_ARCHIVE, needs_real_archive, write_directory

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.telemetry.archive import (
    ArchiveError,
    ChecksumError,
    TelemetryArchive,
    UnknownChannelError,
    open_archive,
)
from hw_trigger.telemetry.channel import Interval, facts
from hw_trigger.telemetry.checksums import known_files, labels_digest
from hw_trigger.telemetry.labels import LABEL_FILE, read_labels
from hw_trigger.telemetry.scaling import constant_columns, fit_scaling, saturated, scaled_values, to_raw

pytestmark = needs_real_archive

CONSTANT = {"A-1", "B-1", "D-2", "D-7", "D-8", "D-9", "D-12", "D-13", "G-2", "P-4", "R-1"}


@pytest.fixture(scope="module")
def smap() -> TelemetryArchive:
    return open_archive(REAL_ARCHIVE)


def test_all_channels_load_and_are_the_original_ones(smap: TelemetryArchive) -> None:
    assert smap.verify
    channels = [smap.load(name) for name in smap.channels()]
    assert len(channels) == 54
    assert {channel.name for channel in channels if facts(channel).constant_training} == CONSTANT
    assert all(channel.spacecraft == "SMAP" and channel.test.shape[1] == 25 for channel in channels)
    assert all(channel.anomalies for channel in channels)


def test_a1_is_degenerate(smap: TelemetryArchive) -> None:
    found = facts(smap.load("A-1"), 100)
    assert found.flags == ("constant training data", "constant test data but for 1 sample")
    assert (found.train_length, found.test_length, found.columns) == (2880, 8640, 25)
    assert (found.train_range, found.test_range) == ((0.999, 0.999), (-1.0, 1.0))
    assert smap.load("A-1").anomalies == (Interval(4690, 4775, "point"),)


def test_the_two_rows_of_p2_are_one_anomaly(smap: TelemetryArchive) -> None:
    channel = smap.load("P-2")
    assert channel.anomalies == (Interval(5300, 6576, "point"),)
    assert int(channel.labels.sum()) == 1276


def test_p10_and_p14_have_different_labels() -> None:
    """Their test arrays, which are the same, are MSL's and not in this archive (see test_checksums)."""
    with zipfile.ZipFile(REAL_ARCHIVE) as archive:
        labels = read_labels(archive.read(LABEL_FILE), LABEL_FILE)
    assert len(labels) == 81
    assert labels["P-10"].anomalies == (Interval(4590, 4721, "point"),)
    assert labels["P-14"].anomalies == (Interval(4575, 4756, "point"),)
    assert labels["P-10"].num_values == labels["P-14"].num_values == 6100
    assert set(known_files().channels) - set(labels) == {"T-10"}


def test_the_label_file_is_the_packaged_one() -> None:
    with zipfile.ZipFile(REAL_ARCHIVE) as archive:
        assert labels_digest(archive.read(LABEL_FILE)) == known_files().labels


def test_msl_channels_are_labelled_but_not_there(smap: TelemetryArchive) -> None:
    with pytest.raises(UnknownChannelError):
        smap.load("M-6")


def test_an_altered_or_truncated_copy_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.zip"
    content = REAL_ARCHIVE.read_bytes()
    copy.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArchiveError):
        open_archive(copy)
    with zipfile.ZipFile(REAL_ARCHIVE) as archive:
        names = [LABEL_FILE, "data/train/S-1.npy", "data/test/S-1.npy"]
        files = {name: archive.read(name) for name in names}
    files["data/test/S-1.npy"] = files["data/test/S-1.npy"][:-1] + b"\x40"
    with pytest.raises(ChecksumError):
        open_archive(write_directory(tmp_path / "copy", files)).load("S-1")


def test_every_channel_can_be_scaled(smap: TelemetryArchive) -> None:
    """Those that are constant in training, too."""
    raw, output = Format(16, 3), Format(12, 3)
    constant = set()
    for name in smap.channels():
        channel = smap.load(name)
        train, test = channel.train[:, :1], channel.test[:, :1]
        scaling = fit_scaling(train, raw, output, channel=name)
        assert scaling.accumulator.width <= 24
        assert saturated(test, raw) == 0
        codes = to_raw(train, raw)
        x = scaled_values(scaling, codes)
        assert -1.0 <= x.min() <= x.max() <= 1.0
        if constant_columns(codes):
            constant.add(name)
            assert abs(x).max() < 0.01
        elif np.ptp(train) > 1 / 8:
            assert x.max() - x.min() > 1.75
    assert constant == CONSTANT
