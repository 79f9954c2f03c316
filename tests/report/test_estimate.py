"""The estimate of a program: every figure from the documented formulas, labelled as what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from support.programs import Sizes, random_program

from hw_trigger.fixedpoint.formats import Format
from hw_trigger.fixedpoint.program import Dense, Lstm, Program
from hw_trigger.hls.reuse import ReuseFactorError
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.report.costs import LayerEstimate
from hw_trigger.report.estimate import Estimate, UnknownLayerError, estimate
from hw_trigger.report.resources import constant_operands

SIZES = Sizes(steps=20, encoder=(20,), latent=4, decoder=(20,))


@pytest.fixture(scope="module")
def program() -> Program:
    return random_program(2, SIZES, widths=(12, 12))


def _layer(found: Estimate, name: str) -> LayerEstimate:
    return next(layer for layer in found.layers if layer.name == name)


def test_resource_multipliers_and_weight_memories(program: Program) -> None:
    """A 20-unit LSTM has 80 x 20 recurrent products: at reuse 20, 80 multipliers and a word of 80 weights."""
    found = estimate(
        program, HlsSettings(strategy="Resource", recurrent_reuse_factor=20, dense_reuse_factor=20, gate_unroll=4)
    )
    encoder = program.layers[0]
    assert isinstance(encoder, Lstm)
    constants = constant_operands(encoder.weight)
    assert _layer(found, "encoder_0").multipliers == len(constants) + 80 + 3 * 4
    # 12-bit operands, and gates of 10 bits: all variable products in DSPs, and the constants of more than 4 bits.
    assert _layer(found, "encoder_0").dsp == int((constants > 4).sum()) + 80 + 3 * 4
    assert _layer(found, "encoder_0").bram18_weights == 27  # 20 words of 960 bits, as recorded
    assert _layer(found, "latent").multipliers == 4
    assert _layer(found, "latent").bram18_weights == 0  # 20 words of 48 bits are 960 bits: LUTs


def test_recorded_design() -> None:
    """Recorded: stock GRU 6-20 at reuse 30 and 20, dense 20-64-1: 12, 60, 64 and 2 DSPs, 6, 27, 29 and 0 block RAMs."""
    sizes = [(6, 60, 30), (20, 60, 20), (20, 64, 20), (64, 1, 32)]
    found = [_dense_cost(n_in, n_out, reuse, 16) for n_in, n_out, reuse in sizes]
    assert [layer.dsp for layer in found] == [12, 60, 64, 2]
    assert [layer.bram18_weights for layer in found] == [6, 27, 29, 0]


def _dense_cost(n_in: int, n_out: int, reuse: int, width: int) -> LayerEstimate:
    """Cost of one dense layer, put where the latent layer of a program is."""
    program = random_program(0, Sizes(encoder=(n_in,), latent=n_out, decoder=(2,)), widths=(width, width))
    settings = HlsSettings(strategy="Resource", layers={"latent": LayerReuse(reuse)})
    return _layer(estimate(program, settings), "latent")


def test_latency_counts_only_constants_that_cost(program: Program) -> None:
    output = program.layers[-1]
    assert isinstance(output, Dense)
    codes = np.zeros_like(output.weight)
    codes[0, :6] = [1, -2, 3, 100, 1001, -1001]
    sparse = replace(program, layers=(*program.layers[:-1], replace(output, weight=codes)))
    found = _layer(estimate(sparse, HlsSettings()), "output")
    assert found.multipliers == 4  # 3, 100 = 25 * 4, 1001 twice
    assert found.dsp == 3  # 3 is 3 bits wide: LUTs
    assert found.bram18_weights == 0


def test_latency_with_reuse_shares_multipliers_and_skips_zeros(program: Program) -> None:
    output = program.layers[-1]
    assert isinstance(output, Dense)
    codes = np.ones_like(output.weight)
    codes[0, :8] = 0
    sparse = replace(program, layers=(*program.layers[:-1], replace(output, weight=codes)))
    settings = HlsSettings(layers={"output": LayerReuse(2)})
    assert _layer(estimate(sparse, settings), "output").multipliers == 10 - 4


@pytest.mark.parametrize(("unroll", "copies"), [(1, 1), (2, 1), (4, 2), (5, 3), (20, 10)])
def test_tables_are_copied_for_every_two_units(unroll: int, copies: int) -> None:
    program = random_program(2, SIZES, widths=(8, 8))
    found = estimate(program, HlsSettings(gate_unroll=unroll))
    assert _layer(found, "encoder_0").bram18_tables == 5 * copies


def test_small_tables_are_made_of_luts() -> None:
    found = estimate(random_program(2, SIZES, widths=(7, 7)), HlsSettings(gate_unroll=20))
    assert found.total("bram18_tables") == 0  # 128 entries of 7 bits


def test_narrow_products_and_the_doubt_about_them() -> None:
    found = estimate(random_program(2, SIZES, widths=(8, 8)), HlsSettings())
    encoder = _layer(found, "encoder_0")
    assert encoder.dsp == 0
    assert 0 < encoder.dsp_if_wide < encoder.multipliers
    (note,) = found.to_dict()["notes"]
    assert note == (
        "products of operands below 10 bits are taken to be made of LUTs; if HLS gave them DSPs, "
        f"there would be {found.total('dsp_if_wide')}"
    )


def test_an_unsigned_operand_takes_a_bit_more() -> None:
    """Sigmoids of 9 bits are 10-bit operands of a signed multiplier; weights and states of 9 bits stay below."""
    found = estimate(random_program(2, SIZES, widths=(9, 9)), HlsSettings(gate_unroll=4))
    assert _layer(found, "encoder_0").dsp == 3 * 4
    assert _layer(found, "latent").dsp == 0


def test_fifo_of_the_waiting_samples() -> None:
    program = random_program(0, Sizes(steps=100), widths=(8, 8))
    # Two windows and more of 8 bits are more than LUTs take.
    assert _layer(estimate(program, HlsSettings()), "copy of x").bram18_buffers == 1
    assert _layer(estimate(program, HlsSettings(io_type="io_parallel")), "copy of x").bram18_buffers == 0
    bare = estimate(replace(program, trigger=None, scaling=None), HlsSettings())
    assert [layer.name for layer in bare.layers] == ["encoder_0", "latent", "decoder_0", "output"]


def test_streams_and_arrays_between_layers() -> None:
    program = random_program(0, Sizes(steps=100, decoder=(16,)), widths=(16, 16))
    streamed = _layer(estimate(program, HlsSettings()), "decoder_0")
    arrays = _layer(estimate(program, HlsSettings(io_type="io_parallel")), "decoder_0")
    assert streamed.bram18_buffers == 0  # two words of 256 bits, in registers
    assert arrays.bram18_buffers == 2 * 16  # 100 words of 16 bits for each of 16 features, twice


def test_steps_and_windows(program: Program) -> None:
    found = estimate(program, HlsSettings(recurrent_reuse_factor=10, gate_unroll=2))
    # Product 10 + a tree of 21 terms in one cycle, gates 9 + 9 + 2, loop 3.
    assert _layer(found, "encoder_0").step_cycles == 11 + 20 + 3
    assert _layer(found, "encoder_0").interval_cycles == 20 * 34
    # The repeated input's product once a window: 1 + 1.
    assert _layer(found, "decoder_0").interval_cycles == 2 + 20 * 34
    assert found.interval_cycles == 2 + 20 * 34
    assert found.latency_cycles > 2 * 20 * 34
    faster = estimate(program, HlsSettings(gate_unroll=20))
    assert faster.latency_cycles < found.latency_cycles


def test_more_reuse_never_takes_more_multipliers(program: Program) -> None:
    for strategy in ("Latency", "Resource"):
        counts = [
            estimate(program, HlsSettings(strategy=strategy, recurrent_reuse_factor=factor)).total("multipliers")
            for factor in (2, 4, 10, 20, 40, 1600)
        ]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[-1]


def test_shares_and_labels(program: Program) -> None:
    found = estimate(program, HlsSettings(clock_ns=4.0))
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["origin"] == "estimated"
    assert document["method"] == "first closed-form estimate, no error bars"
    total = document["total"]
    assert {part["origin"] for part in [total, *document["layers"]]} == {"estimated"}
    assert total["dsp_share"] == total["dsp"] / 12288 > 0
    assert total["bram18_share"] == total["bram18"] / 5376
    assert total["latency_us"] == pytest.approx(total["latency_cycles"] * 0.004)
    assert total["dsp"] == sum(layer["dsp"] for layer in document["layers"])
    assert document["device"]["source"].startswith("AMD DS890")


def test_unknown_part_has_no_shares(program: Program) -> None:
    document = estimate(program, HlsSettings(part="xcvu999-x")).to_dict()
    assert document["device"] is None
    assert document["total"]["dsp_share"] is None
    assert document["total"]["bram18_share"] is None
    assert document["notes"][0] == (
        "shares are not given: part 'xcvu999-x' is not in the data file, which has xc7s15, xc7z020, xcku115, xcu250, xcvu9p, "
        "xcvu13p, xczu7ev, xczu9eg"
    )


def test_a_device_with_narrower_dsps_needs_more(program: Program) -> None:
    encoder = program.layers[0]
    assert isinstance(encoder, Lstm)
    wide = replace(program, layers=(replace(encoder, recurrent_format=Format(26, 2)), *program.layers[1:]))
    old = estimate(wide, HlsSettings(part="xc7z020clg400-1", strategy="Resource", recurrent_reuse_factor=20))
    new = estimate(wide, HlsSettings(strategy="Resource", recurrent_reuse_factor=20))
    assert old.total("multipliers") == new.total("multipliers")
    # 26 bits fit a port of 27, and not one of 25.
    assert old.total("dsp") == new.total("dsp") + 80


def test_refuses_unknown_layers(program: Program) -> None:
    class Convolution:
        name = "conv"

    strange = replace(program)
    object.__setattr__(strange, "layers", (cast("Any", Convolution()), *program.layers))
    with pytest.raises(UnknownLayerError) as excinfo:
        estimate(strange, HlsSettings())
    assert str(excinfo.value) == "layer 'conv' is of the kind Convolution, and the estimator knows Lstm and Dense"


def test_refuses_factors_that_do_not_divide(program: Program) -> None:
    with pytest.raises(ReuseFactorError):
        estimate(program, HlsSettings(gate_unroll=3))
