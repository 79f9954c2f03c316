from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.layouts import write_mission, write_segments
from support.telemetry import npy, ramp, small_files, write_directory, write_zip

from hw_trigger.telemetry.esa import MissionOptions
from hw_trigger.telemetry.layouts import LayoutError, open_data
from hw_trigger.telemetry.recording import moment

TABLES = {"train/P-1.npy": npy(ramp(5)), "test/P-1.npy": npy(ramp(6)), "train/P-2.npy": npy(ramp(5))}


def described(path: Path) -> Path:
    text = b"channels: {D-1: {train: train/P-1.npy, test: test/P-1.npy}}"
    return write_directory(path, {"dataset.yaml": text, **TABLES})


@pytest.mark.parametrize(
    ("write", "name", "channels"),
    [
        (described, "data set dataset.yaml", ["D-1"]),
        (lambda path: described(path) / "dataset.yaml", "data set dataset.yaml", ["D-1"]),
        (lambda path: write_directory(path, TABLES), "data set here", ["P-1"]),
        (lambda path: write_directory(path, small_files()), "archive here", ["X-1", "X-2", "U-1"]),
        (lambda path: write_zip(path, small_files()), "archive here", ["X-1", "X-2", "U-1"]),
        (write_segments, "OPSSAT-AD segments.csv", ["CADC0872", "CADC0886"]),
        (lambda path: write_segments(path) / "segments.csv", "OPSSAT-AD segments.csv", ["CADC0872", "CADC0886"]),
        (
            lambda path: write_mission(path / "ESA-Mission1"),
            "ESA-ADB mission ESA-Mission1",
            ["channel_2", "channel_10"],
        ),
    ],
)
def test_the_layout_is_told_by_the_files(
    tmp_path: Path, write: Callable[[Path], Path], name: str, channels: list[str]
) -> None:
    source = open_data(write(tmp_path / "here"), MissionOptions(trust_pickle=True))
    assert source.name == name
    assert source.channels() == channels
    for channel in channels:
        loaded = source.load(channel)
        assert loaded.name == channel
        assert np.isfinite(loaded.train).all()


def test_a_description_comes_first(tmp_path: Path) -> None:
    """So does the original layout before tables in the same folders."""
    write_directory(tmp_path, small_files())
    assert open_data(tmp_path).channels() == ["X-1", "X-2", "U-1"]
    described(tmp_path)
    assert open_data(tmp_path).channels() == ["D-1"]


def test_no_layout(tmp_path: Path) -> None:
    with pytest.raises(LayoutError) as caught:
        open_data(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} has the files of no known layout: dataset.yaml, or labeled_anomalies.csv, or channels/ with labels.csv and "
        "anomaly_types.csv, or segments.csv, or tables in train/ and test/; docs/data.md has examples"
    )


@pytest.mark.parametrize("options", [MissionOptions(resample=30.0), MissionOptions(boundary=moment("2007-01-01"))])
def test_settings_of_another_layout(tmp_path: Path, options: MissionOptions) -> None:
    path = described(tmp_path)
    with pytest.raises(LayoutError) as caught:
        open_data(path, options)
    assert str(caught.value) == f"data.resample and data.boundary are for missions of ESA-ADB, and {path} is none"
