"""The rule of constants, against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hw_trigger.estimate.constants import expected, of_weights


def fewest_digits(number: int) -> int:
    """Return the fewest signed powers of two that add up to a number, by trying all of up to three."""
    powers = [sign << shift for shift in range(10) for sign in (1, -1)]
    if number == 0:
        return 0
    for count in (1, 2, 3):
        if any(sum(chosen) == number for chosen in product(powers, repeat=count)):
            return count
    return 4


@pytest.mark.parametrize("code", range(-130, 130, 7))
def test_a_constant_needs_a_multiplier_from_three_digits_on(code: int) -> None:
    found = of_weights(np.array([[code]]), 1)
    digits = fewest_digits(code)
    assert found.count == (digits > 2)
    assert found.additions == (digits == 2)


def test_equal_constants_of_one_input_are_one() -> None:
    found = of_weights(np.array([[11, 13], [11, 11], [-11, 13], [0, 64]]), 1)
    assert found.count == 4  # 11 and -11 of the first input, 13 and 11 of the second


def test_widths_have_the_sign() -> None:
    assert of_weights(np.array([[11, 77]]), 1).multiplied == ((5, 1.0), (8, 1.0))


def test_a_memory_keeps_the_bits_of_each_multipliers_widest_weight() -> None:
    weights = np.array([[3, 100], [1, 0]])
    assert of_weights(weights, 2).kept_bits == pytest.approx((8 + 2) / 2)
    assert of_weights(weights, 4).kept_bits == 8


def test_expectation_is_the_mean_of_random_weights() -> None:
    rng = np.random.default_rng(0)
    drawn = [of_weights(np.rint(rng.normal(0, 0.1 * 1024, (40, 12))).astype(np.int64), 8) for _ in range(60)]
    forecast = expected(12, 40, 10, 18, spread=0.1, reuse_factor=8)
    # A statistical statement: the mean of 60 draws is within a percent or two of its expectation.
    assert forecast.count == pytest.approx(np.mean([one.count for one in drawn]), rel=0.02)
    assert forecast.additions == pytest.approx(np.mean([one.additions for one in drawn]), rel=0.05)
    assert forecast.kept_bits == pytest.approx(np.mean([one.kept_bits for one in drawn]), rel=0.01)
