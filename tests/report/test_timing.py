"""Cycles: against recorded syntheses, and against the time of every single word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_trigger.report.timing import STEP_CYCLES, Stage, gate_cycles, product_cycles, window_interval, window_latency


@pytest.mark.parametrize(
    ("n_in", "reuse", "least", "most"),
    [(20, 20, 20, 21), (6, 30, 31, 32), (128, 32, 33, 34), (3, 24, 25, 26), (64, 32, 32, 33)],
)
def test_recorded_products(n_in: int, reuse: int, least: int, most: int) -> None:
    assert least <= product_cycles(n_in, reuse, "Resource", 5.0) <= most


def test_a_product_without_reuse_takes_a_cycle_more_than_recorded() -> None:
    assert product_cycles(20, 1, "Resource", 5.0) == 1 + 1


def test_deep_adder_trees_and_fast_clocks_take_longer() -> None:
    assert product_cycles(64, 1, "Latency", 5.0) == 1 + 2
    assert product_cycles(64, 1, "Latency", 2.0) == 1 + 4
    assert product_cycles(1024, 1, "Latency", 5.0) == 1 + 2
    assert product_cycles(64, 16, "Latency", 5.0) == 16 + 2
    assert product_cycles(64, 16, "Resource", 5.0) == 16 + 1


@pytest.mark.parametrize(
    ("products", "recorded", "off"),
    [
        # Stock layers with all gates unrolled: cycles a step from the whole loop's latency.
        ([(6, 1), (20, 1)], 221 / 20, 0.27),
        ([(6, 1), (20, 1)], 353 / 20, -0.21),
        ([(6, 30), (20, 20)], 811 / 20, 0.07),
        ([(3, 24), (128, 32)], 4151 / 100, 0.09),
    ],
    ids=["GRU 6-20", "LSTM 6-20", "GRU 6-20 reuse 30", "GRU 3-128 reuse 32"],
)
def test_steps_are_as_far_off_as_documented(products: list[tuple[int, int]], recorded: float, off: float) -> None:
    slowest = max(product_cycles(n_in, reuse, "Resource", 5.0) for n_in, reuse in products)
    step = slowest + gate_cycles(20, 20) + STEP_CYCLES
    assert abs(step / recorded - 1 - off) < 0.015


def test_gates_run_in_a_pipeline() -> None:
    assert gate_cycles(64, 64) == 9
    assert gate_cycles(64, 1) == 9 + 63 + 2
    assert gate_cycles(64, 16) == 9 + 3 + 2


def _autoencoder(steps: int, cycles: tuple[int, int, int, int, int]) -> list[Stage]:
    encoder, latent, setup, decoder, output = cycles
    return [
        Stage("scaling", 0, 1, steps),
        Stage("encoder", 0, encoder, steps, gives_one=True),
        Stage("latent", 0, latent, 1, gives_one=True),
        Stage("decoder", setup, decoder, steps),
        Stage("output", 0, output, steps),
        Stage("trigger", 0, 1, steps, gives_one=True),
    ]


def _word_by_word(stages: list[Stage], steps: int) -> int:
    """When the last result is there, from the time of every single word: each waits for its input and for the one before."""
    words = list(range(steps))
    for stage in stages:
        time, given = words[0] + stage.setup, []
        for step in range(stage.steps):
            # A stage that is given one vector a window works on it at every step.
            time = max(time, words[step] if len(words) > 1 else 0) + stage.step
            given.append(time + stage.depth)
        words = given[-1:] if stage.gives_one else given
    return words[-1]


_cycles = st.integers(1, 60)


@given(st.integers(2, 12), st.tuples(_cycles, _cycles, st.integers(0, 60), _cycles, _cycles))
def test_latency_is_that_of_every_single_word(steps: int, cycles: tuple[int, int, int, int, int]) -> None:
    stages = _autoencoder(steps, cycles)
    assert window_latency(stages, streamed=True) == _word_by_word(stages, steps)


@given(st.integers(2, 9), st.lists(st.tuples(st.integers(0, 30), _cycles, st.integers(0, 9)), min_size=1, max_size=6))
def test_latency_of_any_chain_of_sequences(steps: int, kinds: list[tuple[int, int, int]]) -> None:
    stages = [Stage(str(k), setup, step, steps, depth) for k, (setup, step, depth) in enumerate(kinds)]
    assert window_latency(stages, streamed=True) == _word_by_word(stages, steps)


def test_the_decoder_waits_for_the_whole_window() -> None:
    stages = _autoencoder(100, (80, 6, 3, 80, 6))
    streamed = window_latency(stages, streamed=True)
    assert 2 * 8000 < streamed < 2 * 8000 + 100
    # Arrays are handed over whole: nothing overlaps within a window.
    assert window_latency(stages, streamed=False) == sum(stage.interval for stage in stages) > streamed
    assert window_interval(stages) == 8003
