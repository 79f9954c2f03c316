"""What is published of the estimator's errors, and what it must reach."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.cross_validation import Comparison, compare_each, errors_of
from hw_trigger.estimate.errors import TARGETS, error_factors, published_errors
from hw_trigger.estimate.fit import fit, rounded
from hw_trigger.estimate.recorded import recorded_designs


@pytest.fixture(scope="module")
def comparisons() -> list[Comparison]:
    return compare_each(recorded_designs())


def test_the_kept_constants_are_the_fitted_ones() -> None:
    assert rounded(calibration()) == rounded(fit(recorded_designs()))


def test_the_published_errors_are_those_of_designs_kept_out(comparisons: list[Comparison]) -> None:
    for published, found in zip(published_errors(), errors_of(comparisons), strict=True):
        assert asdict(published) == {
            **asdict(found),
            **{name: round(getattr(found, name), 4) for name in ("median", "worst", "factor")},
        }


def test_targets(comparisons: list[Comparison]) -> None:
    for error in errors_of(comparisons):
        assert error.median <= TARGETS[error.quantity], error
    for comparison in comparisons:
        assert 0.5 < comparison.ratio < 2, comparison


def test_every_recorded_figure_is_compared(comparisons: list[Comparison]) -> None:
    assert len(comparisons) == 4 * 6 + 3 * 4
    assert len({(one.design, one.counting, one.quantity) for one in comparisons}) == len(comparisons)


def test_constants_without_a_design_that_tells_of_them_stay() -> None:
    reused = [
        design
        for design in recorded_designs()
        if "rf1" not in design.design.name and "model1" not in design.design.name
    ]
    fitted = fit(reused)
    assert (fitted.input_gain, fitted.product_registers) == (0.5, 0.35)
    assert fitted.pipeline_left == pytest.approx(0.75)


def test_error_bars_are_never_narrower_than_few_designs_allow() -> None:
    for factors in error_factors().values():
        assert all(factor >= 1 + TARGETS[name] for name, factor in factors.items() if name != "uram")
