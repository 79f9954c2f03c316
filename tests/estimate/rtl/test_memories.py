"""Memories and multipliers by Yosys' rules: figures that its netlists had."""

from __future__ import annotations

import pytest

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.memories import (
    blocks,
    distinct,
    distributed,
    free_memory,
    in_blocks,
    logic_table,
    slices,
)


@pytest.mark.parametrize(
    ("depth", "width", "luts"), [(18, 8, 8), (32, 15, 16), (64, 21, 24), (115, 12, 32), (160, 21, 80), (288, 8, 80)]
)
def test_memories_of_luts(depth: int, width: int, luts: int) -> None:
    assert distributed(depth, width) == luts


@pytest.mark.parametrize(
    ("depth", "width", "number"),
    [(512, 36, 1), (512, 37, 2), (513, 36, 2), (1024, 18, 1), (256, 54, 2), (1024, 21, 2), (4096, 8, 2), (16384, 1, 1)],
)
def test_block_rams(depth: int, width: int, number: int) -> None:
    assert blocks(depth, width) == number


def test_the_cheaper_memory_is_taken() -> None:
    assert free_memory(115, 12) == Resources(lut=32)
    assert free_memory(1632, 12) == Resources(bram18=2)
    assert free_memory(1024, 8) == Resources(bram18=1)


def test_constants() -> None:
    assert not in_blocks(64)
    assert in_blocks(65)
    assert logic_table(1, 8) == 0
    assert logic_table(8, 8) == 8
    assert 60 < logic_table(256, 8) < 80


def test_equal_bits_are_built_once() -> None:
    assert distinct(1, 100) == 0
    assert 13.9 < distinct(4, 288) <= 14
    assert 99.9 < distinct(40, 100) <= 100
    assert distinct(1000, 100) == pytest.approx(100)


@pytest.mark.parametrize(
    ("width", "other", "number"), [(9, 8, 1), (27, 18, 1), (28, 18, 2), (27, 19, 2), (20, 20, 2), (28, 19, 4)]
)
def test_slices(width: int, other: int, number: int) -> None:
    assert slices(width, other) == slices(other, width) == number


def test_small_multiplications_are_luts_unless_they_are_marked() -> None:
    assert slices(9, 9, marked=False) == 0
    assert slices(10, 9, marked=False) == 1
