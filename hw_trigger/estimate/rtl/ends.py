"""What the blocks at both ends of a design take: scaling, forks and the way of x, trigger, registers, the top's status."""

from __future__ import annotations

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.counted import Counted, count_to, fixed, logic
from hw_trigger.estimate.rtl.memories import free_memory, slices
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.layers import Scaling
from hw_trigger.fixedpoint.triggers import SCORE_FRACTION, DeviationTrigger, ErrorTrigger, MarginTrigger, Trigger
from hw_trigger.rtl.registers import WORD
from hw_trigger.rtl.triggers.measure import LUT_BITS, measure_cycles

SQUARE_LUT = 1.2
"""LUTs a bit of one operand times a bit of the other of a multiplication without a DSP slice (Booth's recoding in Yosys)."""


def scaling(members: tuple[Scaling, ...], channels: int) -> Counted:
    """Return the scaling: a product, a sum and a rounding for each feature."""
    layer = members[0]
    raw, gain, total = layer.raw.width, layer.gain_format.width, layer.accumulator.width + 1
    found = Counted(operators=2, registers=3)
    for place in range(layer.n_features):
        gains = {abs(int(member.gain[place])) for member in members}
        shifted = len(gains) == 1 and next(iter(gains)).bit_count() <= 1
        found += Counted() if shifted else fixed(Resources(dsp=slices(raw, gain, marked=False)))
        found += logic(total / 2 + layer.output.width, layer.output.width)
    if len(members) > 1:
        words = layer.n_features * (gain + total)
        found += fixed(free_memory(channels, words)) + count_to(channels)
    return found


def fork(outputs: int = 2) -> Counted:
    """Return a fork: what it must remember of each stream."""
    return Counted(operators=3 * outputs, registers=outputs)


def x_buffer(number_format: Format, n_features: int, depth: int) -> Counted:
    """Return the way of x to the trigger: a memory and its pointers."""
    width = number_format.width * n_features
    return fixed(free_memory(depth - 1, width)) + logic(0, width) + count_to(depth, depth, depth)


def trigger(layer: Trigger, channels: int) -> Counted:
    """Return a trigger."""
    if isinstance(layer, MarginTrigger):
        return _margin(layer, channels)
    found = _measure(layer, channels) + count_to(layer.steps, channels)
    if isinstance(layer, DeviationTrigger):
        return found + _decision(layer, channels)
    return found + _compare(layer.score, channels)


def _compare(score: Format, channels: int) -> Counted:
    choice = score.width * (channels - 1) / 3
    return logic(score.width / 2 + choice, 3 * score.width + 2)


def _margin(layer: MarginTrigger, channels: int) -> Counted:
    width, others = layer.input.width, layer.n_classes - 1
    return logic((others - 1) * 1.5 * width + width, (layer.n_classes + 1) * width + 3) + _compare(
        layer.score, channels
    )


def _measure(layer: ErrorTrigger | DeviationTrigger, channels: int) -> Counted:
    """Return what measures a window, beat by beat."""
    x, n = layer.input.width, layer.n_features
    terms = [(layer.error.width, layer.energy.width)]
    if isinstance(layer, DeviationTrigger):
        terms.append((layer.difference.width, layer.activity.width))
    found = logic(0, n * (x + layer.reconstruction.width) + 4 * (measure_cycles(layer) - 1))
    for width, total in terms:
        if width > LUT_BITS:
            square = fixed(Resources(dsp=slices(width, width, marked=False))) + logic(width, 2 * width)
        else:
            square = logic(SQUARE_LUT * width * width + 3 * width, 5 * width)
        found += n * square + logic((n - 1) * 2 * width, (n - 1) * 2 * width) + logic(2 * total, total)
        found += _kept(total, channels)
    if isinstance(layer, DeviationTrigger):
        excess = layer.excess.width
        found += n * logic(2 * x + 2 * excess, x + 2 * excess) + logic((n - 1) * 1.5 * excess, (n - 1) * excess)
        found += _kept(n * x, channels) + logic(0, excess)
    return found


def _kept(width: int, channels: int) -> Counted:
    """Return a word for each channel: a register, or a memory."""
    return logic(0, width) if channels == 1 else fixed(free_memory(channels, width)) + logic(0, width / 2)


def _decision(layer: DeviationTrigger, channels: int) -> Counted:
    """Return the state machine behind a deviation trigger's measures."""
    energy = (layer.energy.high + layer.energy_floor).bit_length()
    activity = (layer.activity.high + layer.activity_floor).bit_length()
    number, mean, score, held = max(energy, activity), layer.mean.width, layer.score.width, layer.held.width
    record = layer.record.width if layer.adaptive else 0
    count = layer.last_count.bit_length()
    lead = 1.5 * number + SCORE_FRACTION * number / 4 + 2 * SCORE_FRACTION
    means = 6 * mean + mean * (layer.baseline + 1).bit_length() / 2
    luts = number + lead + means + 3 * count + 3.5 * held + 2.5 * record + 4 * score
    state = count + 2 * mean + held + record
    registers = number + 6 * mean + 3 * score + held * 2 + record + count + 24
    found = logic(luts + state / 2, registers) + Counted(operators=40, registers=9 + score)
    if channels > 1:
        width = energy + activity + layer.excess.width + (channels - 1).bit_length()
        found += fixed(free_memory(channels - 1, width)) + count_to(channels, channels, channels)
    return found + _kept(state, channels) + logic(score * (channels - 1) / 3)


def registers(score: Format | None, channels: int) -> Counted:
    """Return the register block: counters, the bus, the thresholds of the channels."""
    found = Counted(operators=5 * WORD, registers=7 * WORD)
    width = 0 if score is None else score.width
    return found + logic(width * (2 + channels), width * channels + (WORD if width else 0))


def status(steps: int, channels: int) -> Counted:
    """Return the status of the top: windows that are open, places in a window."""
    return Counted(operators=30, registers=17) + count_to(steps, channels)


def output_port(steps: int, channels: int) -> Counted:
    """Return the count of what the network puts out."""
    return count_to(steps, channels)
