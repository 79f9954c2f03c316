from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from hw_trigger.telemetry import recording as module
from hw_trigger.telemetry.channel import Interval
from hw_trigger.telemetry.recording import Recording, RecordingError, divide, hold, intervals, moment, to_channel

DAY = np.datetime64("2024-03-01T00:00:00", "ns")


def seconds(*values: float) -> np.ndarray:
    return DAY + (np.array(values) * 1e9).astype("timedelta64[ns]")


def recorded(times: np.ndarray | None, codes: list[int]) -> Recording:
    values = np.arange(len(codes), dtype=np.float64)[:, None]
    return Recording(values, np.array(codes, np.int64), ("drift", "spike"), times, "the log")


def test_hold() -> None:
    """By hand: the grid is -10, 0, 10, ..., 40 s for samples from -4 to 33 s."""
    held = hold(recorded(seconds(-4, 0, 9, 12, 25, 25, 33), [0] * 7), 10)
    assert held.values[:, 0].tolist() == [0, 1, 2, 3, 5, 6]
    assert held.times is not None
    assert held.times.tolist() == seconds(-10, 0, 10, 20, 30, 40).tolist()
    assert held.codes.tolist() == [0] * 6


def test_hold_on_its_own_grid_changes_nothing() -> None:
    given = recorded(seconds(0, 0.5, 1, 1.5), [0, 1, 0, 2])
    held = hold(given, 0.5)
    assert held.values.tolist() == given.values.tolist()
    assert held.codes.tolist() == given.codes.tolist()


def test_hold_loses_no_labelled_sample() -> None:
    """Samples 1 and 2 are between grid points 0 and 10; so is nominal 3, which would be held at 10."""
    held = hold(recorded(seconds(0, 2, 4, 6, 12, 14, 20), [0, 1, 2, 0, 0, 1, 0]), 10)
    # At 20 the nominal sample is the grid point's own, and yet the event of 14 s is not lost.
    assert held.values[:, 0].tolist() == [0, 2, 5]
    assert held.codes.tolist() == [0, 2, 1]
    kept = hold(recorded(seconds(0, 2, 4, 20), [0, 2, 1, 0]), 10)
    assert kept.codes.tolist() == [0, 1, 0]


def test_hold_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordingError) as caught:
        hold(recorded(None, [0, 0]), 30)
    assert str(caught.value) == "the log cannot be resampled to 30 s: it has no timestamps"
    monkeypatch.setattr(module, "MAXIMUM", 100)
    assert len(hold(recorded(seconds(0, 99), [0, 0]), 1).values) == 100
    with pytest.raises(RecordingError) as caught:
        hold(recorded(seconds(0, 100), [0, 0]), 1)
    assert str(caught.value) == (
        "the log would have 101 samples after resampling to 1 s, and at most 100 are possible; choose a longer period"
    )


@pytest.mark.parametrize(
    ("boundary", "at"),
    [(3, 3), (1, 1), (0.5, 2), (0.74, 3), (DAY + np.timedelta64(2, "s"), 2), (DAY + np.timedelta64(2001, "ms"), 3)],
)
def test_divide(boundary: float | np.datetime64, at: int) -> None:
    train, test = divide(recorded(seconds(0, 1, 2, 3), [0, 1, 0, 2]), boundary)
    assert train.values[:, 0].tolist() == list(range(at))
    assert test.values[:, 0].tolist() == list(range(at, 4))
    assert train.codes.tolist() + test.codes.tolist() == [0, 1, 0, 2]
    assert train.times is not None
    assert test.times is not None
    assert [*train.times, *test.times] == list(seconds(0, 1, 2, 3))


@pytest.mark.parametrize(
    ("boundary", "message"),
    [
        (4, "the log has no test data: the boundary 4 leaves none of 4 samples"),
        (0.1, "the log has no training data: the boundary 0.1 leaves none of 4 samples"),
        (DAY, "the log has no training data: the boundary 2024-03-01T00:00:00.000000000 leaves none of 4 samples"),
        (
            DAY + np.timedelta64(4, "s"),
            "the log has no test data: the boundary 2024-03-01T00:00:04.000000000 leaves none of 4 samples",
        ),
    ],
)
def test_divide_refuses(boundary: float | np.datetime64, message: str) -> None:
    with pytest.raises(RecordingError) as caught:
        divide(recorded(seconds(0, 1, 2, 3), [0] * 4), boundary)
    assert str(caught.value) == message


def test_divide_needs_times() -> None:
    with pytest.raises(RecordingError) as caught:
        divide(recorded(None, [0, 0]), DAY)
    assert str(caught.value) == "the log cannot be divided at 2024-03-01T00:00:00.000000000: it has no timestamps"


def test_intervals() -> None:
    assert intervals(np.array([1, 1, 0, 2, 1, 0, 0, 2]), ("drift", "spike"), offset=10) == [
        Interval(10, 12, "drift"),
        Interval(13, 14, "spike"),
        Interval(14, 15, "drift"),
        Interval(17, 18, "spike"),
    ]
    assert intervals(np.zeros(3, np.int64), ()) == []


def test_labelled_training_samples_are_left_out() -> None:
    parts = recorded(None, [0, 1, 0, 0]), recorded(None, [0, 0, 2, 2])
    channel = to_channel("X", "PROBE", parts, source="here", sample_period=2.0)
    assert channel.train[:, 0].tolist() == [0, 2, 3]
    assert channel.test[:, 0].tolist() == [0, 1, 2, 3]
    assert channel.anomalies == (Interval(2, 4, "spike"),)
    assert (channel.name, channel.spacecraft, channel.source, channel.sample_period) == ("X", "PROBE", "here", 2.0)


def test_nothing_nominal_to_train_on() -> None:
    with pytest.raises(RecordingError) as caught:
        to_channel("X", "PROBE", (recorded(None, [1, 2]), recorded(None, [0])), source="here", sample_period=None)
    assert str(caught.value) == "the log has no training data: all 2 samples are labelled anomalous"


@pytest.mark.parametrize(
    "given",
    [
        "2024-03-01",
        "2024-03-01T00:00:00Z",
        "2024-03-01T02:00:00+02:00",
        date(2024, 3, 1),
        datetime(2024, 3, 1, tzinfo=UTC),
        datetime(2024, 3, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2024, 3, 1),  # noqa: DTZ001 (a time without a zone is what is tested)
    ],
)
def test_moments(given: datetime | date | str) -> None:
    assert moment(given) == DAY
