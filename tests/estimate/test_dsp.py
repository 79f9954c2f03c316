"""DSP slices of multipliers."""

from __future__ import annotations

import pytest

from hw_trigger.estimate.constants import Constants
from hw_trigger.estimate.dsp import constant_dsps, operands, product_dsps
from hw_trigger.parts.database import find_part

DSP48E1, DSP48E2 = (25, 18), (27, 18)


@pytest.mark.parametrize(
    ("width", "other", "slices"),
    [
        (18, 18, 1),
        (19, 18, 1),
        (17, 13, 1),
        (18, 5, 1),
        (18, 4, 0),
        (16, 12, 1),
        (28, 18, 2),
        (35, 27, 2),
        (9, 9, 0),
        (10, 9, 1),
    ],
)
def test_slices_of_a_multiplier(width: int, other: int, slices: int) -> None:
    assert product_dsps(width, other, DSP48E2) == product_dsps(other, width, DSP48E2) == slices


def test_a_seven_series_slice_is_narrower() -> None:
    assert (product_dsps(26, 18, DSP48E1), product_dsps(26, 18, DSP48E2)) == (2, 1)
    assert operands(find_part("xc7z020")) == DSP48E1
    assert operands(None) == DSP48E2


def test_narrow_products_in_slices() -> None:
    assert product_dsps(8, 8, DSP48E2) == 0
    assert product_dsps(8, 8, DSP48E2, narrow_in_lut=False) == 1
    assert product_dsps(8, 4, DSP48E2, narrow_in_lut=False) == 0


def test_constants() -> None:
    constants = Constants(((4, 7.0), (5, 2.5), (20, 1.0)), 3.0, 6.0)
    assert constant_dsps(constants, 18, DSP48E2) == 3.5
