"""Roundings that drop more bits than a value has: narrow sums are simulated, formats that give only 0 are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.hls import FAST, SMALL, Case
from support.programs import random_program

from hw_trigger.fixedpoint import golden
from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls import csim, library
from hw_trigger.hls.differences import first_difference
from hw_trigger.hls.graph import build_graph
from hw_trigger.hls.project import Project
from hw_trigger.hls.rounding import RoundingError, missing_bits
from hw_trigger.hls.settings import HlsSettings


def silent(program: Program) -> Program:
    """The program with a latent layer and a decoder whose weights are all 0, and their sums as narrow as sums can be."""
    encoder, latent, decoder, output = program.layers
    assert isinstance(latent, Dense)
    assert isinstance(decoder, Lstm)
    latent = replace(latent, weight=0 * latent.weight, bias=0 * latent.bias)
    decoder = replace(
        decoder,
        weight=0 * decoder.weight,
        recurrent_weight=0 * decoder.recurrent_weight,
        bias_format=Format(4, -16),
        bias=np.arange(len(decoder.bias)) % 15 - 7,
    )
    return replace(program, layers=(encoder, latent, decoder, output))


def test_narrow_sums_are_exact(case_project: Callable[[Case], Project]) -> None:
    """Without the bits that are added to their types, the simulation ends with an assertion."""
    program = silent(random_program(27, SMALL))
    _, latent, decoder, _ = program.layers
    assert isinstance(latent, Dense)
    assert isinstance(decoder, Lstm)
    assert missing_bits(latent.accumulator.width, latent.accumulator.fraction, latent.output) > 0
    assert all(
        missing_bits(decoder.accumulator.width, decoder.accumulator.fraction, gate) > 1 for gate in decoder.gates
    )

    case = Case(program)
    project, windows = case_project(case), case.windows()
    expected = golden.run(program, windows, trace=True)
    assert expected.score is not None
    assert len(np.unique(expected.score)) > 3
    simulation = csim.run(project, windows, optimization=FAST)
    np.testing.assert_array_equal(simulation.found.score, expected.score)
    np.testing.assert_array_equal(simulation.found.output, expected.output)
    assert first_difference(expected.outputs, library.trace(project, windows, optimization=FAST).outputs) is None


def test_only_narrow_sums_are_widened(tmp_path: Path) -> None:
    program = random_program(27, SMALL)
    scaling = program.scaling
    assert scaling is not None
    coarse = Format(2, 1)
    narrow = replace(scaling, gain=np.array([1]), offset=np.array([0]), output=coarse)
    narrow_program = replace(program, input=coarse, scaling=narrow, layers=silent(program).layers, trigger=None)

    def widths(given: Program) -> dict[str, tuple[int, int]]:
        graph = build_graph(given, HlsSettings(), tmp_path)
        parts = [scaling.name, *(layer.name for layer in given.layers)]
        types = {name: graph.graph[name].types["accumulator_t"].precision for name in parts}
        return {name: (kind.width, kind.width - kind.integer) for name, kind in types.items()}

    assert widths(program) == {
        part.name: (part.accumulator.width, part.accumulator.fraction) for part in (scaling, *program.layers)
    }
    found = widths(narrow_program)
    assert found["scaling"] == (14, 15) == (narrow.accumulator.width + 1, narrow.accumulator.fraction)
    for layer in narrow_program.layers:
        targets = (layer.output,) if isinstance(layer, Dense) else layer.gates
        missing = max(missing_bits(layer.accumulator.width, layer.accumulator.fraction, target) for target in targets)
        assert found[layer.name] == (layer.accumulator.width + missing, layer.accumulator.fraction)
        assert (missing > 0) == (layer.name in {"latent", "decoder_0"})


def with_activation(layer: Lstm, forget: Format) -> Lstm:
    i, _, g, o = layer.activations
    return replace(layer, activations=(i, forget, g, o))


Change = Callable[[Lstm, Rounding], tuple[Lstm, Format]]


def coarse_input(layer: Lstm, rounding: Rounding) -> tuple[Lstm, Format]:
    target = Format(4, 7, rounding=rounding)
    return replace(layer, input=target), target


def tiny_forget_gate(layer: Lstm, rounding: Rounding) -> tuple[Lstm, Format]:
    target = replace(layer.cell, rounding=rounding)
    return replace(with_activation(layer, Format(4, -10, signed=False)), cell=target), target


def coarse_cell(layer: Lstm, rounding: Rounding) -> tuple[Lstm, Format]:
    target = Format(5, 7, rounding=rounding)
    return replace(layer, cell=target), target


def coarse_state(layer: Lstm, rounding: Rounding) -> tuple[Lstm, Format]:
    target = Format(9, 11, rounding=rounding, overflow=Overflow.WRAP)
    return replace(layer, hidden=target), target


@pytest.mark.parametrize(
    ("tensor", "change", "dropped", "width"),
    [
        ("input", coarse_input, 5, 4),
        ("forget_product", tiny_forget_gate, 14, 9),
        ("input_product", coarse_cell, 14, 13),
        ("hidden", coarse_state, 14, 13),
    ],
)
def test_formats_that_give_only_zero(tensor: str, change: Change, dropped: int, width: int, tmp_path: Path) -> None:
    program = random_program(27, SMALL)
    encoder = program.layers[0]
    assert isinstance(encoder, Lstm)
    for rounding in Rounding:
        layer, target = change(encoder, rounding)
        changed = replace(program, layers=(layer, *program.layers[1:]))
        if rounding is Rounding.TRN:  # which gives -1 of what is negative, and is simulated
            build_graph(changed, HlsSettings(), tmp_path)
            continue
        with pytest.raises(RoundingError) as excinfo:
            build_graph(changed, HlsSettings(), tmp_path)
        assert str(excinfo.value) == (
            f"tensor 'encoder_0.{tensor}' is rounded to 0 whatever its value is: {target} drops {dropped} bits, and "
            f"the value has {width}; choose a format with more fractional bits"
        )


def test_the_last_format_that_is_not_refused(tmp_path: Path) -> None:
    """As many bits dropped as the value has: the most negative one is rounded to minus a half, away from 0 to minus 1."""
    program = random_program(27, SMALL)
    encoder = program.layers[0]
    assert isinstance(encoder, Lstm)
    last = replace(encoder, input=Format(4, 6, rounding=Rounding.RND_INF))
    assert program.input.fraction - last.input.fraction == program.input.width
    build_graph(replace(program, layers=(last, *program.layers[1:])), HlsSettings(), tmp_path)
    assert last.input.quantize(program.input.values(program.input.low)) == -1
