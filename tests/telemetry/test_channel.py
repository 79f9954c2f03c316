import dataclasses
import re

import numpy as np
import pytest
from support.telemetry import ramp

from hw_trigger.telemetry.channel import AnomalyRangeError, Channel, Interval, SamplesError, facts


def channel(train: object, test: object, *anomalies: Interval) -> Channel:
    return Channel("X-1", "ORBITER", train, test, anomalies, "a test")  # type: ignore[arg-type]


def test_labels_are_true_within_the_half_open_intervals() -> None:
    labels = channel(ramp(3), ramp(6), Interval(1, 3, "point"), Interval(5, 6, "point")).labels
    assert labels.dtype == np.bool_
    assert labels.tolist() == [False, True, True, False, False, True]


def test_samples_become_read_only_float64() -> None:
    loaded = channel(np.ones((3, 1), np.int16), np.ones((3, 1), np.float32))
    assert loaded.train.dtype == loaded.test.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        loaded.train[0, 0] = 0.0


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            np.ones(3),
            "the train samples of channel 'X-1': the shape is (3,), and (samples, columns) with at least 1 of each is needed",
        ),
        (
            np.ones((0, 2)),
            "the train samples of channel 'X-1': the shape is (0, 2), and (samples, columns) with at least 1 of each is needed",
        ),
        (
            np.ones((3, 2), complex),
            "the train samples of channel 'X-1': the type is complex128, and integers or floats of at most 64 bits are needed",
        ),
        (
            np.ones((3, 2), bool),
            "the train samples of channel 'X-1': the type is bool, and integers or floats of at most 64 bits are needed",
        ),
        (
            np.array([[0.0, 1.0], [2.0, np.nan], [np.inf, 3.0]]),
            "the train samples of channel 'X-1': 2 values are not finite, the first is nan at index (1, 1)",
        ),
        (
            np.array([[0.0], [-np.inf]]),
            "the train samples of channel 'X-1': 1 value is not finite, the first is -inf at index (1, 0)",
        ),
        (np.ones((3, 1)), "channel 'X-1' has 1 columns in its training data and 2 in its test data"),
    ],
)
def test_bad_samples_are_refused(train: object, message: str) -> None:
    with pytest.raises(SamplesError, match=f"^{re.escape(message)}$"):
        channel(train, ramp(4))


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 2), (3, 5)])
def test_an_anomaly_outside_the_test_data_is_refused(start: int, stop: int) -> None:
    message = (
        f"channel 'X-1' has an anomaly at samples {start} to {stop} (exclusive), "
        "and its test data have samples 0 to 4 (exclusive)"
    )
    with pytest.raises(AnomalyRangeError, match=f"^{re.escape(message)}$"):
        channel(ramp(3), ramp(4), Interval(start, stop, "point"))


def test_facts() -> None:
    found = facts(channel(np.array([[0.0], [1.0]]), np.array([[0.5], [0.5], [0.25], [0.5]]), Interval(2, 3, "point")))
    assert dataclasses.asdict(found) == {
        "name": "X-1",
        "spacecraft": "ORBITER",
        "train_length": 2,
        "test_length": 4,
        "columns": 1,
        "train_range": (0.0, 1.0),
        "test_range": (0.25, 0.5),
        "constant_training": False,
        "test_deviating": 1,
        "anomalies": 1,
        "anomalous_share": 0.25,
        "flags": ("constant test data but for 1 sample",),
        "notes": (),
    }
    assert found.degenerate


varied = ramp(40, 1)
constant = np.full((40, 1), 0.5)
some = (Interval(3, 5, "point"),)


@pytest.mark.parametrize(
    ("train", "test", "anomalies", "window", "flags"),
    [
        (varied, varied, some, 40, ()),
        (constant, varied, some, 40, ("constant training data",)),
        (varied, constant, some, None, ("constant test data",)),
        (varied, np.vstack([constant, varied[:10]]), some, None, ("constant test data but for 10 samples",)),
        (varied, np.vstack([constant, varied[:11]]), some, None, ()),
        (varied, varied, (), None, ("no anomaly",)),
        (varied, varied, (Interval(0, 40, "point"),), None, ("nothing but anomaly",)),
        (
            varied[:9],
            varied[:12],
            some,
            13,
            (
                "training data of 9 samples, shorter than the window of 13",
                "test data of 12 samples, shorter than the window of 13",
            ),
        ),
    ],
)
def test_degenerate_channels_are_flagged(
    train: np.ndarray, test: np.ndarray, anomalies: tuple[Interval, ...], window: int | None, flags: tuple[str, ...]
) -> None:
    found = facts(channel(train, test, *anomalies), window)
    assert found.flags == flags
    assert found.degenerate == bool(flags)
    assert found.notes == ()


def test_values_far_outside_the_trained_range_are_noted() -> None:
    train = np.linspace(-1, 1, 30)[:, None]
    assert facts(channel(train, np.vstack([train, [[4.0]]]))).notes == ()
    far = facts(channel(train, np.vstack([train, [[258.0]]])))
    assert far.notes == ("test data from -1 to 258, far outside the trained -1 to 1",)
