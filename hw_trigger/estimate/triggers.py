"""What the triggers cost, counted from the source of their kernels (``hwt_trigger.h``, ``hwt_deviation.h``, ``hwt_margin.h``)."""

from __future__ import annotations

from hw_trigger.estimate import operators as op
from hw_trigger.estimate import timing
from hw_trigger.estimate.dsp import product_dsps
from hw_trigger.estimate.layers import Part, Target, pipeline
from hw_trigger.estimate.resources import Cost
from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.triggers import SCORE_FRACTION, Comparison, DeviationTrigger, ErrorTrigger, Trigger


def trigger(layer: Trigger, target: Target) -> Part:
    """One square a feature, a step a cycle, and the decision behind the last step; the score is a single word."""
    if isinstance(layer, Comparison):
        squares = [layer.error, layer.difference] if isinstance(layer, DeviationTrigger) else [layer.error]
        cost = layer.n_features * sum((_square(term, target) for term in squares), Cost())
        multipliers = len(squares) * layer.n_features
        wide = sum(_dsps(term, target, narrow_in_lut=False) for term in squares) * layer.n_features
        steps = target.steps
    else:
        cost, multipliers, wide, steps = Cost(), 0, 0, 1
    depth = timing.PIPELINE_CYCLES
    if isinstance(layer, ErrorTrigger):
        cost += _sum_of(layer.energy) + op.comparator(layer.score.width) + op.register(layer.score.width)
    elif isinstance(layer, DeviationTrigger):
        cost += layer.n_features * _excess(layer) + _deviation(layer)
        depth += timing.DECISION_CYCLES
    else:
        width = layer.input.width
        cost += (layer.n_classes - 1) * (op.comparator(width) + op.select(width) + op.register(width))
        cost += op.adder(layer.score.width) + op.comparator(layer.score.width) + op.register(layer.score.width)
    machine = op.lut(40, 20) + op.register(20)
    stage = pipeline(layer.name, steps, depth=depth, gives_one=True)
    return Part(layer.name, "trigger", cost + machine, multipliers=multipliers, dsp_if_wide=wide, stage=stage)


def _square(term: Format, target: Target) -> Cost:
    """Return the cost of one feature's difference, its square, and that added to those of the step."""
    width = term.width
    square = op.multiplier(width, width, _dsps(term, target))
    return op.adder(width) + square + op.adder(2 * width) + op.register(4 * width)


def _dsps(term: Format, target: Target, *, narrow_in_lut: bool = True) -> int:
    return product_dsps(term.width, term.width, target.multiplier, narrow_in_lut=narrow_in_lut)


def _sum_of(total: Format) -> Cost:
    """Return the cost of the sum over the steps."""
    return op.adder(total.width) + op.register(total.width)


def _excess(layer: DeviationTrigger) -> Cost:
    """Return the cost of one feature's excess: magnitude, less 1, the greatest of all; and of the step before, which is kept."""
    x, excess = layer.input.width, layer.excess.width
    magnitude = op.adder(x) + op.select(x) + op.comparator(x) + op.adder(excess)
    return magnitude + op.comparator(excess) + op.select(excess) + op.register(x + excess)


def _deviation(layer: DeviationTrigger) -> Cost:
    """Return the cost of what is done once a window, and of the state."""
    score, held, record, count = layer.score.width, layer.held.width, layer.record.width, layer.last_count.bit_length()
    cost = _sum_of(layer.energy) + _sum_of(layer.activity)
    for squares, floor in ((layer.energy, layer.energy_floor), (layer.activity, layer.activity_floor)):
        cost += _running_mean(layer, (squares.high + floor).bit_length())
    # n + 1, its leading one and that at most `baseline`; n against `settle` and against where it stops.
    cost += op.adder(count + 1) + op.gate_logic(count + 1) + op.comparator(6) + op.select(6) + 2 * op.comparator(count)
    for width in (held, record if layer.adaptive else 0):  # less its own part, or what is greater
        if width:
            cost += op.adder(width) + op.comparator(width) + op.select(width)
    cost += 2 * op.adder(score) + (2 if layer.adaptive else 1) * op.comparator(score) + op.register(score)
    return cost + op.register(count + held + (record if layer.adaptive else 0))


def _running_mean(layer: DeviationTrigger, width: int) -> Cost:
    """Return the cost of floor, logarithm, mean and the magnitude of the distance from it; the mean is a register."""
    mean = layer.mean.width
    # A priority encoder is a gate a bit; of the word behind it, only the fraction is read.
    logarithm = op.adder(width) + op.gate_logic(width) + op.shift(width + SCORE_FRACTION) + op.register(width)
    change = op.adder(mean + 1) + op.shift_all(mean + 1, layer.baseline + 1) + op.adder(mean + 1)
    first = op.select(mean)  # the first window's value
    return logarithm + first + change + op.adder(mean + 1) + op.select(mean + 1) + op.register(2 * mean)
