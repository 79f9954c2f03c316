"""Estimates of fixed-point programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.programs import Sizes, random_program

from hw_trigger.estimate.program import UnknownLayerError, estimate
from hw_trigger.estimate.result import Estimate
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.reuse import ReuseFactorError
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.parts.configured import with_parts
from hw_trigger.parts.database import known_parts

PROGRAM = random_program(1, Sizes(20, 1, (16,), 4, (16,)), widths=(8, 8))
WIDE = random_program(2, Sizes(20, 1, (16,), 4, (16,)), widths=(12, 12))
RESOURCE = HlsSettings(strategy="Resource", reuse_factor=1, recurrent_reuse_factor=16)


def test_every_part_of_a_design() -> None:
    found = estimate(PROGRAM, RESOURCE)
    assert [(layer.name, layer.kind) for layer in found.layers] == [
        ("scaling", "scaling"),
        ("copy of x", "fifo"),
        ("encoder_0", "lstm"),
        ("latent", "dense"),
        ("decoder_0", "lstm"),
        ("output", "dense"),
        ("trigger", "trigger"),
    ]
    for name in ("dsp", "bram18", "lut", "ff"):
        total = sum(getattr(layer.c_synthesis, name) for layer in found.layers)
        assert getattr(found.c_synthesis, name) == pytest.approx(total)
    assert all(layer.c_synthesis.lut > 0 and layer.c_synthesis.ff > 0 for layer in found.layers)
    assert [layer.name for layer in found.layers if not layer.timed] == ["copy of x"]
    assert found.latency_cycles == max(layer.busy[1] for layer in found.layers)
    assert found.interval_cycles == max(layer.interval_cycles for layer in found.layers)
    assert found.bottleneck in {"encoder_0", "decoder_0"}


def test_a_network_alone() -> None:
    bare = random_program(1, scaling=False, trigger=False)
    assert [layer.kind for layer in estimate(bare, HlsSettings()).layers] == ["lstm", "dense", "lstm", "dense"]


def test_more_reuse_takes_less_and_is_slower() -> None:
    found = [estimate(WIDE, replace(RESOURCE, recurrent_reuse_factor=factor)) for factor in (4, 16, 64)]
    assert [item.c_synthesis.dsp for item in found] == sorted((item.c_synthesis.dsp for item in found), reverse=True)
    assert [item.interval_cycles for item in found] == sorted(item.interval_cycles for item in found)
    # 3 products with the state: 16 * 64 / reuse multipliers in each of the two LSTMs.
    assert found[0].multipliers - found[1].multipliers == 2 * (16 * 64 // 4 - 16 * 64 // 16)


def test_gates_side_by_side_take_tables_and_save_cycles() -> None:
    one, four = (estimate(PROGRAM, replace(RESOURCE, gate_unroll=unroll)) for unroll in (1, 4))
    assert sum(layer.bram18_tables for layer in four.layers) >= sum(layer.bram18_tables for layer in one.layers)
    assert one.interval_cycles - four.interval_cycles == 20 * (16 - 4)


def test_a_repeated_input_is_multiplied_once_a_window() -> None:
    slow = replace(RESOURCE, layers={"decoder_0": LayerReuse(reuse_factor=4 * 64)})
    assert estimate(PROGRAM, slow).layers[4].step_cycles == estimate(PROGRAM, RESOURCE).layers[4].step_cycles


def test_narrow_products_are_told() -> None:
    found = estimate(PROGRAM, RESOURCE)
    assert found.c_synthesis.dsp < found.dsp_at_most
    assert found.range("dsp").high >= found.dsp_at_most
    assert found.notes[0] == (
        "products of operands below 10 bits are taken to be made of LUTs; if HLS gave them DSP slices, there would be "
        f"{round(found.dsp_at_most)}"
    )
    assert len(estimate(WIDE, RESOURCE).notes) == 1


def test_weights_behind_ports_are_told() -> None:
    behind_ports = estimate(WIDE, replace(RESOURCE, weights="ports"))
    assert behind_ports.notes[0] == (
        "weights are behind ports: their memories are counted as if they were inside, sums as this program's weights need them, "
        "and products with the reuse factor 1 as if their weights were constants"
    )
    assert behind_ports.layers == estimate(WIDE, RESOURCE).layers


def test_arrays_take_block_ram_between_layers() -> None:
    streamed, arrays = (estimate(WIDE, replace(RESOURCE, io_type=io)) for io in ("io_stream", "io_parallel"))
    assert sum(layer.bram18_buffers for layer in streamed.layers) <= sum(
        layer.bram18_buffers for layer in arrays.layers
    )
    assert arrays.latency_cycles >= streamed.latency_cycles


@pytest.mark.parametrize(("part", "fits"), [("xcvu13p-flga2577-2-e", True), ("xc7s15ftgb196-1", False), ("xc1", None)])
def test_whether_it_fits(part: str, fits: bool | None) -> None:
    found = estimate(WIDE, HlsSettings(part=part))
    assert found.fits is fits
    assert found.fits_at_worst is fits
    assert (found.tightest is None) is (fits is None)
    assert (found.share("lut") is None) is (fits is None)


def test_a_part_of_the_users_own() -> None:
    database = with_parts(known_parts(), {"mine": {"family": "Artix-7", "dsp": 10, "bram18": 9, "lut": 99, "ff": 99}})
    found = estimate(PROGRAM, replace(RESOURCE, part="mine"), database)
    assert found.device is not None
    assert found.share("bram18", "c_synthesis") == pytest.approx(found.c_synthesis.bram18 / 9)
    assert not found.fits


def test_ranges_and_rates() -> None:
    found = estimate(WIDE, replace(RESOURCE, clock_ns=4.0))
    bar = found.range("lut", "logic")
    assert bar.low < bar.value < bar.high
    assert found.interval_us == pytest.approx(found.interval_cycles * 0.004)
    assert found.windows_per_second == pytest.approx(1e6 / found.interval_us)
    assert found.latency_us == pytest.approx(found.latency_cycles * 0.004)
    assert found.range("latency_cycles").value == found.latency_cycles


def test_an_unknown_layer_is_told() -> None:
    class Conv:
        name = "conv_1"

    program: Any = object.__new__(Program)
    object.__setattr__(program, "layers", (Conv(),))
    with pytest.raises(UnknownLayerError) as caught:
        estimate(program, HlsSettings())
    assert str(caught.value) == "layer 'conv_1' is of the kind Conv, and the estimator knows Lstm and Dense"


def test_factors_that_do_not_divide() -> None:
    with pytest.raises(ReuseFactorError, match=r"^layer 'encoder_0' cannot have the recurrent reuse factor 7 "):
        estimate(PROGRAM, replace(RESOURCE, recurrent_reuse_factor=7))


def test_the_same_again() -> None:
    first: Estimate = estimate(PROGRAM, RESOURCE)
    assert first == estimate(PROGRAM, RESOURCE)
