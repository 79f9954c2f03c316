import numpy as np
import pytest

from hw_trigger.detection.baselines.windowed import NearestWindow, SubPCA
from hw_trigger.detection.scores import ScoreKind, window_spread_scores
from hw_trigger.telemetry.windows import windows

CAUSAL, SPREAD = ScoreKind.CAUSAL, ScoreKind.WINDOW_SPREAD


def telemetry(samples: int, seed: int, columns: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(3, 2, (samples, columns))


def points(samples: np.ndarray, length: int, train: np.ndarray) -> np.ndarray:
    view = windows(samples / train.std(axis=0), length)
    return view.reshape(len(view), -1)


@pytest.mark.parametrize("columns", [1, 2])
def test_the_nearest_window_by_definition(columns: int) -> None:
    train, test = telemetry(80, 0, columns), telemetry(50, 1, columns)
    known, asked = (points(samples, 6, train) for samples in (train, test))
    expected = [min(np.mean((point - other) ** 2) for other in known) for point in asked]
    assert NearestWindow(6).fit(train).score(test, CAUSAL)[5:].tolist() == pytest.approx(expected, abs=1e-11)


def test_windows_that_are_remembered_are_evenly_spaced() -> None:
    train = telemetry(105, 0)
    scores = NearestWindow(6, remembered=4).fit(train).score(train, CAUSAL)[5:]
    assert np.flatnonzero(scores == 0).tolist() == [0, 33, 66, 99]


@pytest.mark.parametrize("columns", [1, 2])
def test_sub_pca_by_definition(columns: int) -> None:
    """What is left after projecting on the greatest eigenvectors of the covariance of the training windows."""
    train, test = telemetry(200, 0, columns), telemetry(60, 1, columns)
    known, asked = (points(samples, 6, train) for samples in (train, test))
    _, vectors = np.linalg.eigh(np.cov(known.T))
    rest = vectors[:, :-3]
    expected = np.mean(((asked - known.mean(axis=0)) @ rest @ rest.T) ** 2, axis=1)
    assert SubPCA(6, components=3).fit(train).score(test, CAUSAL)[5:].tolist() == pytest.approx(
        expected.tolist(), abs=1e-11
    )


def test_sub_pca_explains_nothing_by_directions_without_variance() -> None:
    """Training windows of a square wave of period 2 lie on a line; ten components would explain all windows of 6."""
    train = np.resize([0.0, 1.0], (60, 1))
    test = np.concatenate([train, np.random.default_rng(0).random((20, 1))])
    scores = SubPCA(6, components=10).fit(train).score(test, CAUSAL)
    assert set(scores[5:60]) == {0.0}
    assert scores[66:].min() > 0.01


@pytest.mark.parametrize("detector", [SubPCA(6), NearestWindow(6)], ids=lambda item: item.name)
def test_spread_scores_are_means_of_the_causal_ones(detector: SubPCA | NearestWindow) -> None:
    train, test = telemetry(200, 0), telemetry(60, 1)
    scorer = detector.fit(train)
    expected = window_spread_scores(scorer.score(test, CAUSAL)[5:], 6)
    assert scorer.score(test, SPREAD).tolist() == expected.tolist()


@pytest.mark.parametrize("detector", [SubPCA(6), NearestWindow(6)], ids=lambda item: item.name)
def test_batches_change_nothing(detector: SubPCA | NearestWindow) -> None:
    from dataclasses import replace

    train, test = telemetry(200, 0), telemetry(60, 1)
    scorer = detector.fit(train)
    one, other = scorer.score(test, CAUSAL), replace(scorer, batch=7).score(test, CAUSAL)
    assert np.allclose(one, other, rtol=0, atol=1e-11, equal_nan=True)


@pytest.mark.parametrize("detector", [SubPCA(6), NearestWindow(6)], ids=lambda item: item.name)
def test_equal_windows_tie(detector: SubPCA | NearestWindow) -> None:
    test = np.resize(telemetry(10, 3), (5000, 1))
    scores = detector.fit(telemetry(200, 0)).score(test, CAUSAL)[5:]
    assert all(len(set(scores[phase::10])) == 1 for phase in range(10))
