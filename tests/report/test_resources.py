"""The closed forms meet what was recorded of real syntheses (github.com/uw-acme/HLS4ML_VS_MANUAL, Vivado HLS 2019.2)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_trigger.report.resources import bram18, constant_operands, product_dsps, rom_copies

ULTRASCALE = (27, 18)


@pytest.mark.parametrize(
    ("words", "bits", "blocks"),
    [
        (20, 60 * 16 - 4, 27),
        (20, 64 * 16, 29),
        (30, 12 * 16, 6),
        (32, 2 * 16, 0),
        (32, 1536 * 18 - 7, 768),
        (32, 1024 * 18, 512),
        (24, 48 * 18, 24),
        (32, 20 * 18, 10),
        (1024, 10, 1),
    ],
)
def test_recorded_memories(words: int, bits: int, blocks: int) -> None:
    assert bram18(words, bits) == blocks


@pytest.mark.parametrize(
    ("words", "bits", "blocks"), [(16384, 1, 1), (16385, 1, 2), (513, 36, 2), (65536, 16, 64), (1, 1025, 29)]
)
def test_shapes_of_a_block(words: int, bits: int, blocks: int) -> None:
    assert bram18(words, bits) == blocks


@given(st.integers(1, 70_000), st.integers(1, 4000))
def test_memories_hold_their_bits(words: int, bits: int) -> None:
    blocks = bram18(words, bits)
    assert blocks == 0 if words * bits <= 1024 else blocks * 18 * 1024 >= words * bits
    assert bram18(words + 1, bits) >= blocks
    assert bram18(words, bits + 1) >= blocks


@pytest.mark.parametrize(("reads", "copies"), [(5, 3), (10, 5), (20, 10), (40, 20), (128, 64), (256, 128), (1, 1)])
def test_recorded_table_copies(reads: int, copies: int) -> None:
    assert rom_copies(reads) == copies


@pytest.mark.parametrize(
    ("width", "other", "dsps"),
    [
        *[(18, 4, 0), (4, 18, 0), (18, 5, 1), (16, 16, 1), (18, 18, 1), (16, 12, 1), (27, 18, 1)],
        *[(28, 18, 2), (18, 28, 2), (27, 19, 2), (35, 35, 4), (8, 8, 0), (9, 9, 0), (10, 9, 1)],
    ],
)
def test_products(width: int, other: int, dsps: int) -> None:
    assert product_dsps(width, other, ULTRASCALE) == dsps


def test_narrow_products_either_way() -> None:
    assert product_dsps(8, 8, ULTRASCALE, narrow_in_lut=False) == 1
    assert product_dsps(4, 4, ULTRASCALE, narrow_in_lut=False) == 0


def test_seven_series_multiplier() -> None:
    assert product_dsps(26, 18, (25, 18)) == 2
    # Recorded of 7-series: 16 x 32 bits took 2, 32 x 32 took 4.
    assert product_dsps(16, 32, (25, 18)) == 2
    assert product_dsps(32, 32, (25, 18)) == 4


def test_constants_that_cost_nothing() -> None:
    assert constant_operands(np.array([[0, 1, -1, 2], [64, -128, 0, 4096]])).tolist() == []


def test_widths_of_odd_parts() -> None:
    """3 is 011 in two's complement, 12 is 3 shifted, -5 needs 4 bits as 5 does."""
    assert constant_operands(np.array([3, 12, -5, 127, 2**20 + 1])).tolist() == [3, 3, 4, 8, 22]
