"""What all baselines have in common."""

import re
import warnings

import numpy as np
import pytest

from hw_trigger.detection.baselines.catalogue import baselines, controls
from hw_trigger.detection.baselines.detector import Detector, HoldOutError, held_out_scores
from hw_trigger.detection.baselines.pointwise import TrainingRange
from hw_trigger.detection.baselines.windowed import NearestWindow
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.telemetry.synthetic import synthetic_channel
from hw_trigger.telemetry.windows import WindowError

WINDOW = 20
CONTROLS, BASELINES = controls(), baselines(WINDOW)
DETECTORS = (*CONTROLS, *BASELINES)
ALL = pytest.mark.parametrize("detector", DETECTORS, ids=lambda item: item.name)
CAUSAL, SPREAD = ScoreKind.CAUSAL, ScoreKind.WINDOW_SPREAD


def telemetry(samples: int, columns: int = 1) -> np.ndarray:
    time = np.arange(samples)[:, None]
    return np.sin(time / (5 + np.arange(columns))) + np.random.default_rng(0).normal(0, 0.1, (samples, columns))


def test_names_are_told_apart() -> None:
    names = [detector.name for detector in DETECTORS]
    assert names == ["random", "time index", "training range", "moving z-score", "Sub-PCA", "kNN"]


@ALL
@pytest.mark.parametrize("columns", [1, 3])
def test_each_sample_has_a_score_but_those_that_no_window_ends_with(detector: Detector, columns: int) -> None:
    scorer = detector.fit(telemetry(300, columns))
    causal = scorer.score(telemetry(200, columns), CAUSAL)
    assert causal.shape == (200,)
    assert np.flatnonzero(np.isnan(causal)).tolist() == list(range(detector.window - 1))
    assert scorer.score(telemetry(200, columns), SPREAD).shape == (200,)


@pytest.mark.parametrize("detector", BASELINES, ids=lambda item: item.name)
def test_a_causal_score_depends_on_no_later_sample(detector: Detector) -> None:
    scorer = detector.fit(telemetry(300))
    whole = telemetry(200)
    altered = whole.copy()
    altered[150:] = 7.0
    one, other = scorer.score(whole, CAUSAL), scorer.score(altered, CAUSAL)
    assert np.allclose(one[:150], other[:150], rtol=0, atol=1e-11, equal_nan=True)
    assert not np.allclose(one[150:], other[150:])


@ALL
def test_the_same_training_gives_the_same_scores_and_is_not_changed(detector: Detector) -> None:
    train = telemetry(300)
    train.setflags(write=False)
    one, other = (detector.fit(train).score(telemetry(200), CAUSAL) for _ in range(2))
    assert np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("detector", BASELINES, ids=lambda item: item.name)
def test_a_jump_is_found(detector: Detector) -> None:
    test = telemetry(200)
    test[150:155] += 5
    scores = detector.fit(telemetry(300)).score(test, CAUSAL)
    assert 150 <= np.nanargmax(scores) < 155 + WINDOW
    assert np.nanmax(scores) > 1.5 * np.nanmax(scores[:150])


@ALL
def test_constant_training_data_are_no_error(detector: Detector) -> None:
    """And what equals them ties at 0, but for the controls; what does not is above."""
    channel = synthetic_channel("SYN-7")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = detector.fit(channel.train).score(channel.test, CAUSAL)
    if detector in BASELINES:
        first = channel.anomalies[0].start
        assert set(scores[detector.window - 1 : first]) == {0.0}
        assert scores[first] > 0


@pytest.mark.parametrize("detector", BASELINES[1:], ids=lambda item: item.name)
def test_too_few_samples_are_refused(detector: Detector) -> None:
    message = f"the data have 7 samples, fewer than the window of {detector.window}; choose a shorter window"
    with pytest.raises(WindowError, match=f"^{re.escape(message)}$"):
        detector.fit(telemetry(300)).score(telemetry(7), CAUSAL)


def test_held_out_scores_by_definition() -> None:
    """Each fifth is scored by the range of the other four."""
    train = np.arange(10.0)[:, None]
    assert held_out_scores(TrainingRange(), train).tolist() == [2 / 7, 1 / 7, 0, 0, 0, 0, 0, 0, 1 / 7, 2 / 7]


def test_held_out_windows_are_not_their_own_neighbours() -> None:
    detector = NearestWindow(WINDOW)
    train = telemetry(300)
    assert np.nanmax(detector.fit(train).score(train, CAUSAL)) == 0
    held_out = held_out_scores(detector, train)
    assert np.nanmin(held_out) > 0
    first = [block * 60 + sample for block in range(5) for sample in range(WINDOW - 1)]
    assert np.flatnonzero(np.isnan(held_out)).tolist() == first


def test_short_training_data_have_fewer_blocks() -> None:
    held_out = held_out_scores(NearestWindow(WINDOW), telemetry(70))
    assert np.count_nonzero(np.isnan(held_out)) == 2 * (WINDOW - 1)


@pytest.mark.parametrize(
    ("samples", "blocks", "message"),
    [
        (
            59,
            5,
            "59 training samples are too few to hold some out: 60 are needed for windows of 20; choose a shorter window",
        ),
        (300, 1, "training data are split into 2 blocks or more to hold one out, not 1"),
    ],
)
def test_what_cannot_be_held_out_is_refused(samples: int, blocks: int, message: str) -> None:
    with pytest.raises(HoldOutError, match=f"^{re.escape(message)}$"):
        held_out_scores(NearestWindow(WINDOW), telemetry(samples), blocks=blocks)
