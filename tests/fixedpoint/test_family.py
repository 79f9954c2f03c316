"""Families of programs: what may differ, what may not, and sums that are exact whatever constants are loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.families import random_family, random_member
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

from hw_trigger.fixedpoint import golden, serialize
from hw_trigger.fixedpoint.family import FamilyError, family, widest_accumulators
from hw_trigger.fixedpoint.formats import Format, FormatTooWideError, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense, Lstm, Program

PROGRAM = with_deviation(random_program(27))
FORMAT = Format(11, 3)


def lstm(program: Program, **changes: Any) -> Program:
    encoder = program.layers[0]
    assert isinstance(encoder, Lstm)
    return replace(program, layers=(replace(encoder, **changes), *program.layers[1:]))


def test_members_differ_in_constants_only() -> None:
    members = random_family(PROGRAM, 3)
    found = family(members)
    assert {name: serialize.digest(program) for name, program in found.members.items()} == {
        name: serialize.digest(program) for name, program in members.items()
    }
    thresholds = {program.trigger.threshold for program in members.values() if program.trigger is not None}
    assert len(thresholds) == 3


def test_gain_and_offset_are_brought_to_common_formats() -> None:
    """They are fitted to each channel's range; the values stay, and so does all that is computed of them."""
    assert PROGRAM.scaling is not None
    scaling = replace(
        PROGRAM.scaling,
        gain_format=Format(6, 4, signed=False),
        gain=np.array([37]),
        offset_format=Format(4, -5),
        offset=np.array([-7]),
    )
    members = {"A-1": PROGRAM, "S-1": replace(random_member(PROGRAM, 1), scaling=scaling)}
    found = family(members)
    for name, member in found.members.items():
        common, own = member.scaling, members[name].scaling
        assert common is not None
        assert own is not None
        assert (common.gain_format, common.offset_format) == (Format(5 + 6, 5), Format(2 + 9, 2))
        np.testing.assert_array_equal(common.gain_format.values(common.gain), own.gain_format.values(own.gain))
        np.testing.assert_array_equal(common.offset_format.values(common.offset), own.offset_format.values(own.offset))
        windows = random_windows(members[name], 40)
        same, expected = golden.run(member, windows, trace=True), golden.run(members[name], windows, trace=True)
        np.testing.assert_array_equal(same.outputs["scaling"], expected.outputs["scaling"])
        np.testing.assert_array_equal(same.score, expected.score)
        np.testing.assert_array_equal(same.output, expected.output)
        assert len(np.unique(expected.outputs["scaling"])) >= 8


@pytest.mark.parametrize("program", [PROGRAM, random_program(12, any_mode=True), random_classifier(77)])
def test_accumulators_hold_the_sums_of_every_member(program: Program) -> None:
    members = {f"C-{seed}": random_member(program, seed) for seed in range(8)}
    found = family(members).accumulators
    for member in members.values():
        assert member.scaling is not None
        parts = [member.scaling, *member.layers]
        assert list(found) == [part.name for part in parts]
        for part in parts:
            common = found[part.name]
            assert common.fraction == part.accumulator.fraction
            assert common.low <= part.accumulator.low
            assert common.high >= part.accumulator.high


def test_accumulators_are_no_wider_than_the_worst_constants_need() -> None:
    """2 inputs at -8 of weights at -8 and a bias at -8 with 3 more fractional bits make 2 * 64 + 1 = 129: 9 bits with a sign."""
    four = Format(4, 4, True, Rounding.RND_CONV, Overflow.SAT)
    zeros = np.zeros((2, 2), np.int64)
    layer = Dense("output", 1, four, four, zeros, Format(4, 1), np.zeros(2, np.int64), four)
    program = Program("one", 1, 2, four, (layer,))
    assert widest_accumulators(program)["output"] == Format(9 + 3, 9, True, Rounding.TRN, Overflow.WRAP)
    symmetric = replace(layer, weight_format=replace(four, overflow=Overflow.SAT_SYM))
    assert widest_accumulators(replace(program, layers=(symmetric,)))["output"].integer == 8


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        (lstm(PROGRAM, cell=FORMAT), "'encoder_0.cell' is {0.cell} in the first and " + str(FORMAT)),
        (
            lstm(PROGRAM, gates=(FORMAT,) * 4),
            "'encoder_0.gates[0]' is {0.gates[0]} in the first and " + str(FORMAT),
        ),
        (lstm(PROGRAM, name="first"), "'encoder_0.name' is encoder_0 in the first and first"),
        (replace(PROGRAM, scaling=None), "'scaling' is Scaling in the first and None"),
        (with_deviation(PROGRAM, settle=7), "'trigger.settle' is 3 in the first and 7"),
        (random_program(27), "'trigger' is DeviationTrigger in the first and ErrorTrigger"),
        (with_deviation(random_program(27, Sizes(steps=6))), "'steps' is 5 in the first and 6"),
        (
            with_deviation(random_program(27, Sizes(encoder=(4, 4)))),
            "'number of layers' is 4 in the first and 5",
        ),
    ],
)
def test_what_differs_is_named(changed: Program, difference: str) -> None:
    with pytest.raises(FamilyError) as caught:
        family({"A-1": PROGRAM, "A-2": random_member(PROGRAM, 1), "S-1": changed})
    assert str(caught.value) == (
        f"channels 'A-1' and 'S-1' cannot share one design: {difference.format(PROGRAM.layers[0])} in the second; "
        "train them as one fleet, with fleet.shared_formats=true"
    )


def test_shapes_differ() -> None:
    first, second = (_two_layers(units) for units in (4, 5))
    with pytest.raises(FamilyError) as caught:
        family({"A-1": first, "S-1": second})
    assert str(caught.value) == (
        "channels 'A-1' and 'S-1' cannot share one design: 'hidden.weight' is of the shape (4, 1) in the first and of the "
        "shape (5, 1) in the second; train them as one fleet, with fleet.shared_formats=true"
    )


def _two_layers(units: int) -> Program:
    four = Format(4, 4)
    hidden = Dense("hidden", 3, four, four, np.zeros((units, 1), np.int64), four, np.zeros(units, np.int64), four)
    output = replace(hidden, name="output", weight=np.zeros((1, units), np.int64), bias=np.zeros(1, np.int64))
    return Program("two", 3, 1, four, (hidden, output))


def test_no_channel() -> None:
    with pytest.raises(FamilyError) as caught:
        family({})
    assert str(caught.value) == "a design is for 1 channel at least, and there is none"


def test_a_sum_that_other_constants_would_make_too_wide() -> None:
    """This member's own weights are small; 27 bits times 27 bits are not."""
    wide = Format(27, 4, True, Rounding.RND_CONV, Overflow.SAT)
    layer = Dense("output", 1, wide, wide, np.ones((1, 1), np.int64), wide, np.ones(1, np.int64), wide)
    program = Program("one", 1, 1, wide, (layer,))
    with pytest.raises(FormatTooWideError) as caught:
        family({"A-1": program})
    assert str(caught.value) == (
        "tensor 'output.accumulator' needs 54 bits with 46 fractional ones to be exact, and 53 are available; "
        "choose narrower formats for what flows into it"
    )
