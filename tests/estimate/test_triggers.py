"""What the triggers cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.programs import Sizes, random_classifier, random_program, with_deviation

from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.layers import Target
from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.triggers import trigger
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Program
from hw_trigger.fixedpoint.triggers import DeviationTrigger, MarginTrigger
from hw_trigger.hls.settings import HlsSettings

SIZES = Sizes(20, 3, (4,), 2, (4,))
NARROW, WIDE = (random_program(1, SIZES, widths=(width, width)) for width in (6, 14))
TARGET = Target(HlsSettings(), 20, (27, 18), calibration())


def deviation(program: Program = WIDE, **settings: Any) -> DeviationTrigger:
    found = with_deviation(program, **settings).trigger
    assert isinstance(found, DeviationTrigger)
    return found


def test_squares_of_the_error_only() -> None:
    assert WIDE.trigger is not None
    part = trigger(WIDE.trigger, TARGET)
    assert (part.multipliers, part.cost.c_synthesis.dsp, part.dsp_if_wide) == (3, 3, 3)
    assert part.stage is not None
    assert (part.stage.interval, part.stage.gives_one) == (24, True)


def test_squares_of_error_and_activity() -> None:
    part = trigger(deviation(), TARGET)
    assert (part.multipliers, part.cost.c_synthesis.dsp, part.dsp_if_wide) == (6, 6, 6)
    assert part.stage is not None
    assert part.stage.interval == 32
    narrow = trigger(deviation(NARROW), TARGET)
    assert narrow.cost.c_synthesis.dsp < narrow.dsp_if_wide == 6


def test_the_state_is_in_registers() -> None:
    """Without a record, there is a register, a subtracter, a multiplexer and two comparators less."""
    layer = deviation()
    state = 2 * layer.mean.width + layer.held.width + layer.record.width + layer.last_count.bit_length()
    with_record, without = (trigger(replace(layer, adaptive=adaptive), TARGET).cost for adaptive in (True, False))
    assert with_record.logic.ff > state
    assert with_record.logic.ff - without.logic.ff == layer.record.width
    width = layer.record.width
    fewer = 2 * width + width / 2 + layer.score.width / 2
    assert with_record.logic.lut - without.logic.lut == pytest.approx(fewer)


def test_shifters_grow_with_what_they_shift_by() -> None:
    """Two means, one LUT a bit more for four times as many amounts; and the count of windows is two bits longer."""
    short, long = (deviation(baseline=baseline, settle=1) for baseline in (3, 15))
    found = [trigger(layer, TARGET).cost.logic for layer in (short, long)]
    bits = long.last_count.bit_length() - short.last_count.bit_length()
    assert bits == 12
    # The count's adder and leading one are longer by a LUT a bit each, and its two comparators by half a one.
    assert found[1].lut - found[0].lut == pytest.approx(2 * (short.mean.width + 1) + 3 * bits)
    assert found[1].ff - found[0].ff == bits


def test_a_longer_look_back_is_no_other_multiplier() -> None:
    assert trigger(deviation(baseline=3), TARGET).multipliers == trigger(deviation(baseline=15), TARGET).multipliers


@pytest.mark.parametrize("n_classes", [2, 5])
def test_margins(n_classes: int) -> None:
    layer = MarginTrigger("trigger", n_classes, 0, Format(8, 3), 0)
    part = trigger(layer, TARGET)
    assert (part.multipliers, part.dsp_if_wide, part.cost.c_synthesis.dsp) == (0, 0, 0)
    assert part.stage is not None
    assert part.stage.steps == 1
    # A comparator and a multiplexer a further class, the difference, the comparison; and the state machine.
    luts = (n_classes - 1) * (4 + 8) + layer.score.width * 1.5 + 20
    assert part.cost.logic.lut == pytest.approx(luts)


def test_every_part_of_a_classifier() -> None:
    """Nothing waits for its output: x goes into the network only."""
    found = estimate(random_classifier(1, hidden=(5, 4)), HlsSettings())
    assert [(layer.name, layer.kind) for layer in found.layers] == [
        ("scaling", "scaling"),
        ("lstm_0", "lstm"),
        ("lstm_1", "lstm"),
        ("dense_0", "dense"),
        ("dense_1", "dense"),
        ("logits", "dense"),
        ("trigger", "trigger"),
    ]
    assert all(layer.c_synthesis.lut > 0 and layer.timed for layer in found.layers)
    ends = [layer.busy[1] for layer in found.layers]
    assert ends == sorted(ends)
    assert found.latency_cycles == ends[-1]


def test_a_trigger_that_remembers_in_a_design() -> None:
    plain, other = estimate(WIDE, HlsSettings()), estimate(with_deviation(WIDE), HlsSettings())
    assert [layer.name for layer in other.layers] == [layer.name for layer in plain.layers]
    assert other.layers[:-1] == plain.layers[:-1]
    assert other.multipliers - plain.multipliers == 3
    assert other.latency_cycles - plain.latency_cycles == 8
