"""Random designs: program, schedule, channels and stimulus, all of one seed, and their comparison with the golden model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Lstm, Program
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.plan import FULLY_PARALLEL, plan
from hw_trigger.rtl.schedule import (
    N_GATES,
    LayerSchedule,
    LstmSchedule,
    ProductSchedule,
    Schedule,
    ScheduleError,
    check,
)
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.run import Run, Stretch
from hw_trigger.rtl.simulation.stimulus import NO_STALLS, Event, Moment, Reset, Stalls, Write, set_threshold
from hw_trigger.rtl.top import Top
from support.families import random_member
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

NARROW, WIDE = (2, 7), (4, 12)
"""Bits of the formats. Tables have an entry for each code, and their text is much of a design's: one in six has wide ones."""

WINDOWS = (8, 40)
"""Windows of each channel, fewest and most."""


@dataclass(frozen=True, eq=False)
class Case:
    """A design and what is done to it.

    Attributes
    ----------
    windows
        Sent last, ``(channels, n, steps, n_features)``.
    interrupted
        Sent before the reset `reset`, in the same shape; ``None`` without a reset.
    thresholds
        Codes that all channels' thresholds are set to while the design works on `windows`; ``None`` where they stay.
    """

    seed: int
    design: Design
    windows: Codes
    stalls: Stalls
    interrupted: Codes | None
    reset: Reset | None
    thresholds: tuple[int, ...] | None
    when: Moment

    @property
    def members(self) -> tuple[Program, ...]:
        """The program of each channel."""
        count = self.design.schedule.channels
        return tuple(self.design.members[channel % len(self.design.members)] for channel in range(count))

    @property
    def events(self) -> list[Event]:
        """What happens while the design runs."""
        events: list[Event] = [] if self.reset is None else [self.reset]
        for channel, threshold in enumerate(self.thresholds or ()):
            events += set_threshold(self.when, threshold, channel)
        return events

    def describe(self) -> str:
        """Return what the case is, in a line."""
        program, schedule = self.design.program, self.design.schedule
        trigger = "none" if program.trigger is None else type(program.trigger).__name__
        layers = ", ".join(f"{name} {_described(layer)}" for name, layer in schedule.layers.items())
        return (
            f"seed {self.seed}: {program.name}, {program.steps} steps of {program.n_features}, {schedule.channels} channels, "
            f"{len(self.design.members)} members, trigger {trigger}, pack {schedule.pack}, {layers}, {self.stalls}, "
            f"reset {None if self.reset is None else self.reset.kind}, thresholds {self.thresholds}"
        )


def _described(layer: LayerSchedule) -> str:
    if isinstance(layer, LstmSchedule):
        return f"{_described(layer.input)}+{_described(layer.state)}"
    return f"{layer.rows}x{layer.columns}"


def random_case(seed: int) -> Case:
    """Return the case of a seed."""
    rng = np.random.default_rng([5, seed])
    program = _program(rng)
    channels = int(rng.choice([1, 1, 2, 3, 4, 5]))
    pack = bool(rng.random() < 0.7)
    schedule = _planned(rng, program, channels, pack) if rng.random() < 0.4 else _by_hand(rng, program, channels, pack)
    members: tuple[Program, ...] = (program,)
    if channels > 1 and rng.random() < 0.5:
        members += tuple(random_member(program, int(rng.integers(1 << 30))) for _ in range(channels - 1))
    count = int(rng.integers(*WINDOWS, endpoint=True))
    windows = _windows(rng, program, channels, count)
    # Where thresholds lie among the scores, some windows exceed them.
    members = tuple(_with_threshold(rng, member, windows) for member in members)
    made = design(members, schedule, with_output=bool(rng.random() < 0.7))
    busy = Stalls(
        seed=int(rng.integers(1 << 30)),
        input=float(rng.choice([0, 0.2, 0.8])),
        result=float(rng.choice([0, 0.3, 0.9])),
        output=float(rng.choice([0, 0.3, 0.7])),
        registers=float(rng.choice([0, 0.4])),
        burst=int(rng.choice([1, 3, 20])),
    )
    interrupted, reset = None, None
    if rng.random() < 0.3:
        interrupted = _windows(rng, program, channels, int(rng.integers(1, 4)))
        beats = channels * program.steps * interrupted.shape[1]
        reset = Reset(
            Moment("beats", int(rng.integers(beats))),
            windows if channels > 1 else windows[0],
            kind="hard" if rng.random() < 0.5 else "soft",
            cycles=int(rng.integers(1, 4)),
        )
    thresholds = None
    if program.trigger is not None and rng.random() < 0.3:
        thresholds = tuple(_threshold(rng, member, windows) for member in members * (channels // len(members)))
    when = Moment("beats", int(rng.integers(1, channels * program.steps * count)))
    return Case(seed, made, windows, busy if rng.random() < 0.5 else NO_STALLS, interrupted, reset, thresholds, when)


def _program(rng: np.random.Generator) -> Program:
    seed = int(rng.integers(1 << 30))
    steps, n_features = int(rng.integers(1, 7)), int(rng.integers(1, 4))

    def units() -> tuple[int, ...]:
        """Layers of 1 to 8 units, small ones more often: what a design costs is its text."""
        count = 1 + int(rng.random() < 0.35)
        return tuple(int(rng.integers(1, 9 if rng.random() < 0.4 else 5)) for _ in range(count))

    widths = WIDE if rng.random() < 0.16 else NARROW
    kind = rng.choice(["error", "deviation", "margin", "none"], p=[0.35, 0.3, 0.2, 0.15])
    if kind == "margin":
        program = random_classifier(
            seed,
            steps=steps,
            n_features=n_features,
            units=units(),
            hidden=units() if rng.random() < 0.7 else (),
            n_classes=int(rng.integers(2, 5)),
            widths=widths,
        )
        keep = rng.random() < 0.7
        return program if keep else replace(program, scaling=None)
    sizes = Sizes(steps, n_features, units(), int(rng.integers(1, 5)), units())
    scaling = bool(rng.random() < 0.7)
    program = random_program(
        seed, sizes, widths=widths, any_mode=bool(rng.random() < 0.7), scaling=scaling, trigger=kind == "error"
    )
    if kind != "deviation":
        return program
    return with_deviation(
        program,
        adaptive=bool(rng.random() < 0.5),
        settle=int(rng.integers(1, 4)),
        baseline=int(rng.integers(0, 4)),
        excess_decay=int(rng.integers(0, 4)),
        record_decay=int(rng.integers(0, 4)),
    )


def _windows(rng: np.random.Generator, program: Program, channels: int, count: int) -> Codes:
    return np.stack([random_windows(program, count, int(rng.integers(1 << 30))) for _ in range(channels)])


def _threshold(rng: np.random.Generator, program: Program, windows: Codes) -> int:
    """Return one of the scores of the program, or one less."""
    scores = golden.run(program, windows.reshape(-1, *windows.shape[2:])).score
    if scores is None or program.trigger is None:
        raise RuntimeError(f"program {program.name!r} has no trigger")
    return int(max(program.trigger.score.low, rng.choice(scores) - rng.integers(2)))


def _with_threshold(rng: np.random.Generator, program: Program, windows: Codes) -> Program:
    if program.trigger is None:
        return program
    return replace(program, trigger=replace(program.trigger, threshold=_threshold(rng, program, windows)))


def _planned(rng: np.random.Generator, program: Program, channels: int, pack: bool) -> Schedule:
    least = sum(2 if isinstance(layer, Lstm) else 1 for layer in program.layers)
    multipliers = FULLY_PARALLEL if rng.random() < 0.2 else least + int(rng.integers(0, 100))
    return plan(program, multipliers, channels=channels, pack=pack)


def _by_hand(rng: np.random.Generator, program: Program, channels: int, pack: bool) -> Schedule:
    """Return any schedule that a program can have."""
    while True:
        schedule = Schedule({layer.name: random_layer_schedule(rng, layer) for layer in program.layers}, channels, pack)
        try:
            check(program, schedule)
        except ScheduleError:
            continue
        return schedule


def random_layer_schedule(rng: np.random.Generator, layer: object) -> LayerSchedule:
    """Return rows and columns within a layer's shape, most of which it can have."""
    if not isinstance(layer, Lstm):
        return ProductSchedule(_up_to(rng, layer.n_outputs), _up_to(rng, layer.n_inputs))  # type: ignore[attr-defined]
    rows = [1, 2, *range(N_GATES, N_GATES * layer.n_units + 1, N_GATES)]
    return LstmSchedule(
        ProductSchedule(int(rng.choice(rows)), _up_to(rng, layer.n_inputs)),
        ProductSchedule(int(rng.choice(rows)), _up_to(rng, layer.n_units)),
    )


def _up_to(rng: np.random.Generator, most: int) -> int:
    return int(rng.integers(1, most, endpoint=True))


@dataclass
class Comparison:
    """What was compared: windows of all channels, codes, and those that differ."""

    windows: int = 0
    codes: int = 0
    mismatches: int = 0

    def same(self, found: NDArray[Any], wanted: NDArray[Any]) -> None:
        """Count codes that differ; a shape that differs is a bug of the simulation."""
        if found.shape != wanted.shape:
            raise RuntimeError(f"{found.shape} codes are compared with {wanted.shape}")
        self.codes += found.size
        self.mismatches += int(np.count_nonzero(found != wanted))


def simulate(case: Case, directory: Path) -> Run:
    """Build and run a case; a model of so few cycles is not worth optimizing."""
    simulator = build(Top(case.design).verilog(), case.design.interface, directory, optimization="-O0")
    first = case.windows if case.interrupted is None else case.interrupted
    return simulator.run(
        first if case.design.schedule.channels > 1 else first[0],
        stalls=case.stalls,
        events=case.events,
        patience=20_000,
    )


def compare(case: Case, run: Run) -> Comparison:
    """Compare all that a run put out with the golden model, code for code."""
    result = Comparison()
    channels = case.design.schedule.channels
    wanted = [golden.run(member, case.windows[channel]) for channel, member in enumerate(case.members)]
    result.windows += channels * case.windows.shape[1]
    if run.outputs is not None:
        outputs = run.outputs if channels > 1 else run.outputs[None]
        result.same(outputs.reshape(channels, *wanted[0].output.shape), np.stack([each.output for each in wanted]))
    if run.scores is not None and run.triggers is not None:
        scores, triggers = (values if channels > 1 else values[None] for values in (run.scores, run.triggers))
        result.same(scores, np.stack([_known(each.score) for each in wanted]))
        for channel in range(channels):
            possible = _possible_triggers(case, run, channel, _known(wanted[channel].trigger))
            result.same(triggers[channel], min(possible, key=lambda bits: np.count_nonzero(bits != triggers[channel])))
    if case.interrupted is not None:
        _compare_interrupted(case, case.interrupted, run.interrupted[0], result)
    return result


def _possible_triggers(case: Case, run: Run, channel: int, before: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the trigger bits that are right: up to some window those of the first threshold, then of the one written."""
    member = case.members[channel]
    if case.thresholds is None or member.trigger is None:
        return [before]
    changed = replace(member, trigger=replace(member.trigger, threshold=case.thresholds[channel]))
    after = _known(golden.run(changed, case.windows[channel]).trigger)
    writes = [index for index, event in enumerate(case.events) if isinstance(event, Write)]
    high = run.events[writes[3 * channel + 2]]  # of the channel's three writes the one that counts
    channels = case.design.schedule.channels
    sent = run.last.result_cycles[channel::channels]
    # What was sent before the write began had the old one; what was not complete behind its end has the new one.
    ends = run.last.input_cycles.reshape(-1, member.steps, channels)[:, -1, channel]
    first, last = int(np.count_nonzero(sent < high.first)), int(np.count_nonzero(ends <= high.last))
    return [np.concatenate([before[:number], after[number:]]) for number in range(first, last + 1)]


def _compare_interrupted(case: Case, windows: Codes, stretch: Stretch, result: Comparison) -> None:
    """Compare what came before a reset: the beginning of what would have come."""
    wanted = [golden.run(member, windows[channel]) for channel, member in enumerate(case.members)]
    if case.design.has_output:
        vectors = np.stack([each.output for each in wanted]).reshape(
            len(wanted), -1, case.design.interface.output_vectors, case.design.interface.n_outputs
        )
        beats = vectors.transpose(1, 2, 0, 3).reshape(-1, vectors.shape[-1])
        result.same(stretch.outputs, beats[: len(stretch.outputs)])
    if case.design.program.trigger is not None:
        for found, each in (
            (stretch.scores, [one.score for one in wanted]),
            (stretch.triggers, [one.trigger for one in wanted]),
        ):
            decided = np.stack([_known(one) for one in each]).T.reshape(-1)
            result.same(found, decided[: len(found)])


def _known(codes: NDArray[Any] | None) -> NDArray[Any]:
    if codes is None:
        raise RuntimeError("a program with a trigger has no score")
    return codes
