"""Whole designs through their ports: scores, trigger bits, counters, resets, framing, thresholds of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from support.families import random_member
from support.programs import Sizes, random_program, random_windows, with_deviation

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.design import design
from hw_trigger.rtl.interface import IDENTIFICATION, Register
from hw_trigger.rtl.plan import plan
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.run import Run
from hw_trigger.rtl.simulation.simulator import Simulator
from hw_trigger.rtl.simulation.stimulus import START, Moment, Read, Reset, Stalls, set_threshold
from hw_trigger.rtl.top import Top

COUNT = 12


@dataclass(frozen=True, eq=False)
class Built:
    """A simulation, the program of each channel, and windows ``(channels, n, steps, features)`` with what is expected of them."""

    simulator: Simulator
    members: tuple[Program, ...]
    windows: Codes

    def run(self, windows: Codes | None = None, **options: object) -> Run:
        given = self.windows if windows is None else windows
        return self.simulator.run(given if len(self.members) > 1 else given[0], **options)  # type: ignore[arg-type]

    def expected(self, thresholds: list[int] | None = None) -> tuple[Codes, Codes]:
        """Return scores and trigger bits ``(channels, n)``."""
        found = []
        for channel, member in enumerate(self.members):
            own = member
            if member.trigger is not None and thresholds is not None:
                own = replace(member, trigger=replace(member.trigger, threshold=thresholds[channel]))
            found.append(golden.run(own, self.windows[channel]))
        return np.stack([each.score for each in found]), np.stack([each.trigger for each in found])  # type: ignore[misc]


def built(program: Program, channels: int, members: tuple[Program, ...], directory: Path) -> Built:
    windows = np.stack([random_windows(program, COUNT, seed) for seed in range(channels)])
    given = []
    for channel, member in enumerate(members):
        found = golden.run(member, windows[channel]).score
        assert member.trigger is not None
        assert found is not None
        scores = np.sort(found)
        given.append(replace(member, trigger=replace(member.trigger, threshold=int(scores[COUNT // 2]))))
    made = design(tuple(given), plan(program, 12, channels=channels), with_output=True)
    simulator = build(Top(made).verilog(), made.interface, directory, optimization="-O0")
    return Built(simulator, tuple(given), windows)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Built:
    program = random_program(3, Sizes(4, 2, (2,), 1, (2,)), widths=(4, 6))
    return built(program, 1, (program,), tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Built:
    program = with_deviation(random_program(5, Sizes(3, 1, (2,), 1, (2,)), widths=(4, 6)))
    members = (program, random_member(program, 1), random_member(program, 2))
    return built(program, 3, members, tmp_path_factory.mktemp("several"))


def same(run: Run, scores: Codes, triggers: Codes) -> None:
    np.testing.assert_array_equal(np.atleast_2d(run.scores), scores)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.atleast_2d(run.triggers), triggers)  # type: ignore[arg-type]


STALLS = [Stalls(), Stalls(seed=1, input=0.7, burst=9), Stalls(seed=2, result=0.9, output=0.5, burst=30)]


@pytest.mark.parametrize("stalls", STALLS)
def test_results_of_one_channel(stalls: Stalls, single: Built) -> None:
    run = single.run(stalls=stalls)
    same(run, *single.expected())
    assert 0 < np.count_nonzero(run.triggers) < COUNT  # type: ignore[arg-type]
    np.testing.assert_array_equal(run.outputs, golden.run(single.members[0], single.windows[0]).output)


@pytest.mark.parametrize("stalls", STALLS)
def test_results_of_channels_with_networks_of_their_own(stalls: Stalls, several: Built) -> None:
    same(several.run(stalls=stalls), *several.expected())


def test_windows_come_as_often_as_the_schedule_says(single: Built) -> None:
    program = single.members[0]
    gaps = np.diff(single.run().last.result_cycles)[COUNT // 2 :]
    assert set(gaps.tolist()) == {plan(program, 12).interval(program)}


def test_registers_tell_what_happened(single: Built) -> None:
    wanted = {
        Register.ID: IDENTIFICATION,
        Register.STATUS: 0,
        Register.WINDOWS: COUNT,
        Register.SAMPLES: COUNT * 4,
        Register.STEPS: 4,
        Register.CHANNELS: 1,
        Register.CHANNEL: 0,
        Register.TRIGGERS: int(single.expected()[1].sum()),
    }
    run = single.run(events=[Read(Moment("results", COUNT), register) for register in wanted])
    assert [event.value for event in run.events] == list(wanted.values())


def test_busy_while_a_window_is_worked_on(single: Built) -> None:
    reads = [Read(START, Register.STATUS), Read(Moment("beats", 4), Register.STATUS)]
    paused = Stalls(seed=1, input=0.99, burst=200)
    assert [event.value for event in single.run(events=reads, stalls=paused).events] == [0, 1]


@pytest.mark.parametrize("sample", [0, 3, 7])
def test_a_wrong_end_of_a_window_is_told_and_changes_nothing(sample: int, single: Built) -> None:
    # Busy comes out of registers: what it says is of a few cycles ago.
    run = single.run(
        wrong_last=[sample],
        events=[Read(Moment("results", COUNT), register) for register in (Register.ID, Register.STATUS)],
    )
    assert run.events[1].value == 2
    same(run, *single.expected())


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("beat", [1, 4, 17])
def test_a_reset_in_mid_window_leaves_nothing(kind: str, beat: int, several: Built) -> None:
    """What comes behind it are the results of a design that has just begun, those of a trigger that remembers too."""
    reset = Reset(Moment("beats", beat), several.windows, kind=kind)  # type: ignore[arg-type]
    counted = [Read(Moment("results", COUNT * 3), register) for register in (Register.WINDOWS, Register.SAMPLES)]
    run = several.run(several.windows[:, ::-1], events=[reset, *counted], stalls=Stalls(seed=beat, result=0.3))
    same(run, *several.expected())
    assert [event.value for event in run.events[1:]] == [COUNT * 3, COUNT * 9]


def test_each_channel_has_a_threshold(several: Built) -> None:
    scores = several.expected()[0]
    thresholds = [int(scores[0].max()), 0, int(np.median(scores[2]))]
    writes = [event for channel, value in enumerate(thresholds) for event in set_threshold(START, value, channel)]
    # Nothing is sent before they are written.
    run = several.run(events=writes, stalls=Stalls(seed=3, input=0.95, burst=400))
    assert run.events[-1].last < run.last.input_cycles[8]
    same(run, *several.expected(thresholds))


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_soft_reset_keeps_thresholds(kind: str, several: Built) -> None:
    thresholds = [0, 0, 0]
    writes = [event for channel in range(3) for event in set_threshold(START, 0, channel)]
    reset = Reset(Moment("beats", 20), several.windows, kind=kind)  # type: ignore[arg-type]
    same(several.run(events=[*writes, reset]), *several.expected(thresholds if kind == "soft" else None))
