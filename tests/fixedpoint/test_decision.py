"""Decisions on exact integers: the deviation trigger against its equations in rational numbers, and worked examples."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from support.programs import Sizes, random_classifier, random_program, random_windows, with_deviation

from hw_trigger.fixedpoint import compiled, golden
from hw_trigger.fixedpoint.decision import STATE, decide, initial_state, measure
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import DeviationTrigger, MarginTrigger, Program
from hw_trigger.fixedpoint.triggers import GUARD, SCORE_FRACTION

SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"adaptive": False, "threshold": 150},
    {"settle": 1, "baseline": 0, "record_decay": 0, "excess_decay": 0, "weight": 0},
    {"settle": 7, "baseline": 11, "record_decay": 16, "excess_decay": 6, "floor": 4},
)


def programs() -> list[Program]:
    """Return programs of one and of two features, with every one of the settings."""
    return [
        with_deviation(random_program(seed, Sizes(n_features=1 + seed % 2)), **settings)
        for seed in range(6)
        for settings in SETTINGS
    ]


def by_equations(trigger: DeviationTrigger, measures: np.ndarray) -> tuple[list[int], list[bool]]:
    """Compute the docstring's equations in rational numbers; `>>` is the floor to the last place of the state."""
    place = Fraction(1, 2 ** (SCORE_FRACTION + GUARD))

    def down(value: Fraction, unit: Fraction) -> Fraction:
        return floor(value / unit) * unit

    def log(number: int) -> Fraction:
        exponent = number.bit_length() - 1
        return down(exponent + Fraction(number, 2**exponent) - 1, Fraction(1, 2**SCORE_FRACTION))

    energy_mean = activity_mean = held = record = Fraction(0)
    scores, triggers = [], []
    for n, (energy, activity, excess) in enumerate(measures.tolist()):
        e, a = log(energy + trigger.energy_floor), log(activity + trigger.activity_floor)
        if n == 0:
            energy_mean, activity_mean = e, a
        d_e, d_a = e - energy_mean, a - activity_mean
        k = min((n + 1).bit_length() - 1, trigger.baseline)
        energy_mean += down(d_e / 2**k, place)
        activity_mean += down(d_a / 2**k, place)
        weighted = Fraction(excess, 2**trigger.input.fraction) * 2**trigger.weight
        held = max(weighted, held - down(held / 2**trigger.excess_decay, place))
        score = sum((down(part, Fraction(1, 2**SCORE_FRACTION)) for part in (abs(d_e), abs(d_a), held)), Fraction(0))
        bar = max(Fraction(trigger.threshold, 2**SCORE_FRACTION), record if trigger.adaptive else Fraction(0))
        triggers.append(n >= trigger.settle and score > bar)
        record = max(score, record - down(record / 2**trigger.record_decay, place))
        scores.append(int(score * 2**SCORE_FRACTION))
    return scores, triggers


def test_the_deviation_trigger_computes_its_equations() -> None:
    both, beyond = 0, 0
    for program in programs():
        trigger = program.trigger
        assert isinstance(trigger, DeviationTrigger)
        raw = random_windows(program, 240)
        found = golden.run(program, raw, trace=True)
        x = raw if program.scaling is None else found.outputs[program.scaling.name]
        measures = measure(trigger, x, found.output)
        assert found.score is not None
        assert found.trigger is not None
        scores, triggers = by_equations(trigger, measures)
        assert found.score.tolist() == scores
        assert found.trigger.tolist() == triggers
        both += 0 < found.trigger.sum() < len(raw)
        beyond += bool((measures[:, 2] > 0).any())
    # Alarms and none, within the trained range and beyond it: most programs have all of it.
    assert both >= 20
    assert beyond >= 12


def test_streams_may_be_cut_anywhere() -> None:
    for program in programs()[:8]:
        raw = random_windows(program, 60)
        whole = golden.run(program, raw)
        state, scores, triggers = None, [], []
        for part in np.split(raw, [1, 2, 17, 59]):
            for run in (golden.run, compiled.run):
                found = run(program, part, state=state)
            assert found.score is not None
            assert found.trigger is not None
            state = found.state
            scores += found.score.tolist()
            triggers += found.trigger.tolist()
        assert whole.score is not None
        assert whole.trigger is not None
        assert scores == whole.score.tolist()
        assert triggers == whole.trigger.tolist()
        assert state is not None
        assert whole.state is not None
        assert state.tolist() == whole.state.tolist()


def test_a_stream_starts_with_zeros_and_its_count_ends() -> None:
    program = with_deviation(random_program(1), settle=3, baseline=2)
    trigger = program.trigger
    assert isinstance(trigger, DeviationTrigger)
    assert initial_state(trigger) is not None
    start = decide(trigger, np.zeros((0, 3), np.int64)).state
    assert start is not None
    assert start.tolist() == [0] * len(STATE)
    counts = []
    state = None
    for _ in range(6):
        state = decide(trigger, np.ones((1, 3), np.int64), state).state
        assert state is not None
        counts.append(int(state[0]))
    assert counts == [1, 2, 3, 4, 4, 4]  # 2**baseline


def test_worked_example() -> None:
    """Two steps, whole numbers: energies 7 and 63 over a floor of 1 are 3 and 6 octaves."""
    whole = Format(4, 4)
    trigger = DeviationTrigger(
        "trigger", 2, 1, whole, whole, threshold=256, adaptive=True, settle=1, baseline=11, weight=0, floor=1
    )
    assert (trigger.energy_floor, trigger.activity_floor) == (1, 1)
    measures = np.array([[7, 0, 0], [7, 0, 0], [63, 0, 0], [63, 0, 0], [7, 3, 0], [7, 0, 2]])
    found = decide(trigger, measures)
    octave = 256
    # Means of the energy before each window: 3, 3, 3, then (6 - 3) >> 1 more = 4.5, and 5.25 (k is floor(log2(n + 1))).
    # 63 + 1 is 2 ** 6; the excess of 2 is 2 octaves.
    assert found.score.tolist()[:4] == [0, 0, 3 * octave, int(1.5 * octave)]
    assert found.trigger.tolist()[:4] == [False, False, True, False]  # 1.5 is above the threshold, and no record
    e_after = 4.5 + (6 - 4.5) / 4
    assert found.score.tolist()[4] == int((e_after - 3) * octave) + 2 * octave
    assert bool(found.trigger[4])


def test_equal_to_the_threshold_or_to_the_record_is_no_alarm() -> None:
    whole = Format(4, 4)
    for threshold, fires in ((3 * 256, False), (3 * 256 - 1, True)):
        trigger = DeviationTrigger("trigger", 2, 1, whole, whole, threshold, adaptive=False, settle=1, floor=1)
        found = decide(trigger, np.array([[7, 0, 0], [63, 0, 0]]))
        assert found.score.tolist() == [0, 768]
        assert found.trigger.tolist() == [False, fires]
    # With the mean at its place (baseline 0 follows at once) the same step comes again: as high as the record, which fell.
    trigger = DeviationTrigger(
        "trigger", 2, 1, whole, whole, 0, adaptive=True, settle=1, baseline=0, record_decay=24, floor=1
    )
    found = decide(trigger, np.array([[7, 0, 0], [63, 0, 0], [7, 0, 0]]))
    assert found.score.tolist() == [0, 768, 768]
    assert found.trigger.tolist() == [False, True, False]


def test_states_and_scores_fit_their_formats() -> None:
    """The farthest windows: an error of 0 after the greatest, and the reverse, with the greatest excess."""
    for program in programs():
        trigger = program.trigger
        assert isinstance(trigger, DeviationTrigger)
        extremes = np.array([[0, 0, 0], [trigger.energy.high, trigger.activity.high, trigger.excess.high]])
        for order in ([0, 1, 0, 1], [1, 0, 1, 0]):
            state = None
            for measures in extremes[order]:
                found = decide(trigger, measures[None], state)
                state = found.state
                assert state is not None
                _, energy_mean, activity_mean, held, record = state.tolist()
                assert 0 <= found.score[0] <= trigger.score.high
                assert 0 <= energy_mean <= trigger.mean.high
                assert 0 <= activity_mean <= trigger.mean.high
                assert 0 <= held <= trigger.held.high
                assert 0 <= record <= trigger.record.high


def test_the_margin_of_a_classifier() -> None:
    trigger = MarginTrigger("trigger", 3, 1, Format(8, 2), threshold=-2)
    logits = np.array([[1, 5, 4], [-128, -128, 127], [0, -2, 0], [0, -1, 0]])
    measures = measure(trigger, np.zeros((4, 2, 1), np.int64), logits)
    found = decide(trigger, measures)
    assert found.score.tolist() == [1, -255, -2, -1]
    assert found.trigger.tolist() == [True, False, False, True]
    assert found.state is None


def test_classifiers_compute_the_same_in_both_models() -> None:
    distinct = zeros = 0
    for seed in range(8):
        program = random_classifier(seed, n_classes=2 + seed % 3)
        raw = random_windows(program, 100, seed)
        slow, fast = golden.run(program, raw, trace=True), compiled.run(program, raw, trace=True)
        assert slow.output.shape == (100, *program.output_shape)
        assert slow.output.tolist() == fast.output.tolist()
        assert slow.score is not None
        assert fast.score is not None
        assert slow.score.tolist() == fast.score.tolist()
        assert slow.saturations == fast.saturations
        distinct = max(distinct, len(np.unique(slow.score)))
        # The hidden dense layer is a ReLU: there are zeros, and they are no saturations.
        hidden = slow.outputs["dense_0"]
        zeros += int((hidden == 0).sum())
        assert slow.saturations["dense_0.output"] <= int((hidden == program.layers[-2].output.high).sum())
    assert distinct >= 10
    assert zeros >= 100
