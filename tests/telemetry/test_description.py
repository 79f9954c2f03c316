import json
from pathlib import Path

import numpy as np
import pytest

from hw_trigger.telemetry.description import DescriptionError, Entry, find_files, read_description


def described(folder: Path, text: str) -> dict[str, Entry]:
    (folder / "dataset.yaml").write_text(text)
    return read_description(folder / "dataset.yaml")


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DescriptionError) as caught:
        described(folder, text)
    return str(caught.value).replace(f"{folder / 'dataset.yaml'}", "HERE")


def test_every_key(tmp_path: Path) -> None:
    text = """
defaults: {spacecraft: CUBE, timestamp: time, sample_period: 2}
channels:
  one: {file: a.csv, boundary: 0.5, values: [volts, 2], label: bad, resample: 30}
  two: {train: a.npy, test: b.npy, labels: l.npy, spacecraft: OTHER, timestamp: 0}
  three: {file: a.csv, boundary: 2024-03-01, anomalies: [[1, 2], [2024-03-01T00:00:01, 2024-03-01T00:00:02Z, drift]]}
  four: {file: a.csv, boundary: 7, anomalies: r.csv}
"""
    second = np.datetime64("2024-03-01T00:00:01", "ns")
    first_two = ((1, 2, "anomaly"), (second, second + np.timedelta64(1, "s"), "drift"))
    common = Entry.model_construct(spacecraft="CUBE", timestamp="time", sample_period=2.0)
    log = {"file": Path("a.csv")}
    assert described(tmp_path, text) == {
        name: common.model_copy(update=update)
        for name, update in {
            "one": {**log, "boundary": 0.5, "values": ("volts", 2), "label": "bad", "resample": 30.0},
            "two": {
                "train": Path("a.npy"),
                "test": Path("b.npy"),
                "labels": Path("l.npy"),
                "spacecraft": "OTHER",
                "timestamp": 0,
            },
            "three": {**log, "boundary": np.datetime64("2024-03-01", "ns"), "anomalies": first_two},
            "four": {**log, "boundary": 7, "anomalies": Path("r.csv")},
        }.items()
    }
    assert Entry(file=Path("a.csv"), boundary=1).spacecraft == "unknown"


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"channels": {"X-1": {"train": "a.csv", "test": "b.csv"}}}))
    assert read_description(path) == {"X-1": Entry(train=Path("a.csv"), test=Path("b.csv"))}


CHANNEL = "channels: {{X: {{file: a.csv, boundary: 5, {}}}}}"
NAMES = "must have letters, digits, '.', '_' and '-' only, and begin with a letter or a digit"
KEYS = "file, boundary, train, test, values, timestamp, label, labels, anomalies, resample, sample_period, spacecraft"
FILES = "needs either file and boundary, or train and test, and has"
RANGES = "must be a file, or a list of [first, last] or [first, last, kind], in sample numbers or in times"
BOUNDARY = "must be the first test sample's number, a share between 0 and 1, or a time such as 2024-03-01T12:00:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": a mapping with the key 'channels' is needed, not None"),
        (
            "channel: {}",
            (
                ": the key 'channels' is missing\n"
                "HERE: there is no key 'channel'; did you mean 'channels'?; the keys are defaults, channels"
            ),
        ),
        ("channels: {}", ": channels: Dictionary should have at least 1 item after validation, not 0, not {}"),
        ("channels: {'my channel': {}}", f": the channel's name 'my channel' {NAMES}"),
        ("channels: {X: {}}", f", channel 'X' {FILES} neither"),
        ("{defaults: {file: a.csv}, channels: {X: {train: b.csv}}}", f", channel 'X' {FILES} file, train"),
        (
            CHANNEL.format("label: a, labels: b"),
            ", channel 'X' has label and labels, and one of them says what is anomalous",
        ),
        (
            CHANNEL.format("period: 5"),
            f", channel 'X': there is no key 'period'; did you mean 'sample_period'?; the keys are {KEYS}",
        ),
        (CHANNEL.format("resample: 0"), ", channel 'X': resample: Input should be greater than 0, not 0"),
        (
            CHANNEL.format("timestamp: 0.5"),
            ", channel 'X': timestamp: must be a column's name or its number, from 0, not 0.5",
        ),
        (
            CHANNEL.format("values: []"),
            ", channel 'X': values: Tuple should have at least 1 item after validation, not 0, not []",
        ),
        (CHANNEL.format("anomalies: 5"), f", channel 'X': anomalies: {RANGES}, not 5"),
        (
            CHANNEL.format("anomalies: [[1, 0.5]]"),
            (
                ", channel 'X': anomalies: 0.5 is neither a sample's number nor a time such as 2024-03-01T12:00:00, "
                "not [[1, 0.5]]"
            ),
        ),
        (
            CHANNEL.format("anomalies: [[1, '2024-03-01']]"),
            (
                ", channel 'X': anomalies: the range [1, '2024-03-01'] has a sample's number and a time, "
                "not [[1, '2024-03-01']]"
            ),
        ),
        *(
            (
                f"channels: {{X: {{file: a.csv, boundary: {boundary}}}}}",
                f", channel 'X': boundary: {BOUNDARY}, not {told}",
            )
            for boundary, told in (("0", "0"), ("1.0", "1.0"), ("true", "True"), ("[1]", "[1]"), ("noon", "'noon'"))
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    assert refused(tmp_path, text) == f"HERE{message}"


def test_not_yaml(tmp_path: Path) -> None:
    assert refused(tmp_path, "channels: [").startswith("HERE is not YAML: while parsing a flow node expected the node ")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError) as caught:
        read_description(tmp_path / "none.yaml")
    assert str(caught.value) == f"cannot read {tmp_path / 'none.yaml'}: No such file or directory"


def test_files_in_two_folders(tmp_path: Path) -> None:
    assert find_files(tmp_path) == {}
    for name in (
        "train/b.csv",
        "test/b.npy",
        "train/a.npz",
        "test/a.npz",
        "train/alone.csv",
        "test/notes.txt",
        "test/.c.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(find_files(tmp_path)) == ["a", "b"]
    assert find_files(tmp_path)["b"] == Entry(train=Path("train/b.csv"), test=Path("test/b.npy"))
    (tmp_path / "test/b.csv").touch()
    with pytest.raises(DescriptionError) as caught:
        find_files(tmp_path)
    assert str(caught.value) == (f"{tmp_path} has two files for channel 'b': test/b.csv and test/b.npy")
    (tmp_path / "test/b.csv").unlink()
    for part in ("train", "test"):
        (tmp_path / part / "b (2).csv").touch()
    with pytest.raises(DescriptionError) as caught:
        find_files(tmp_path)
    assert str(caught.value) == (f"{tmp_path}: the channel's name 'b (2)' {NAMES}")
