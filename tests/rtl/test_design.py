"""Designs: what their ports are, and which programs one can hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.families import random_member
from support.programs import Sizes, random_classifier, random_program

from hw_trigger.fixedpoint.family import FamilyError
from hw_trigger.rtl.design import DesignError, design
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.schedule import ScheduleError

PROGRAM = random_program(3, Sizes(4, 2, (3,), 2, (3,)))


def test_ports_of_an_autoencoder() -> None:
    found = design((PROGRAM,), plan(PROGRAM), with_output=True).interface
    assert (found.name, found.steps, found.n_features, found.channels) == ("hwt_random_3", 4, 2, 1)
    assert (found.raw, found.output, found.score) == (PROGRAM.raw, PROGRAM.output, PROGRAM.trigger.score)  # type: ignore[union-attr]
    assert (found.output_vectors, found.n_outputs, found.has_output) == (4, 2, True)
    assert (found.input_bits, found.output_bits, found.channel_bits) == (32, 16, 0)


def test_ports_of_a_classifier_of_channels() -> None:
    program = random_classifier(1, steps=3, n_classes=3)
    found = design((program,), plan(program, channels=5)).interface
    assert (found.output_vectors, found.n_outputs, found.has_output) == (1, 3, False)
    assert (found.channels, found.channel_bits) == (5, 3)


def test_without_trigger_the_output_always_has_a_port() -> None:
    program = replace(PROGRAM, trigger=None)
    found = design((program,), plan(program)).interface
    assert found.has_output
    assert (found.score, found.score_bits) == (None, 0)


@pytest.mark.parametrize(
    ("name", "module"),
    [("P-1 (new)", "hwt_p_1_new"), ("a__b", "hwt_a__b"), ("-", "hwt_trigger"), ("µ-Δ", "hwt_trigger")],
)
def test_names_are_those_of_modules(name: str, module: str) -> None:
    program = replace(PROGRAM, name=name)
    assert design((program,), plan(program)).name == module


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_program_for_each_channel_or_one_for_all(count: int) -> None:
    message = f"a design of 3 channels has {count} programs; it must be 1, or one for each channel"
    with pytest.raises(DesignError, match=f"^{re.escape(message)}$"):
        design((PROGRAM,) * count, plan(PROGRAM, channels=3))


def test_members_have_gain_and_offset_in_common_formats() -> None:
    other = random_member(PROGRAM, 1)
    found = design((PROGRAM, other), plan(PROGRAM, channels=2))
    assert len({member.scaling.gain_format for member in found.members if member.scaling}) == 1
    assert len(found.members) == 2


def test_programs_that_differ_in_more_than_constants() -> None:
    other = random_program(4, Sizes(4, 2, (3,), 2, (3,)))
    with pytest.raises(FamilyError, match=r"^channels '0' and '1' cannot share one design: "):
        design((PROGRAM, other), plan(PROGRAM, channels=2))


def test_a_schedule_of_another_program() -> None:
    other = random_program(3, Sizes(4, 2, (3, 3), 2, (3,)))
    with pytest.raises(
        ScheduleError, match=r"^the schedule has the layers decoder_0, encoder_0, encoder_1, latent, output, and "
    ):
        design((PROGRAM,), plan(other))
