"""LSTM engines: every state equals the golden model's, and comes in the cycle that the closed forms say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.engines import compare, engine_of, expected, random_inputs, random_lstm, run, timing

from hw_trigger.fixedpoint.formats import Format, Overflow, Rounding
from hw_trigger.rtl.lstm import by_unit

# Rows and columns of the input's product, then of the state's: every kind of gathering (1, 2, 4 and more rows a cycle), of
# blocks, of lanes, and units that fill up a group.
SHAPES = [
    (4, 2, 1, 1, 4, 1),
    (4, 2, 2, 2, 1, 2),
    (4, 2, 1, 1, 2, 3),
    (4, 1, 4, 1, 16, 1),
    (4, 2, 16, 2, 16, 4),
    (4, 3, 8, 3, 8, 2),
    (5, 2, 4, 1, 8, 1),
    (5, 3, 12, 2, 12, 1),
    (6, 1, 12, 1, 24, 3),
    (1, 1, 1, 1, 1, 1),
    (1, 2, 4, 2, 4, 1),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_states_are_exact_in_every_layout(shape: tuple[int, ...]) -> None:
    units, inputs, *numbers = shape
    layer = random_lstm(units, inputs)
    compare((layer,), timing(layer, *numbers), distinct=min(6, 2 * units))


@pytest.mark.parametrize("pack", [True, False])
def test_sums_of_different_widths_are_told_apart(pack: bool) -> None:
    """Lanes take one unit after another of a group: the units' sums must lie equally wide, packed or not."""
    layer = random_lstm(4, 2)
    weight = layer.recurrent_weight.copy()
    weight[::3] //= 60
    layer = replace(layer, recurrent_weight=weight)
    compare((layer,), timing(layer, 4, 1, 16, 1), pack=pack)


@pytest.mark.parametrize(("channels", "members"), [(2, 1), (3, 3), (5, 1)])
@pytest.mark.parametrize("numbers", [(4, 1, 16, 1), (2, 1, 8, 2)])
def test_channels_keep_their_own_states(channels: int, members: int, numbers: tuple[int, ...]) -> None:
    layers = tuple(random_lstm(4, 2, steps=3, seed=seed) for seed in range(members))
    compare(layers, timing(layers[0], *numbers, channels=channels))


@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_one_vector_serves_all_steps(channels: int, sequence: bool) -> None:
    layers = tuple(random_lstm(4, 3, repeat=True, sequence=sequence, seed=seed) for seed in range(channels))
    compare(layers, timing(layers[0], 4, 1, 16, 1, channels=channels), windows=4)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_last_state_alone(channels: int) -> None:
    layer = random_lstm(4, 3, sequence=False)
    compare((layer,), timing(layer, 16, 3, 16, 4, channels=channels), windows=5)


@pytest.mark.parametrize("bits", [8, 9])
@pytest.mark.parametrize("numbers", [(4, 1, 16, 1), (4, 1, 12, 3)])
def test_tables_in_logic_and_in_memory(bits: int, numbers: tuple[int, ...]) -> None:
    layer = random_lstm(3, 1, steps=3, table_bits=bits) if numbers[2] == 12 else random_lstm(4, 1, table_bits=bits)
    compare((layer,), timing(layer, *numbers))


def test_only_some_tables_in_memory() -> None:
    layer = random_lstm(4, 1, steps=3)
    compare((replace(layer, cell=Format(10, 3)),), timing(replace(layer, cell=Format(10, 3)), 4, 1, 16, 1))
    wide_gates = replace(layer, gates=(Format(9, 3), *layer.gates[1:]))
    compare((wide_gates,), timing(wide_gates, 4, 1, 16, 1))


@pytest.mark.parametrize("seed", range(3))
def test_pauses_change_no_code(seed: int) -> None:
    layer = random_lstm(4, 2)
    compare((layer,), timing(layer, 4, 2, 16, 1, channels=2), stall=0.4, seed=seed)


@pytest.mark.parametrize("rounding", [Rounding.RND, Rounding.RND_CONV])
def test_the_rounding_of_coarse_gates_fits_the_sums(rounding: Rounding) -> None:
    """Weights of next to nothing: half a step of a gate is more than their sums can be."""
    layer = random_lstm(2, 1, steps=3)
    gates = (Format(3, 3, rounding=rounding),) * 4
    small = replace(layer, weight=layer.weight // 60, recurrent_weight=layer.recurrent_weight // 60, gates=gates)
    small = replace(small, bias=np.sign(small.bias) * 3)
    source = Format(9, 3)
    schedule = timing(small, 4, 1, 8, 1)
    inputs = random_inputs(small, source, 1, 6)
    wanted = expected((small,), source, inputs)
    assert run(engine_of((small,), schedule, source), inputs, len(wanted))[0] == wanted


@pytest.mark.parametrize("overflow", list(Overflow))
def test_every_overflow_of_states(overflow: Overflow) -> None:
    layer = random_lstm(4, 2)
    narrow = replace(layer, cell=Format(6, 2, overflow=overflow), hidden=Format(5, 0, overflow=overflow))
    compare((narrow,), timing(narrow, 4, 1, 8, 2))


def test_rows_by_unit() -> None:
    np.testing.assert_array_equal(by_unit(np.arange(8)), [0, 2, 4, 6, 1, 3, 5, 7])


@pytest.mark.parametrize(("numbers", "bits"), [((4, 1, 4, 1), 8), ((4, 1, 36, 1), 8), ((4, 1, 36, 1), 9)])
def test_sums_in_block_ram_are_read_a_cycle_sooner(numbers: tuple[int, ...], bits: int) -> None:
    """The sums of 16 channels are more than 256 words; the lanes take a unit of a group, or one after another."""
    layer = random_lstm(9, 1, steps=1, repeat=True, table_bits=bits)
    compare((layer,), timing(layer, *numbers, channels=16), windows=2)
