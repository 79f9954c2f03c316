"""The compiled path computes what the reference computes: codes, scores, every layer, and saturation counts."""

from __future__ import annotations

import numpy as np
import pytest
from support.programs import Sizes, random_program, random_windows

from hw_trigger.fixedpoint import compiled, golden

SHAPES = [
    Sizes(),
    Sizes(steps=7, n_features=3, encoder=(5, 4), latent=2, decoder=(3, 6)),
    Sizes(steps=1, encoder=(3,), decoder=(2,)),
]


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("widths", [(2, 6), (6, 10), (12, 16)], ids=["narrow", "medium", "wide"])
def test_equals_reference(seed: int, widths: tuple[int, int]) -> None:
    program = random_program(
        seed, SHAPES[seed % len(SHAPES)], widths=widths, any_mode=seed % 4 == 3, scaling=seed % 2 == 0
    )
    raw = random_windows(program, 30, seed)
    expected = golden.run(program, raw, trace=True)
    found = compiled.run(program, raw, trace=True)
    assert list(found.outputs) == list(expected.outputs)
    for name, codes in expected.outputs.items():
        np.testing.assert_array_equal(found.outputs[name], codes, err_msg=name)
    np.testing.assert_array_equal(found.reconstruction, expected.reconstruction)
    assert found.score is not None
    assert expected.score is not None
    np.testing.assert_array_equal(found.score, expected.score)
    np.testing.assert_array_equal(found.trigger, expected.trigger)
    assert found.saturations == expected.saturations


def test_the_comparison_would_notice() -> None:
    """The random programs reach saturation in every kind of tensor, and their outputs vary."""
    saturated: set[str] = set()
    distinct = 0
    for seed in range(24):
        program = random_program(seed, widths=(3, 7))
        result = golden.run(program, random_windows(program, 30, seed))
        saturated |= {name.split(".")[1] for name, count in result.saturations.items() if count}
        distinct = max(distinct, len(np.unique(result.reconstruction)))
    # The products of two numbers of at most 1 hardly ever leave the cell's range.
    wanted = {"gate_i", "gate_f", "gate_g", "gate_o", "cell", "output", "input"}
    assert wanted <= saturated
    assert distinct >= 10


def test_chunks_and_threads_change_nothing() -> None:
    program = random_program(3)
    raw = random_windows(program, 2 * compiled.CHUNK + 7)
    done: list[int] = []
    found = compiled.run(program, raw, threads=2, progress=done.append)
    expected = golden.run(program, raw)
    np.testing.assert_array_equal(found.reconstruction, expected.reconstruction)
    np.testing.assert_array_equal(found.score, expected.score)
    assert found.saturations == expected.saturations
    assert sum(done) == len(raw)
    assert found.outputs == {}


def test_no_windows() -> None:
    program = random_program(1)
    found = compiled.run(program, np.empty((0, program.steps, program.n_features), np.int64))
    assert found.reconstruction.shape == (0, program.steps, program.n_features)
    assert found.score is not None
    assert found.score.shape == (0,)
