"""Trigger blocks against the golden model: every trigger, channels, stalls, resets, cycles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.trigger_blocks import (
    Windows,
    expected,
    random_deviation_trigger,
    random_error_trigger,
    random_margin_trigger,
    random_windows,
    run,
)

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.triggers import DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.rtl.triggers import decision_cycles, decision_interval, trigger_block

KINDS: dict[str, Callable[[int], Trigger]] = {
    "error": random_error_trigger,
    "deviation": random_deviation_trigger,
    "margin": random_margin_trigger,
}
CHANNELS = (1, 2, 3, 5)


def check(kind: str, seed: int, count: int) -> tuple[int, int]:
    """Compare random windows of a random trigger, with stalls or none; return how many fired, and of how many."""
    trigger, channels = KINDS[kind](seed), CHANNELS[seed // 2 % 4]
    windows = random_windows(trigger, channels, count, seed)
    found, _ = run(trigger, channels, windows, stall=(0.0, 0.2, 0.6)[seed % 3], seed=seed)
    assert found == expected(trigger, windows)
    return sum(fired for _, fired, _ in found), len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_decisions_are_those_of_the_golden_model(kind: str) -> None:
    results = [check(kind, seed, 12) for seed in range(8)]
    for parity in (0, 1):  # of the deviation trigger: not adaptive, adaptive
        fired, of = np.sum(results[parity::2], axis=0)
        assert 0 < fired < of


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_decisions_of_many_triggers(kind: str) -> None:
    for seed in range(100, 400):
        check(kind, seed, 24)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_remembered_lasts(channels: int) -> None:
    # Past the count's end; the record and what is held fade slowly, and are exceeded now and then.
    trigger = DeviationTrigger(
        *("trigger", 3, 2, Format(9, 3), Format(8, 2), 100),
        adaptive=True,
        settle=40,
        baseline=4,
        record_decay=3,
        excess_decay=4,
    )
    windows = random_windows(trigger, channels, 90, 1)
    found, _ = run(trigger, channels, windows, stall=0.1)
    assert found == expected(trigger, windows)
    fired = [bit for _, bit, _ in found]
    assert not any(fired[: 40 * channels])
    assert any(fired[70 * channels :])
    # Neither the record nor the excess is without effect.
    assert found != expected(replace(trigger, adaptive=False), windows)
    assert found != expected(replace(trigger, excess_decay=0), windows)


def test_the_widest_sums_are_exact() -> None:
    wide = Format(22, 2)
    trigger = DeviationTrigger("trigger", 4, 3, wide, Format(21, 1), threshold=50, adaptive=False, settle=1)
    assert trigger.activity.width > 46
    windows = random_windows(trigger, 2, 12, 3)
    ends = Windows(np.full_like(windows.x, wide.low), np.full_like(windows.output, Format(21, 1).high))
    for given in (windows, ends):
        found, _ = run(trigger, 2, given)
        assert found == expected(trigger, given)


@pytest.mark.parametrize("kind", KINDS)
def test_each_channel_has_its_threshold(kind: str) -> None:
    trigger = KINDS[kind](8)
    windows = random_windows(trigger, 3, 12, 8)
    scores = [score for score, _, _ in expected(trigger, windows)]
    thresholds = [max(scores), int(np.median(scores)), trigger.score.low]
    found, _ = run(trigger, 3, windows, thresholds)
    assert found == expected(trigger, windows, thresholds)
    fired = [sum(bit for _, bit, channel in found if channel == wanted) for wanted in range(3)]
    assert fired[0] == 0
    assert fired[2] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_reset_begins_the_stream_anew(kind: str, channels: int) -> None:
    for seed in range(2):
        trigger = KINDS[kind](seed + 40)
        steps = 1 if isinstance(trigger, MarginTrigger) else trigger.steps
        cut, whole = random_windows(trigger, channels, 3, seed), random_windows(trigger, channels, 6, seed + 1)
        # The reset comes in the middle of a window, at any channel; what is lost is taken out of the stream.
        before = int(np.random.default_rng(seed).integers(1, 3 * steps * channels))
        given = _Cut(cut, whole, before)
        found, _ = run(trigger, channels, given, stall=0.2, seed=seed, reset_after=before, decisions=6 * channels)
        assert found == expected(trigger, whole)


class _Cut(Windows):
    """The first beats of windows, and other windows behind them."""

    def __init__(self, first: Windows, then: Windows, count: int) -> None:
        super().__init__(then.x, then.output)
        object.__setattr__(self, "_first", {name: beats[:count] for name, beats in first.beats().items()})

    def beats(self) -> dict[str, list[object]]:
        first: dict[str, list[object]] = self.__dict__["_first"]
        return {name: first[name] + beats for name, beats in super().beats().items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("features", [1, 4, 5, 17])
def test_cycles_from_the_last_beat_to_the_decision(kind: str, channels: int, features: int) -> None:
    trigger = _of_size(kind, steps=10, features=features)
    windows = random_windows(trigger, channels, 2, 5)
    _, streams = run(trigger, channels, windows)
    last_beat = streams.sources["output"].cycles[::-1][2 * channels - 1 if kind == "margin" else 11 * channels - 1]
    valid = streams.sinks["decision"].valid
    assert valid[0] - last_beat == decision_cycles(trigger, channels)
    assert set(np.diff(valid[:channels]).tolist()) <= {decision_interval(trigger)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_beat_a_cycle_where_windows_are_longer_than_the_decision(kind: str, channels: int) -> None:
    trigger = _of_size(kind, steps=decision_interval(_of_size(kind, 4, 3)), features=3)
    _, streams = run(trigger, channels, random_windows(trigger, channels, 8, 5))
    for source in streams.sources.values():
        assert source.cycles == list(range(len(source.payloads)))


def test_windows_of_a_step_wait_for_decisions() -> None:
    trigger = _of_size("deviation", steps=1, features=2)
    windows = random_windows(trigger, 1, 10, 5)
    found, streams = run(trigger, 1, windows)
    assert found == expected(trigger, windows)
    assert set(np.diff(streams.sinks["decision"].cycles).tolist()) == {decision_interval(trigger)}


def _of_size(kind: str, steps: int, features: int) -> Trigger:
    x, output = Format(8, 2), Format(7, 1)
    if kind == "margin":
        return MarginTrigger("trigger", features + 1, 0, x, 0)
    if kind == "error":
        return ErrorTrigger("trigger", steps, features, x, output, 1000)
    return DeviationTrigger("trigger", steps, features, x, output, threshold=100, adaptive=True, settle=2)


def test_members_differ_in_their_thresholds_only() -> None:
    trigger = _of_size("deviation", 4, 2)
    assert isinstance(trigger, DeviationTrigger)
    others: list[Trigger] = [replace(trigger, name="other", settle=3), _of_size("error", 4, 2)]
    for other in others:
        message = f"triggers 'trigger' and {other.name!r} differ in more than their thresholds"
        with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
            trigger_block((trigger, other), 2)
