"""A design: what is built in hardware, that is a program, or one for each channel, and the schedule that it is computed with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint.family import family
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.interface import Interface
from hw_trigger.rtl.schedule import Schedule, check


class DesignError(UserError):
    """Programs that one design cannot hold."""


@dataclass(frozen=True, eq=False)
class Design:
    """What is built.

    Attributes
    ----------
    members
        The program of all channels; or that of each, which differ in constants only and have gain and offset in common formats.
    schedule
        Multipliers of each layer, and channels.
    with_output
        What the network puts out has a port of its own; it always has where there is no trigger.
    """

    members: tuple[Program, ...]
    schedule: Schedule
    with_output: bool = False

    @property
    def program(self) -> Program:
        """The program that stands for all where only what they have in common counts."""
        return self.members[0]

    @property
    def name(self) -> str:
        """Name of the top module."""
        return "hwt_" + (re.sub(r"\W+", "_", self.program.name, flags=re.ASCII).strip("_").lower() or "trigger")

    @property
    def has_output(self) -> bool:
        """Whether the network's output has a port."""
        return self.with_output or self.program.trigger is None

    @property
    def interface(self) -> Interface:
        """The ports of the top module."""
        program = self.program
        *vectors, n_outputs = program.output_shape
        return Interface(
            name=self.name,
            steps=program.steps,
            n_features=program.n_features,
            channels=self.schedule.channels,
            raw=program.raw,
            output=program.output,
            output_vectors=vectors[0] if vectors else 1,
            n_outputs=n_outputs,
            has_output=self.has_output,
            score=None if program.trigger is None else program.trigger.score,
        )


def design(programs: tuple[Program, ...], schedule: Schedule, *, with_output: bool = False) -> Design:
    """Return the design of a program, or of one for each channel.

    Raises
    ------
    DesignError
        There are more programs than one and not one for each channel.
    FamilyError
        They differ in more than their constants.
    ScheduleError
        The schedule does not fit.
    """
    if len(programs) not in {1, schedule.channels}:
        raise DesignError(
            f"a design of {schedule.channels} channels has {len(programs)} programs; it must be 1, or one for each channel"
        )
    check(programs[0], schedule)
    if len(programs) > 1:
        found = family({str(number): program for number, program in enumerate(programs)})
        programs = tuple(found.members.values())
    return Design(programs, schedule, with_output)
