"""What cannot be asked of a simulation is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hw_trigger.rtl.interface import Register
from hw_trigger.rtl.simulation.stimulus import (
    START,
    Moment,
    Read,
    Reset,
    Stalls,
    StimulusError,
    Write,
    set_threshold,
)

NONE = np.zeros((0, 1, 1), np.int64)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stalls(output=1.0), "the probability of a stall must be 0 or more and less than 1, not output=1.0"),
        (lambda: Stalls(burst=0), "the longest stall must be 1 to 2147483647 cycles, not burst=0"),
        (lambda: Stalls(seed=-1), "the seed of stalls must be 0 to 2**60 - 1, not -1"),
        (lambda: Moment("second", 1), "a moment's clock must be one of cycle, beats, results, not 'second'"),  # type: ignore[arg-type]
        (lambda: Moment("beats", -1), "a moment's count must be 0 or more, not -1"),
        (lambda: Write(START, 256, 0), "a register's address must be 0 to 0xff, not 0x100"),
        (lambda: Read(START, -4), "a register's address must be 0 to 0xff, not -0x4"),
        (lambda: Write(START, 4, 1 << 32), "a register's value must be 0 to 2**32 - 1, not 4294967296"),
        (lambda: Reset(START, NONE, "warm"), "a reset must be hard or soft, not 'warm'"),  # type: ignore[arg-type]
        (lambda: Reset(START, NONE, cycles=0), "a reset lasts 1 cycle or more, not 0"),
    ],
)
def test_what_cannot_be(make: Callable[[], object], message: str) -> None:
    with pytest.raises(StimulusError) as error:
        make()
    assert str(error.value) == message


def test_a_threshold_is_two_words() -> None:
    assert set_threshold(START, -2, channel=3) == [
        Write(START, Register.CHANNEL, 3),
        Write(START, Register.THRESHOLD_LOW, 0xFFFFFFFE),
        Write(START, Register.THRESHOLD_HIGH, 0xFFFFFFFF),
    ]
