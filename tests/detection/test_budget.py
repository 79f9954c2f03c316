import re
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from hw_trigger.detection.baselines.detector import held_out_scores
from hw_trigger.detection.baselines.pointwise import MovingZScore
from hw_trigger.detection.baselines.windowed import SubPCA
from hw_trigger.detection.budget import BudgetThreshold, Method, fit_budget, fit_pareto
from hw_trigger.detection.events import false_alarms_a_day
from hw_trigger.detection.scores import ScoreKind
from hw_trigger.detection.threshold import ThresholdError
from hw_trigger.telemetry.synthetic import synthetic_channel

DAY = 1440


def autoregressive(seed: int, samples: int) -> np.ndarray:
    """Squares of a process with a memory of about ten samples: alarms come in bursts."""
    noise = np.random.default_rng(seed).normal(size=samples + 200)
    return np.asarray(lfilter([1], [1, -0.9], noise)[200:] ** 2)


def heavy_tailed(seed: int, samples: int) -> np.ndarray:
    """Student's t with 3 degrees of freedom: a tail of shape 1/3."""
    return np.abs(np.random.default_rng(seed).standard_t(3, samples))


def exponential(seed: int, samples: int) -> np.ndarray:
    return np.random.default_rng(seed).exponential(size=samples)


def alarms_a_day(scores: np.ndarray, threshold: float) -> float:
    rate = false_alarms_a_day(scores > threshold, np.zeros(len(scores), bool))
    assert rate is not None
    return rate


def test_a_counted_budget_by_hand() -> None:
    """Two days, twenty single peaks of 1 to 20. 6 a day are 12, and half the time at most 12 come: those above 8."""
    scores = np.zeros(2 * DAY)
    scores[70::144] = np.arange(1, 21)
    found = fit_budget(scores, 6, confidence=0.5)
    assert found == BudgetThreshold(threshold=8.0, method=Method.COUNTED, days=2.0, held_out_events=12)


def test_bursts_are_counted_once() -> None:
    """Each peak is of two runs: they are two events, or one where the gap joins them, and the threshold can be lower."""
    scores = np.zeros(2 * DAY)
    for place, height in zip(range(70, 2 * DAY, 144), range(1, 21), strict=True):
        scores[place : place + 5] = [height, height + 0.5, 0, height, height]
    assert fit_budget(scores, 6, confidence=0.5, gap=1).held_out_events == 12
    assert fit_budget(scores, 6, confidence=0.5, gap=0).held_out_events == 12
    assert (
        fit_budget(scores, 6, confidence=0.5, gap=0).threshold > fit_budget(scores, 6, confidence=0.5, gap=1).threshold
    )


@pytest.mark.parametrize("series", [autoregressive, heavy_tailed, exponential])
@pytest.mark.parametrize(("budget", "method"), [(1, Method.EXTRAPOLATED), (50, Method.COUNTED)])
def test_the_budget_holds_on_data_that_are_not_fitted_to(
    series: Callable[[int, int], np.ndarray], budget: float, method: Method
) -> None:
    """Fitted to 1.7 days, measured on 40 others, 30 times: it holds in at least 4 of 5, and is not bought with silence."""
    rates = []
    for seed in range(30):
        found = fit_budget(series(seed, 2500), budget)
        assert found.method is method
        fresh = series(1000 + seed, 40 * DAY)
        rates.append(alarms_a_day(fresh, found.threshold))
    assert np.mean(np.array(rates) <= budget) >= 0.8
    assert 0.2 * budget < np.mean(rates) < budget


def test_half_confidence_is_the_budget_itself() -> None:
    rates = []
    for seed in range(30):
        found = fit_budget(exponential(seed, 2500), 5, confidence=0.5)
        fresh = exponential(1000 + seed, 40 * DAY)
        rates.append(alarms_a_day(fresh, found.threshold))
    assert np.mean(rates) == pytest.approx(5, rel=0.15)


@pytest.mark.parametrize("name", ["SYN-1", "SYN-2", "SYN-3", "SYN-4", "SYN-5"])
@pytest.mark.parametrize("detector", [SubPCA(50), MovingZScore(50)], ids=lambda item: item.name)
def test_the_budget_holds_on_the_normal_part_of_synthetic_telemetry(name: str, detector: SubPCA | MovingZScore) -> None:
    """2.5 days of normal samples with a budget of 2 a day, 5 in all: above 9 is what chance does in 3 cases of 100."""
    channel = synthetic_channel(name)
    found = fit_budget(held_out_scores(detector, channel.train), 2, gap=detector.window)
    scores = detector.fit(channel.train).score(channel.test, ScoreKind.CAUSAL)
    normal = ~channel.labels & ~np.isnan(scores)
    for anomaly in channel.anomalies:  # a window's score is high as long as the anomaly is in it
        normal[anomaly.stop : anomaly.stop + detector.window] = False
    rate = false_alarms_a_day((scores > found.threshold) & normal, ~normal, gap=detector.window)
    assert rate is not None
    assert rate <= 2 * 9 / 5


def test_a_tail_is_fitted_to_few_peaks_and_the_maximum_taken_where_there_are_none() -> None:
    few = np.zeros(700)
    few[[100, 200, 300]] = [1.0, 2.0, 3.0]
    assert fit_budget(few, 1).method is Method.EXTRAPOLATED
    assert fit_budget(few, 1).threshold > 3
    constant = fit_budget(np.full(700, 0.25), 1)
    assert (constant.threshold, constant.method, constant.held_out_events) == (0.25, Method.MAXIMUM, 0)


def test_an_alarm_that_is_always_on_is_within_no_budget() -> None:
    """A slow score has few events even above its lowest value; a tenth of the time is the most that an alarm is on."""
    scores = np.sin(np.arange(10 * DAY) / 500)
    found = fit_budget(scores, 100)
    assert np.mean(scores > found.threshold) <= 0.1


def test_events_that_grow_into_each_other_are_not_fewer() -> None:
    """Independent scores, joined over 100 samples: above a low threshold all are one event, which is no way to keep a budget."""
    fresh = exponential(1, 40 * DAY)
    for budget in (1, 20):
        found = fit_budget(exponential(0, 2500), budget, gap=100)
        assert found.method is not Method.MAXIMUM
        assert np.mean(fresh > found.threshold) < 0.02
    assert alarms_a_day(fresh, fit_budget(exponential(0, 2500), 1, gap=100).threshold) < 1


def test_a_smaller_budget_has_a_higher_threshold_and_nan_has_no_part() -> None:
    scores = autoregressive(3, 2500)
    thresholds = [fit_budget(scores, budget).threshold for budget in (0.1, 1, 5, 20, 100)]
    assert thresholds == sorted(thresholds, reverse=True)
    padded = np.concatenate([np.full(99, np.nan), scores])
    assert fit_budget(padded, 1) == fit_budget(scores, 1)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_the_tail_is_that_of_the_distribution(shape: float) -> None:
    sample = stats.genpareto.rvs(shape, scale=2.0, size=20_000, random_state=0)
    assert fit_pareto(sample) == pytest.approx((shape, 2.0), abs=0.06)


def test_the_shape_keeps_within_its_range() -> None:
    assert fit_pareto([1.0, 1.0, 1.0])[0] == -0.5
    assert fit_pareto([1e-6] * 50 + [1e6])[0] == 0.5


@pytest.mark.parametrize(
    ("scores", "budget", "confidence", "message"),
    [
        ([1.0], 0, 0.9, "the budget of false alarms a day is 0, and a finite number above 0 is needed"),
        ([1.0], np.nan, 0.9, "the budget of false alarms a day is nan, and a finite number above 0 is needed"),
        ([1.0], 1, 1, "the confidence in the budget must be above 0 and below 1, not 1"),
        ([], 1, 0.9, "held-out scores have the shape (0,), and (samples,) with at least 1 score is needed"),
        ([np.nan], 1, 0.9, "held-out scores have the shape (1,), and (samples,) with at least 1 score is needed"),
        ([[1.0]], 1, 0.9, "held-out scores have the shape (1, 1), and (samples,) with at least 1 score is needed"),
        ([1.0, np.inf], 1, 0.9, "1 of 2 held-out scores are infinite"),
    ],
)
def test_what_gives_no_threshold_is_refused(
    scores: list[float], budget: float, confidence: float, message: str
) -> None:
    with pytest.raises(ThresholdError, match=f"^{re.escape(message)}$"):
        fit_budget(scores, budget, confidence=confidence)
