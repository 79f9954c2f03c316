"""Stages, their schedule, the interval."""

from __future__ import annotations

import pytest

from hw_trigger.estimate.timing import Stage, gate_cycles, schedule, window_interval

SAMPLES = Stage("scaling", setup=0, step=1, steps=10, depth=4)
ENCODER = Stage("encoder", setup=0, step=20, steps=10, gives_one=True)
LATENT = Stage("latent", setup=0, step=3, steps=1)
DECODER = Stage("decoder", setup=7, step=25, steps=10)


def test_a_stream_begins_with_the_first_word() -> None:
    times = schedule([SAMPLES, ENCODER, LATENT, DECODER], streamed=True)
    assert times == [(0, 14), (5, 205), (205, 208), (208, 465)]


def test_arrays_wait_for_the_end() -> None:
    times = schedule([SAMPLES, ENCODER, LATENT, DECODER], streamed=False)
    assert times == [(0, 14), (14, 214), (214, 217), (217, 474)]


def test_the_interval_is_the_slowest_stages() -> None:
    assert window_interval([SAMPLES, ENCODER, LATENT, DECODER]) == 7 + 250


@pytest.mark.parametrize(("stage", "cycles"), [(SAMPLES, 5), (ENCODER, 200), (DECODER, 32)])
def test_first_output(stage: Stage, cycles: int) -> None:
    assert stage.first_output == cycles


def test_gates() -> None:
    assert gate_cycles(64, 1) == 9 + 63 + 2
    assert gate_cycles(64, 16) == 9 + 3 + 2
    assert gate_cycles(64, 64) == 9
