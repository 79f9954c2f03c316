import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.layouts import mission_table, write_mission

from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Interval
from hw_trigger.telemetry.esa import Mission, MissionError, MissionOptions, open_mission
from hw_trigger.telemetry.recording import RecordingError, moment
from hw_trigger.telemetry.tables import TableError

TRUST = MissionOptions(trust_pickle=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_mission(tmp_path / "ESA-Mission1")


def write_pickle(content: object, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.stem, pickle.dumps(content))


def held(times: list[str]) -> list[float]:
    """The last value up to each time, by pandas."""
    values = mission_table("channel_2").asof(pd.DatetimeIndex([f"2007-01-01T{time}" for time in times]))
    return values["channel_2"].tolist()


def test_the_benchmarks_settings(path: Path) -> None:
    mission = open_mission(path, TRUST)
    assert mission == Mission(path, "ESA-Mission1", ("channel_2", "channel_10"), 30.0, moment("2007-01-01"), True)
    assert mission.name == "ESA-ADB mission ESA-Mission1"
    assert mission.channels() == ["channel_2", "channel_10"]
    other = open_mission(write_mission(path.parent / "ESA-Mission2"), TRUST)
    assert (other.period, other.boundary) == (18.0, moment("2001-10-01"))
    own = open_mission(path, MissionOptions(60.0, moment("2006-12-31T23:30:00"), True))
    assert (own.period, own.boundary) == (60.0, moment("2006-12-31T23:30:00"))


def test_a_channel(path: Path) -> None:
    channel = open_mission(path, TRUST).load("channel_2")
    assert (channel.name, channel.spacecraft, channel.sample_period) == ("channel_2", "ESA-Mission1", 30.0)
    # The hour before the boundary has 120 grid points, without the 11 from 23:40:00 to 23:45:00 that are labelled.
    assert len(channel.train) == 109
    assert len(channel.test) == 121
    # Every 30 s the last sample up to there; the sample at 00:20:05 is gone by 00:20:30, but it is an event.
    assert channel.test[:4, 0].tolist() == held(["00:00:00", "00:00:30", "00:01:00", "00:01:30"])
    assert channel.test[40:43, 0].tolist() == [*held(["00:20:00"]), 99.0, *held(["00:21:00"])]
    # 00:10:00 to 00:12:00 is an anomaly, and its last sample is held until there; the communication gap at 00:30 is none.
    assert channel.anomalies == (Interval(20, 25, "Anomaly"), Interval(41, 42, "Rare Event"))


def test_texts_become_numbers_and_missing_values_are_left_out(path: Path) -> None:
    channel = open_mission(path, TRUST).load("channel_10")
    assert set(channel.train[:, 0]) == {0.0, 1.0}
    assert channel.train[0, 0] == 0.0
    assert set(channel.test[:, 0]) == {1.0}
    assert channel.anomalies == (Interval(20, 25, "Anomaly"),)
    table = mission_table("channel_2")
    table.iloc[5:9] = np.nan
    table.to_pickle(path / "channels" / "channel_2.zip")
    gone = open_mission(path, TRUST).load("channel_2").train[:, 0]
    assert gone[3:7].tolist() == [4 / 64, 4 / 64, 4 / 64, 9 / 64]


def test_an_anomaly_outweighs_a_rare_event(path: Path) -> None:
    labels = path / "labels.csv"
    labels.write_text(labels.read_text() + "id_4,channel_2,2007-01-01T00:11:00Z,2007-01-01T00:13:00Z\n")
    channel = open_mission(path, TRUST).load("channel_2")
    assert channel.anomalies[:2] == (Interval(20, 25, "Anomaly"), Interval(25, 27, "Rare Event"))


def test_pickles_are_loaded_only_where_they_are_trusted(path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (path / "executed",)

    write_pickle(Evil(), path / "channels" / "channel_2.zip")
    mission = open_mission(path, MissionOptions())
    with pytest.raises(MissionError) as caught:
        mission.load("channel_2")
    assert str(caught.value) == (
        f"{path / 'channels' / 'channel_2.zip'} is a pickle, and loading one can run any code that is in it; "
        "if you trust where it is from, set data.trust_pickle=true"
    )
    assert not (path / "executed").exists()


def test_channels_that_are_not_there(path: Path) -> None:
    for options in (TRUST, MissionOptions()):
        with pytest.raises(UnknownChannelError) as caught:
            open_mission(path, options).load("channel_3")
        assert str(caught.value) == f"{path} has no channel 'channel_3'; did you mean 'channel_2'?; it has 2 channels"


def test_other_missions_need_settings(path: Path) -> None:
    other = path.rename(path.parent / "Mission9")
    for options in (TRUST, MissionOptions(resample=30.0), MissionOptions(boundary=moment("2007-01-01"))):
        with pytest.raises(MissionError) as caught:
            open_mission(other, options)
        assert str(caught.value) == (
            "the mission 'Mission9' is none of ESA-Mission1, ESA-Mission2; set data.resample to the seconds between samples, "
            "and data.boundary to the time when the test data begin"
        )
    assert open_mission(other, MissionOptions(30.0, moment("2007-01-01"), True)).load("channel_2").sample_period == 30.0


def test_damaged_channels(path: Path) -> None:
    file = path / "channels" / "channel_2.zip"
    file.write_bytes(b"PK")
    with pytest.raises(MissionError) as caught:
        open_mission(path, TRUST).load("channel_2")
    assert str(caught.value) == (
        f"{file} is no zip file with a pickled pandas.DataFrame, or is damaged: File is not a zip file"
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("channel_2", b"no pickle")
    with pytest.raises(MissionError, match=r"is no zip file with a pickled pandas\.DataFrame, or is damaged: "):
        open_mission(path, TRUST).load("channel_2")
    for content in ([1, 2], pd.DataFrame({"a": [1]}), mission_table("channel_2").assign(more=1)):
        write_pickle(content, file)
        with pytest.raises(MissionError) as caught:
            open_mission(path, TRUST).load("channel_2")
        assert str(caught.value) == f"{file} does not hold a pandas.DataFrame of one column over times"


def test_samples_that_are_not_sorted(path: Path) -> None:
    file = path / "channels" / "channel_2.zip"
    mission_table("channel_2").iloc[[0, 2, 1]].to_pickle(file)
    with pytest.raises(TableError) as caught:
        open_mission(path, TRUST).load("channel_2")
    assert str(caught.value) == (
        f"column 'index' of {file} is not sorted: row 2 has 2006-12-31 23:00:20, and the row before it 2006-12-31 23:00:40"
    )


def test_nothing_before_the_boundary(path: Path) -> None:
    with pytest.raises(RecordingError) as caught:
        open_mission(path, MissionOptions(None, moment("2000-01-01"), True)).load("channel_2")
    assert str(caught.value) == (
        f"{path / 'channels' / 'channel_2.zip'} has no training data: the boundary 2000-01-01T00:00:00.000000000 "
        "leaves none of 241 samples"
    )


def test_labels_that_lack_something(path: Path) -> None:
    (path / "anomaly_types.csv").write_text("ID,Category\nid_1,Anomaly\n")
    with pytest.raises(TableError) as caught:
        open_mission(path, TRUST).load("channel_2")
    assert str(caught.value) == f"{path / 'anomaly_types.csv'} has no row for 'id_2', which labels.csv has"
    (path / "labels.csv").write_text("ID,Channel,StartTime\n1,channel_2,2007-01-01\n")
    with pytest.raises(TableError) as caught:
        open_mission(path, TRUST).load("channel_2")
    assert str(caught.value) == f"{path / 'labels.csv'} has no column 'EndTime'; its columns are ID, Channel, StartTime"
