"""Families: programs with the formats of a given one, and constants of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Codes, Format
from hw_trigger.fixedpoint.program import Layer, Lstm, Program, Scaling
from support.programs import random_windows


def random_family(program: Program, count: int) -> dict[str, Program]:
    """The program as channel C-0, and others with other constants; what they put out varies, or it would prove nothing."""
    members, seed = {"C-0": program}, 0
    while len(members) < count:
        seed += 1
        member = random_member(program, seed)
        found = golden.run(member, random_windows(member, 30))
        if len(np.unique(found.output)) <= 8:
            continue
        if member.trigger is not None and found.score is not None:  # about half of these windows exceed it
            member = replace(member, trigger=replace(member.trigger, threshold=int(np.sort(found.score)[15])))
        members[f"C-{len(members)}"] = member
    return members


def random_member(program: Program, seed: int) -> Program:
    """The program with other weights, biases, gain and offset."""
    rng = np.random.default_rng(seed)
    return replace(
        program,
        name=f"member_{seed}",
        scaling=None if program.scaling is None else _scaling(program.scaling, rng),
        layers=tuple(_layer(layer, rng) for layer in program.layers),
    )


def _scaling(scaling: Scaling, rng: np.random.Generator) -> Scaling:
    gain = np.maximum(1, _codes(scaling.gain, scaling.gain_format, rng))
    return replace(scaling, gain=gain, offset=_codes(scaling.offset, scaling.offset_format, rng))


def _layer(layer: Layer, rng: np.random.Generator) -> Layer:
    weight, bias = _codes(layer.weight, layer.weight_format, rng), _codes(layer.bias, layer.bias_format, rng)
    if isinstance(layer, Lstm):
        recurrent = _codes(layer.recurrent_weight, layer.recurrent_format, rng)
        return replace(layer, weight=weight, bias=bias, recurrent_weight=recurrent)
    return replace(layer, weight=weight, bias=bias)


def _codes(codes: Codes, number_format: Format, rng: np.random.Generator) -> Codes:
    """Normal, with a standard deviation of half the range, and cut off at its ends."""
    drawn = rng.normal(0, number_format.magnitude / 2, codes.shape).round().astype(np.int64)
    return np.clip(drawn, number_format.low, number_format.high)
