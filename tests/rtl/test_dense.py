"""Dense engines: every result equals the golden model's, in every layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.engines import compare, engine_of, expected, random_dense, random_inputs, run

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense
from hw_trigger.rtl.schedule import ProductSchedule


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("columns", [1, 3, 4])
def test_results_are_exact_in_every_layout(rows: int, columns: int) -> None:
    compare((random_dense(5, 4, steps=3),), ProductSchedule(rows, columns), windows=3)


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("numbers", [(2, 1), (4, 2), (4, 5)])
def test_channels_have_their_own_constants(numbers: tuple[int, int], pack: bool) -> None:
    layers = tuple(random_dense(4, 5, steps=2, seed=seed) for seed in range(3))
    compare(layers, ProductSchedule(*numbers), pack=pack)


@pytest.mark.parametrize("seed", range(3))
def test_pauses_change_no_code(seed: int) -> None:
    compare((random_dense(3, 4, steps=4),), ProductSchedule(2, 2), windows=4, stall=0.5, seed=seed)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_every_rounding(rounding: Rounding) -> None:
    compare((random_dense(3, 2, steps=6, rounding=rounding),), ProductSchedule(3, 1), windows=4)


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("signed", [True, False])
def test_every_overflow(overflow: Overflow, signed: bool) -> None:
    """An unsigned output that saturates is a ReLU."""
    layer = random_dense(3, 2, steps=6)
    layer = replace(layer, bias=np.abs(layer.bias), output=Format(7, 2, signed, overflow=overflow))
    compare((layer,), ProductSchedule(1, 2), windows=6)


SMALL = [
    # Half a step of the output is more than the accumulator can be; the sums are little below 0.
    (Format(8, 1), 1, Format(8, 1), -3, Format(4, 3, rounding=Rounding.RND)),
    (Format(8, 1), 1, Format(8, 1), -3, Format(4, 3, rounding=Rounding.RND_CONV)),
    # The constant has more fractional bits than the accumulator has bits.
    (Format(8, 1), 0, Format(20, 1), 3, Format(4, 3)),
    (Format(8, 1), 0, Format(20, 1), -3, Format(4, 3)),
    # Products are of whole numbers, the constant is of the 24th place.
    (Format(3, 3), 1, Format(20, -4), -3, Format(14, 3)),
]


@pytest.mark.parametrize(("weight_format", "weight", "bias_format", "bias", "output"), SMALL)
def test_small_constants(weight_format: Format, weight: int, bias_format: Format, bias: int, output: Format) -> None:
    source = Format(6, 1)
    layer = Dense(
        "dense", 1, source, weight_format, np.array([[weight]]), bias_format, np.array([bias]), replace(output)
    )
    inputs = random_inputs(layer, source, 1, 40)
    wanted = expected((layer,), source, inputs)
    assert run(engine_of((layer,), ProductSchedule(1, 1), source), inputs, len(wanted))[0] == wanted


def test_vectors_follow_each_other_without_a_gap() -> None:
    """The multipliers never wait: a vector comes every groups x blocks cycles."""
    for numbers in [(1, 1), (3, 4), (2, 3), (3, 1)]:
        schedule = ProductSchedule(*numbers)
        streams = compare((random_dense(3, 4, steps=8),), schedule, windows=3)
        gaps = np.diff(streams.sinks["output"].cycles)
        assert set(gaps.tolist()) == {schedule.slots(3, 4)}
