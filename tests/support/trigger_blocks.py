"""Triggers of random formats, windows that reach their corners, and what a block and the golden model make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hw_trigger.fixedpoint.decision import Decision, decide, measure
from hw_trigger.fixedpoint.formats import Codes, Format, Overflow
from hw_trigger.fixedpoint.triggers import DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.rtl.triggers import trigger_block
from support.streaming import Streams, simulate

Outcome = tuple[int, bool, int]
"""Score, trigger bit, channel."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Codes of windows of every channel, ``(channels, n, ...)``: x (none for a margin) and what the network puts out."""

    x: Codes | None
    output: Codes

    def beats(self) -> dict[str, list[Any]]:
        """Return the payloads of the block's streams, in the order window, step, channel."""
        if self.x is None:
            return {"output": _in_order(self.output[:, :, None])}
        return {"x": _in_order(self.x), "output": _in_order(self.output)}


def random_error_trigger(seed: int) -> ErrorTrigger:
    """Return a trigger of random formats, with a threshold that some windows exceed."""
    rng = np.random.default_rng(seed)
    steps, features = (int(rng.integers(1, 7)) for _ in range(2))
    probe = ErrorTrigger("trigger", steps, features, _format(rng), _format(rng), 0)
    return replace(probe, threshold=int(probe.score.high * rng.random() / 10))


def random_deviation_trigger(seed: int) -> DeviationTrigger:
    """Return a trigger of random formats and settings; odd seeds are adaptive."""
    rng = np.random.default_rng(seed)
    base = random_error_trigger(seed)
    return DeviationTrigger(
        *("trigger", base.steps, base.n_features, base.input, base.reconstruction),
        threshold=int(rng.integers(0, 800)),
        adaptive=bool(seed % 2),
        settle=int(rng.integers(1, 6)),
        baseline=int(rng.integers(0, 5)),
        weight=int(rng.integers(0, 4)),
        excess_decay=int(rng.integers(0, 5)),
        record_decay=int(rng.integers(0, 5)),
        floor=int(rng.integers(0, 13)),
    )


def random_margin_trigger(seed: int) -> MarginTrigger:
    """Return a trigger of 2 to 9 classes."""
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 10))
    probe = MarginTrigger("trigger", classes, int(rng.integers(classes)), _format(rng), 0)
    return replace(probe, threshold=int(rng.integers(probe.score.low // 8, probe.score.high // 8 + 1)))


def random_windows(trigger: Trigger, channels: int, count: int, seed: int) -> Windows:
    """Return windows of every magnitude from 0 to the formats' ends, so that scores jump."""
    rng = np.random.default_rng(seed)
    if isinstance(trigger, MarginTrigger):
        return Windows(None, _codes(rng, trigger.input, (channels, count, trigger.n_classes)))
    shape = (channels, count, trigger.steps, trigger.n_features)
    return Windows(_codes(rng, trigger.input, shape), _codes(rng, trigger.reconstruction, shape))


def run(
    trigger: Trigger, channels: int, windows: Windows, thresholds: list[int] | None = None, **options: Any
) -> tuple[list[Outcome], Streams]:
    """Return what the block decides on windows, and its streams; `options` are those of :func:`support.streaming.simulate`."""
    limits = [trigger.threshold] * channels if thresholds is None else thresholds
    count = channels * windows.output.shape[1]
    streams = simulate(
        trigger_block(tuple(replace(trigger, threshold=limit) for limit in limits), channels),
        windows.beats(),
        {"decision": count} if "reset_after" not in options else {"decision": options.pop("decisions")},
        values={"thresholds": limits},
        **options,
    )
    return [(int(p.score), bool(p.trigger), int(p.channel)) for p in streams.sinks["decision"].payloads], streams


def expected(trigger: Trigger, windows: Windows, thresholds: list[int] | None = None) -> list[Outcome]:
    """Return what the golden model decides, in the order window, channel."""
    channels, count = windows.output.shape[:2]
    decisions = []
    for channel in range(channels):
        own = trigger if thresholds is None else replace(trigger, threshold=thresholds[channel])
        x = windows.output if windows.x is None else windows.x
        decisions.append(decide(own, measure(own, x[channel], windows.output[channel])))
    return [_outcome(decisions[channel], window, channel) for window in range(count) for channel in range(channels)]


def _outcome(decision: Decision, window: int, channel: int) -> Outcome:
    return int(decision.score[window]), bool(decision.trigger[window]), channel


def _in_order(codes: Codes) -> list[Any]:
    """Bring ``(channels, n, steps, features)`` to a list of vectors by window, step, channel."""
    vectors: list[Any] = codes.transpose(1, 2, 0, 3).reshape(-1, codes.shape[-1]).tolist()
    return vectors


def _format(rng: np.random.Generator) -> Format:
    width, signed = int(rng.integers(2, 13)), bool(rng.random() < 0.8)
    overflow = Overflow.SAT_SYM if signed and rng.random() < 0.3 else Overflow.SAT
    return Format(width, int(rng.integers(-1, 5)), signed, overflow=overflow)


def _codes(rng: np.random.Generator, number_format: Format, shape: tuple[int, ...]) -> Codes:
    """Return codes whose windows are of one magnitude each: of 0, of a power of two, or all at the format's ends."""
    channels, count = shape[:2]
    per_window = (channels, count) + (1,) * (len(shape) - 2)
    magnitude = number_format.magnitude * 2.0 ** -rng.integers(0, number_format.width + 1, per_window)
    codes = np.rint(rng.uniform(-1, 1, shape) * magnitude)
    ends = np.where(rng.random(shape) < 0.5, number_format.low, number_format.high)
    codes = np.where(rng.random(per_window) < 0.1, ends, codes)
    return np.asarray(np.clip(codes, number_format.low, number_format.high), np.int64)
