from __future__ import annotations

import numpy as np
import pytest

from hw_trigger.evaluation.injection import KINDS, LEAST_SAMPLES, LENGTHS, InjectionError, Values, inject, mismatch

SINE: Values = np.sin(np.arange(1400) * 0.13) + np.random.default_rng(1).normal(size=1400) * 0.01
DONOR: Values = 5 + (np.arange(700) % 50) / 10


def injected(kind: str, seed: int, samples: Values = SINE) -> tuple[Values, Values, slice]:
    """Return the samples, those with an anomaly, and where that is."""
    changed, anomaly = inject(samples, kind, DONOR, np.random.default_rng(seed))
    assert anomaly.kind == kind
    return samples, changed, slice(anomaly.start, anomaly.stop)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [LEAST_SAMPLES, 500, 1400])
def test_only_the_named_samples_of_the_second_half_change(kind: str, seed: int, count: int) -> None:
    before = SINE[:count].copy()
    samples, changed, where = injected(kind, seed, before)
    assert count // 2 <= where.start < where.stop <= count
    assert LENGTHS[0] <= where.stop - where.start <= min(LENGTHS[1], count // 4)
    outside = np.ones(count, bool)
    outside[where] = False
    np.testing.assert_array_equal(changed[outside], samples[outside])
    assert (changed[where] != samples[where]).any()
    np.testing.assert_array_equal(before, SINE[:count])  # what is given stays


@pytest.mark.parametrize("seed", range(20))
def test_each_kind_does_what_it_is_called(seed: int) -> None:
    samples, changed, where = injected("spike", seed)
    assert 1 <= np.count_nonzero(changed != samples) <= 3
    assert 0.5 <= (np.abs(changed - samples).max() / np.ptp(samples)) <= 1.5
    samples, changed, where = injected("shift", seed)
    moved = (changed - samples)[where] / np.ptp(samples)
    np.testing.assert_allclose(moved, moved[0])
    assert 0.3 <= abs(moved[0]) <= 1
    samples, changed, where = injected("drift", seed)
    moved = (changed - samples)[where] / np.ptp(samples)
    np.testing.assert_allclose(moved, np.linspace(0, moved[-1], len(moved)), atol=1e-12)
    assert 0.5 <= abs(moved[-1]) <= 1
    samples, changed, where = injected("noise", seed)
    assert 0.05 < (changed - samples)[where].std() / np.ptp(samples) < 0.6
    samples, changed, where = injected("frozen", seed)
    assert (changed[where] == samples[where.start - 1]).all()
    samples, changed, where = injected("amplitude", seed)
    ratio = changed[where].std() / samples[where].std()
    assert np.isclose(ratio, [0.3, 0.5, 1.8]).any()
    assert changed[where].mean() == pytest.approx(samples[where].mean())
    samples, changed, where = injected("foreign", seed)
    steps = (changed[where] - changed[where].mean()) / np.ptp(samples) * np.ptp(DONOR)
    assert np.isclose(np.diff(steps), 0.1).mean() > 0.9  # the donor's slope, in its own range


@pytest.mark.parametrize("seed", range(20))
def test_speed_reads_the_samples_at_half_or_twice_their_pace(seed: int) -> None:
    _, changed, where = injected("speed", seed, np.arange(1400.0))
    clock = np.arange(where.stop - where.start)
    paces = [where.start + clock // 2, np.minimum(where.start + 2 * clock, 1399)]
    assert any(np.array_equal(changed[where], expected) for expected in paces)


def test_the_same_generator_gives_the_same_anomaly() -> None:
    for kind in KINDS:
        one, other = injected(kind, 3), injected(kind, 3)
        np.testing.assert_array_equal(one[1], other[1])
        assert one[2] == other[2] != injected(kind, 4)[2]


def test_what_stands_still_is_shifted_by_the_least_range() -> None:
    samples, changed, where = injected("shift", 0, np.full(1400, 2.0))
    assert 0.3 * 0.05 <= np.abs(changed - samples)[where].max() <= 0.05
    samples, changed, _ = injected("frozen", 0, np.full(1400, 2.0))
    np.testing.assert_array_equal(changed, samples)


@pytest.mark.parametrize("seed", range(20))
def test_a_mismatch_is_another_gain_within_the_range(seed: int) -> None:
    changed = mismatch(SINE, np.random.default_rng(seed))
    gain, offset = np.polyfit(SINE, changed, 1)
    np.testing.assert_allclose(changed, gain * SINE + offset, atol=1e-12)
    assert 0.5 <= gain <= 1
    assert SINE.min() - 1e-12 <= changed.min() < changed.max() <= SINE.max() + 1e-12


def test_what_cannot_be_injected_is_refused() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(InjectionError) as excinfo:
        inject(SINE, "spikes", DONOR, random)
    assert str(excinfo.value) == (
        "there is no anomaly 'spikes'; there are spike, shift, noise, frozen, amplitude, speed, foreign, drift"
    )
    with pytest.raises(InjectionError) as excinfo:
        inject(SINE[:159], "spike", DONOR, random)
    assert str(excinfo.value) == "samples have the shape (159,), and (N,) with N of 160 or more is needed"
    with pytest.raises(InjectionError) as excinfo:
        inject(SINE, "spike", DONOR[:, None], random)
    assert str(excinfo.value) == "samples of a donor have the shape (700, 1), and (N,) with N of 400 or more is needed"
