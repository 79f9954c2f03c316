"""Block RAMs, against recorded memories."""

from __future__ import annotations

import pytest

from hw_trigger.estimate.memory import bram18, memory, rom_copies

# Words, bits: block RAMs, as the C-synthesis of recorded designs counts them.
RECORDED = {
    (20, 956): 27,
    (20, 1020): 29,
    (30, 188): 6,
    (32, 27641): 768,
    (32, 18424): 512,
    (32, 18423): 512,
    (24, 858): 24,
    (32, 350): 10,
    (1024, 10): 1,
    (1024, 18): 1,
    (32, 29): 0,
    (30, 3): 0,
}


@pytest.mark.parametrize(("shape", "blocks"), RECORDED.items())
def test_recorded_memories(shape: tuple[int, int], blocks: int) -> None:
    assert bram18(*shape) == blocks


@pytest.mark.parametrize(("reads", "copies"), [(1, 1), (5, 3), (10, 5), (20, 10), (40, 20), (128, 64), (256, 128)])
def test_recorded_copies(reads: int, copies: int) -> None:
    assert rom_copies(reads) == copies


def test_logic_synthesis_keeps_the_bits_that_differ() -> None:
    cost = memory(32, 27641, 27641 / 2)
    assert (cost.c_synthesis.bram18, cost.logic.bram18) == (768, 384)


def test_a_small_memory_is_luts() -> None:
    cost = memory(32, 29)
    assert (cost.c_synthesis.bram18, cost.c_synthesis.lut, cost.c_synthesis.ff) == (0, 14.5, 29)  # recorded: 0, 15, 29
