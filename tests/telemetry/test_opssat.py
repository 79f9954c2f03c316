from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.layouts import segment_values, write_segments

from hw_trigger.telemetry.archive import UnknownChannelError
from hw_trigger.telemetry.channel import Interval
from hw_trigger.telemetry.opssat import open_segments
from hw_trigger.telemetry.tables import TableError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_segments(tmp_path) / "segments.csv"


def change(path: Path, act: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    act(pd.read_csv(path)).to_csv(path, index=False)


def test_segments_are_joined_in_the_order_of_time(path: Path) -> None:
    source = open_segments(path)
    assert source.name == "OPSSAT-AD segments.csv"
    assert source.channels() == ["CADC0872", "CADC0886"]
    channel = source.load("CADC0872")
    assert channel.spacecraft == "OPS-SAT"
    assert channel.train[:, 0].tolist() == [*segment_values(1, 40), *segment_values(6, 20)]
    assert channel.test[:, 0].tolist() == [*segment_values(3, 30), *segment_values(4, 6), *segment_values(5, 4)]
    # Two anomalous segments, one after the other, are two anomalies.
    assert channel.anomalies == (Interval(30, 36, "a2"), Interval(36, 40, "anomaly"))
    assert channel.sample_period == 1


def test_a_channel_of_two_sampling_periods(path: Path) -> None:
    channel = open_segments(path).load("CADC0886")
    assert channel.sample_period is None
    assert channel.anomalies == ()


@pytest.mark.parametrize("name", ["CADC0884", "CADC0890", "CADC0871"])
def test_channels_without_training_or_test_data(path: Path, name: str) -> None:
    with pytest.raises(UnknownChannelError) as caught:
        open_segments(path).load(name)
    near = {"CADC0884": "CADC0886", "CADC0890": "CADC0886", "CADC0871": "CADC0872"}[name]
    assert str(caught.value) == (
        f"{path} has no channel {name!r} with nominal training segments and test segments; did you mean {near!r}?; "
        "it has 2 channels"
    )


def test_a_missing_column(path: Path) -> None:
    change(path, lambda table: table.drop(columns="train"))
    with pytest.raises(TableError) as caught:
        open_segments(path)
    assert str(caught.value) == (
        f"{path} has no column 'train'; its columns are timestamp, channel, value, label, segment, sampling, anomaly"
    )


def test_flags_that_are_none(path: Path) -> None:
    change(path, lambda table: table.assign(anomaly=table["anomaly"] * 2))
    with pytest.raises(TableError) as caught:
        open_segments(path)
    assert str(caught.value) == f"column 'anomaly' of {path} has 2 in row 40, and labels must be 0 or 1"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", np.nan, "column 'value' of SEGMENT: 1 value is not finite, the first is nan in row 1"),
        ("train", 1, "SEGMENT: the column 'train' is 0 and 1, and one of them must hold throughout"),
        (
            "timestamp",
            "2022-01-04T20:02:59.000Z",
            (
                "column 'timestamp' of SEGMENT is not sorted: row 1 has 2022-01-04T20:02:59.000Z, and the row before it "
                "2022-01-04T20:03:00.000Z"
            ),
        ),
    ],
)
def test_segments_that_cannot_be(path: Path, column: str, value: float | str, message: str) -> None:
    # The second row of segment 4.
    change(path, lambda table: table.assign(**{column: table[column].where(table.index != 46, value)}))
    with pytest.raises(TableError) as caught:
        open_segments(path).load("CADC0872")
    assert str(caught.value).replace(f"{path}, channel 'CADC0872', segment 4", "SEGMENT") == message
