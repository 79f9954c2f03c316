from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from hw_trigger.errors import UserError
from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Channel, Interval
from hw_trigger.telemetry.dataset import Dataset
from hw_trigger.telemetry.description import Entry
from hw_trigger.telemetry.recording import RecordingError
from hw_trigger.telemetry.tables import TableError

COUNT = 20
TIMES = pd.date_range("2024-03-01", periods=COUNT, freq="10s")


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    table(12, 16).to_csv(tmp_path / "log.csv", index=False)


def table(*anomalous: int) -> pd.DataFrame:
    """Twenty samples, one every 10 s, of a value and a command; each two of `anomalous` are the limits of an anomaly."""
    label = np.zeros(COUNT, np.int64)
    for first, stop in zip(anomalous[::2], anomalous[1::2], strict=True):
        label[first:stop] = 1
    return pd.DataFrame(
        {
            "timestamp": TIMES.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "volts": volts(),
            "heater": np.arange(COUNT) % 3,
            "label": label,
        }
    )


def volts() -> NDArray[np.float64]:
    return np.arange(COUNT) / 16 - 0.1


def load(folder: Path, **entry: Any) -> Channel:
    return Dataset(folder / "dataset.yaml", folder, {"X": Entry(**{"file": "log.csv", "boundary": 10, **entry})}).load(
        "X"
    )


def refused(folder: Path, kind: type[UserError], **entry: Any) -> str:
    with pytest.raises(kind) as caught:
        load(folder, **entry)
    assert type(caught.value) is kind
    return str(caught.value).replace(f"{folder}/", "")


def test_one_file(tmp_path: Path) -> None:
    channel = load(tmp_path, spacecraft="CUBE", sample_period=10)
    assert np.array_equal(channel.train, np.stack([volts(), np.arange(COUNT) % 3], axis=1)[:10])
    assert np.array_equal(channel.test[:, 0], volts()[10:])
    assert channel.anomalies == (Interval(2, 6, "anomaly"),)
    assert (channel.name, channel.spacecraft, channel.sample_period) == ("X", "CUBE", 10)
    assert channel.source == "data set dataset.yaml"


@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
@pytest.mark.parametrize("boundary", [10, 0.5, "2024-03-01T00:01:40", "2024-03-01T01:01:31+01:00"])
def test_every_file_and_boundary(tmp_path: Path, suffix: str, boundary: object) -> None:
    given = table(12, 16)
    given.to_parquet(tmp_path / "log.parquet")
    times = TIMES.to_numpy()
    np.savez(tmp_path / "log.npz", timestamp=times, volts=given["volts"], heater=given["heater"], label=given["label"])
    channel = load(tmp_path, file=f"log.{suffix}", boundary=boundary)
    assert np.array_equal(channel.train, load(tmp_path).train)
    assert np.array_equal(channel.test, load(tmp_path).test)
    assert channel.anomalies == (Interval(2, 6, "anomaly"),)


def test_two_files_and_labels_in_the_test_part_only(tmp_path: Path) -> None:
    table().drop(columns="label").to_csv(tmp_path / "train.csv", index=False)
    table(3, 4, 18, 20).rename(columns={"label": "bad"}).to_csv(tmp_path / "test.csv", index=False)
    files = {"file": None, "boundary": None, "train": "train.csv", "test": "test.csv"}
    channel = load(tmp_path, label="bad", **files)
    assert channel.train.shape == channel.test.shape == (20, 2)
    assert channel.anomalies == (Interval(3, 4, "anomaly"), Interval(18, 20, "anomaly"))
    assert refused(tmp_path, TableError, label="worse", **files) == (
        "test.csv has no column 'worse'; its columns are timestamp, volts, heater, bad"
    )


def test_arrays_with_labels_in_a_file_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "train.npy", volts())
    np.save(tmp_path / "test.npy", volts()[::-1])
    np.save(tmp_path / "labels.npy", np.arange(COUNT) >= 17)
    files = {"file": None, "boundary": None, "train": "train.npy", "test": "test.npy"}
    channel = load(tmp_path, labels="labels.npy", **files)
    assert channel.test[:, 0].tolist() == volts()[::-1].tolist()
    assert channel.anomalies == (Interval(17, 20, "anomaly"),)
    np.save(tmp_path / "labels.npy", np.zeros(COUNT - 1))
    assert refused(tmp_path, TableError, labels="labels.npy", **files) == (
        "labels.npy has 19 labels, and test.npy has 20 samples"
    )
    np.save(tmp_path / "labels.npy", np.zeros((COUNT, 2)))
    assert refused(tmp_path, TableError, labels="labels.npy", **files) == (
        "labels.npy has 2 columns, and one of labels is needed"
    )


def test_columns_are_chosen(tmp_path: Path) -> None:
    assert load(tmp_path, values=["heater"]).test[:, 0].tolist() == [float(index % 3) for index in range(10, 20)]
    assert np.array_equal(load(tmp_path, values=[2, "volts"]).train, load(tmp_path).train[:, ::-1])
    assert refused(tmp_path, TableError, values=["volt"]) == (
        "log.csv has no column 'volt'; did you mean 'volts'?; its columns are timestamp, volts, heater, label"
    )
    pd.DataFrame({"label": [0, 1], "timestamp": [0, 1]}).to_csv(tmp_path / "log.csv", index=False)
    assert refused(tmp_path, TableError) == "log.csv has no column with values; its columns are label, timestamp"


def test_ranges(tmp_path: Path) -> None:
    """Both ends are inclusive, and samples are counted in the file; what is before the boundary is not trained on."""
    pd.DataFrame({"first": [4, 15], "last": [5, 15], "kind": ["spike", "7"]}).to_csv(tmp_path / "r.csv", index=False)
    pd.DataFrame({"first": TIMES[[4, 15]], "last": TIMES[[5, 15]], "kind": ["spike", "7"]}).to_parquet(
        tmp_path / "r.parquet"
    )
    listed = [[15, 15, "7"], [4, 5]]
    timed = [
        ["2024-03-01T00:00:31", "2024-03-01T00:00:50", "spike"],
        ["2024-03-01T00:02:30", "2024-03-01T00:02:30", "7"],
    ]
    for anomalies in (listed, timed, "r.csv", "r.parquet"):
        channel = load(tmp_path, anomalies=anomalies)
        assert channel.train[:, 0].tolist() == [*volts()[:4], *volts()[6:10]]
        assert channel.anomalies == (Interval(5, 6, "7"),)
    assert load(tmp_path, anomalies=[]).anomalies == ()
    adjacent = load(tmp_path, anomalies=[[12, 13, "a"], [14, 14, "b"]])
    assert adjacent.anomalies == (Interval(2, 4, "a"), Interval(4, 5, "b"))


@pytest.mark.parametrize(
    ("anomalies", "message"),
    [
        ([[12, 20]], "the range [12, 20] is outside the data, which have samples 0 to 19"),
        ([[-1, 2]], "the range [-1, 2] is outside the data, which have samples 0 to 19"),
        ([[5, 4]], "the range [5, 4] is reversed; the first sample comes first"),
        ([[12, 15], [15, 16]], "the range [15, 16] overlaps another; make them one range"),
        (
            [["2024-03-01T00:00:31", "2024-03-01T00:00:39"]],
            (
                "the range [2024-03-01T00:00:31.000000000, 2024-03-01T00:00:39.000000000] is outside the data, "
                "which have samples from 2024-03-01T00:00:00.000000000 to 2024-03-01T00:03:10.000000000"
            ),
        ),
    ],
)
def test_ranges_that_cannot_be(tmp_path: Path, anomalies: list[list[object]], message: str) -> None:
    assert refused(tmp_path, RecordingError, anomalies=anomalies) == f"log.csv: {message}"


def test_ranges_of_the_wrong_kind(tmp_path: Path) -> None:
    table().drop(columns="timestamp").to_csv(tmp_path / "log.csv", index=False)
    assert refused(tmp_path, RecordingError, anomalies=[["2024-03-01", "2024-03-02"]]) == (
        "log.csv: the range [2024-03-01T00:00:00.000000000, 2024-03-02T00:00:00.000000000] is of times, "
        "and the data have no timestamps"
    )
    pd.DataFrame({"first": [0.5], "last": [1]}).to_csv(tmp_path / "r.csv", index=False)
    assert refused(tmp_path, TableError, anomalies="r.csv") == (
        "column 'first' of r.csv must have samples' numbers, whole ones, or times"
    )
    pd.DataFrame({"start": [0], "last": [1]}).to_csv(tmp_path / "r.csv", index=False)
    assert (
        refused(tmp_path, TableError, anomalies="r.csv") == "r.csv has no column 'first'; its columns are start, last"
    )
    assert refused(tmp_path, TableError, anomalies="s.csv") == "there is no file s.csv"


def test_resampling(tmp_path: Path) -> None:
    """Every 20 s: every other sample, and the first one; odd labelled samples are not lost."""
    channel = load(tmp_path, resample=20, boundary="2024-03-01T00:01:40", anomalies=[[13, 13]])
    assert channel.sample_period == 20
    assert np.array_equal(np.vstack([channel.train, channel.test])[:7, 0], volts()[[0, 2, 4, 6, 8, 10, 12]])
    assert channel.test[:, 0].tolist() == volts()[[10, 12, 13, 16, 18, 19]].tolist()
    assert channel.anomalies == (Interval(2, 3, "anomaly"),)


def test_mistakes(tmp_path: Path) -> None:
    def wrong(column: str, value: int | str) -> None:
        given = table(12, 16)
        given.assign(**{column: given[column].astype(object).where(given.index != 3, value)}).to_csv(
            tmp_path / "log.csv", index=False
        )

    with pytest.raises(UnknownChannelError) as caught:
        Dataset(tmp_path / "dataset.yaml", tmp_path, {"BATT-1": Entry(file=Path("log.csv"), boundary=1)}).load("BAT-1")
    assert str(caught.value) == (
        f"{tmp_path / 'dataset.yaml'} has no channel 'BAT-1'; did you mean 'BATT-1'?; it has 1 channels"
    )
    assert refused(tmp_path, TableError, file="logs.csv") == "there is no file logs.csv"
    assert refused(tmp_path, RecordingError, boundary=20) == (
        "log.csv has no test data: the boundary 20 leaves none of 20 samples"
    )
    assert refused(tmp_path, RecordingError, anomalies=[[0, 9]]) == (
        "log.csv has no training data: all 10 samples are labelled anomalous"
    )
    wrong("volts", "")
    assert refused(tmp_path, TableError) == (
        "column 'volts' of log.csv: 1 value is not finite, the first is nan in row 3"
    )
    wrong("volts", "off")
    assert refused(tmp_path, TableError) == "column 'volts' of log.csv is not numeric: row 3 has 'off'"
    wrong("label", 2)
    assert refused(tmp_path, TableError) == "column 'label' of log.csv has 2 in row 3, and labels must be 0 or 1"
    wrong("timestamp", "2024-03-01T00:00:19Z")
    assert refused(tmp_path, TableError) == (
        "column 'timestamp' of log.csv is not sorted: row 3 has 2024-03-01T00:00:19Z, and the row before it 2024-03-01T00:00:20Z"
    )
