"""Triggers: their exact formats, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_trigger.fixedpoint.formats import Format, FormatTooWideError
from hw_trigger.fixedpoint.triggers import (
    GUARD,
    SCORE_FRACTION,
    DeviationTrigger,
    MarginTrigger,
    ProgramError,
    logarithm,
    logarithms,
)

F8 = Format(8, 2)


def deviation(**changes: Any) -> DeviationTrigger:
    settings: dict[str, Any] = {"steps": 5, "n_features": 1, "input": F8, "reconstruction": F8, "threshold": 0}
    settings |= {"adaptive": True, "settle": 4}
    return DeviationTrigger("trigger", **(settings | changes))


def margin(**changes: Any) -> MarginTrigger:
    settings: dict[str, Any] = {"name": "trigger", "n_classes": 2, "positive": 1, "input": F8, "threshold": 0}
    return MarginTrigger(**(settings | changes))


def test_the_logarithm_is_exact_at_powers_of_two_and_linear_between() -> None:
    for exponent in range(60):
        assert logarithm(1 << exponent) == exponent << SCORE_FRACTION
    # Between 2**10 and 2**11 every fourth number is a step of 1/256.
    assert [logarithm(1024 + step) - logarithm(1024) for step in range(1024)] == [step // 4 for step in range(1024)]


@given(st.integers(1, 2**60))
def test_the_logarithm_never_falls_and_is_near_the_real_one(number: int) -> None:
    assert logarithm(number + 1) >= logarithm(number)
    # Mitchell's bound: the straight line is at most 0.0861 below log2; truncation adds less than one step.
    assert 0 <= np.log2(number) - logarithm(number) / 2**SCORE_FRACTION < 0.0861 + 2**-SCORE_FRACTION


def test_logarithms_of_arrays_are_those_of_each_number() -> None:
    near = {(1 << exponent) + by for exponent in range(56) for by in range(-3, 4)}
    rng = np.random.default_rng(0)
    random = (rng.integers(1 << 54, 1 << 55, 5000) >> rng.integers(0, 55, 5000)).tolist()
    numbers = [number for number in {*near, *random} if 1 <= number < 1 << 55]
    found = logarithms(np.array(numbers, np.int64).reshape(-1, 1))
    assert found.shape == (len(numbers), 1)
    assert found[:, 0].tolist() == [logarithm(number) for number in numbers]
    assert logarithms(np.zeros(0, np.int64)).shape == (0,)


@given(st.integers(4, 16), st.integers(1, 4), st.integers(1, 60), st.integers(1, 3), st.integers(0, 12))
def test_the_floors_are_the_mean_square_that_is_configured(
    width: int, integer: int, steps: int, features: int, floor: int
) -> None:
    trigger = deviation(
        input=Format(width, integer),
        reconstruction=Format(width, integer),
        steps=steps,
        n_features=features,
        floor=floor,
    )
    for code, squares in ((trigger.energy_floor, trigger.energy), (trigger.activity_floor, trigger.activity)):
        exact = steps * features * 2.0**-floor
        assert code >= 1
        assert code == max(1, int(np.ldexp(exact, squares.fraction)))


def test_thresholds_are_codes_of_the_score_and_values_are_the_way_back() -> None:
    trigger = deviation()
    assert trigger.threshold_code(5.0) == 5 * 256
    assert trigger.threshold_code(5.0039) == 5 * 256
    assert trigger.values([0, 1, 1280]).tolist() == [0.0, 1 / 256, 5.0]
    assert (trigger.threshold_code(-1.0), trigger.threshold_code(1e9)) == (0, trigger.score.high)
    classifier = margin()
    assert classifier.threshold_code(-0.5) == -(2**5)
    assert classifier.values([-32, 0, 64]).tolist() == [-0.5, 0.0, 1.0]
    assert (classifier.threshold_code(-1e9), classifier.threshold_code(1e9)) == (
        classifier.score.low,
        classifier.score.high,
    )


def test_the_margin_holds_the_difference_of_the_farthest_logits() -> None:
    for logits in (Format(8, 2), Format(5, 5, signed=False), Format(6, -2)):
        score = margin(input=logits).score
        assert score.fraction == logits.fraction
        assert score.low <= logits.low - logits.high
        assert logits.high - logits.low <= score.high


def test_guard_bits() -> None:
    trigger = deviation()
    assert trigger.mean.fraction == trigger.held.fraction == trigger.record.fraction == SCORE_FRACTION + GUARD
    assert trigger.record.high >> GUARD == trigger.score.high
    # |x| - 1 is 1 at most here, which is weighted with 4 octaves.
    assert trigger.values(trigger.held.high >> GUARD) >= 4.0


LIMITS = "and 0 to 24 are possible"
REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("trigger 'trigger' has a settling time of 0 windows; 1 to 2147483647 are possible", lambda: deviation(settle=0)),
    (
        "trigger 'trigger' has a settling time of 4294967301 windows; 1 to 2147483647 are possible",
        lambda: deviation(settle=2**32 + 5),
    ),
    (f"trigger 'trigger' has baseline 25, {LIMITS}", lambda: deviation(baseline=25)),
    (f"trigger 'trigger' has excess_decay -1, {LIMITS}", lambda: deviation(excess_decay=-1)),
    (f"trigger 'trigger' has record_decay 25, {LIMITS}", lambda: deviation(record_decay=25)),
    (f"trigger 'trigger' has floor -1, {LIMITS}", lambda: deviation(floor=-1)),
    (
        (
            "trigger 'trigger' has weight 1 and input ap_fixed<24,2,AP_RND_CONV,AP_SAT>; the input may have 21 fractional "
            "bits at most, so that its excess is no finer than the state"
        ),
        lambda: deviation(input=Format(24, 2), weight=1),
    ),
    (f"trigger 'trigger' has weight -1, {LIMITS}", lambda: deviation(weight=-1)),
    ("trigger 'trigger' is for class 2 of 2; it must be one of 2 or more", lambda: margin(positive=2)),
    ("trigger 'trigger' is for class 0 of 1; it must be one of 2 or more", lambda: margin(positive=0, n_classes=1)),
    ("trigger 'trigger' has the threshold 600, and a score has codes -512 to 511", lambda: margin(threshold=600)),
]


@pytest.mark.parametrize(("message", "build"), REFUSED, ids=range(len(REFUSED)))
def test_settings_that_no_trigger_has(message: str, build: Callable[[], object]) -> None:
    with pytest.raises(ProgramError) as caught:
        build()
    assert str(caught.value) == message


def test_the_finest_input_has_no_weight_left() -> None:
    trigger = deviation(input=Format(22, 1), reconstruction=Format(22, 1), steps=2, weight=1)
    assert trigger.excess_shift == 0


def test_a_floor_far_above_the_energy_leaves_a_score_of_nothing() -> None:
    trigger = deviation(input=Format(2, 2), reconstruction=Format(2, 2), steps=2, weight=0, floor=0)
    assert trigger.score.low == 0
    with pytest.raises(FormatTooWideError) as caught:
        deviation(input=Format(4, -26), reconstruction=Format(4, -26), steps=1, floor=0, weight=24)
    assert str(caught.value) == (
        "tensor 'trigger.energy' needs 62 bits with 60 fractional ones to be exact, and 55 are available; "
        "choose narrower formats for what flows into it"
    )


def test_a_state_that_would_be_too_wide_is_named() -> None:
    with pytest.raises(FormatTooWideError) as caught:
        deviation(input=Format(24, 24), reconstruction=Format(8, 8), steps=1, weight=22)
    assert str(caught.value) == (
        "tensor 'trigger.held' needs 66 bits with 20 fractional ones to be exact, and 53 are available; "
        "choose narrower formats for what flows into it"
    )
