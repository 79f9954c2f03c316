"""Designs of hls4ml's stock layers."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from hw_trigger.estimate.hls4ml_design import parse_design
from hw_trigger.estimate.recorded import recorded_designs
from hw_trigger.estimate.stock import StockActivation, StockDesign, StockDesignError, StockRecurrent
from hw_trigger.estimate.stock_estimate import estimate_stock

DESIGNS = {recorded.design.name: recorded for recorded in recorded_designs()}


def described(name: str) -> dict[str, Any]:
    document = json.loads(files("hw_trigger.estimate").joinpath("recorded.json").read_text("utf-8"))
    found: dict[str, Any] = document[name]["description"]
    return found


def as_lstm(description: dict[str, Any]) -> StockDesign:
    for layer in description["layers"]:
        if layer["kind"] == "gru_config":
            layer["kind"] = "lstm_config"
        if layer["name"] in {"config2_1", "config2_2"}:
            layer["n_out"] = layer["n_out"] // 3 * 4
            layer["n_nonzeros"] = layer["n_in"] * layer["n_out"]
    return parse_design("lstm", description)


def test_an_lstm_as_its_one_known_figure() -> None:
    """Of an LSTM of 20 units, 20 steps at reuse factor 1, 2498 DSP slices are known, which were not fitted to.

    Its 353 cycles are where the cycles of an LSTM's step are from.
    """
    estimate = estimate_stock(as_lstm(described("toptagging_gru_xcu250_rf1")))
    assert estimate.latency_cycles == pytest.approx(353, rel=0.02)
    for counting in ("c_synthesis", "logic"):
        bar = estimate.range("dsp", counting)
        assert bar.low <= 2498 <= bar.high


def test_narrow_products_are_told() -> None:
    description = described("toptagging_gru_xcu250_rf30")
    for layer in description["layers"]:
        for key in [key for key in layer if key.endswith("_t") and key != "index_t"]:
            layer[key] = "ap_fixed<8,2>"
    estimate = estimate_stock(parse_design("narrow", description))
    assert estimate.c_synthesis.dsp == 0
    assert estimate.range("dsp").high == estimate.dsp_at_most == 198
    wide = 0.65 * 8 * 8 * 198
    assert estimate.narrow_luts == pytest.approx(wide)
    factor = estimate.errors["logic"]["lut"]
    assert estimate.range("lut", "logic").low == pytest.approx((estimate.logic.lut - wide) / factor)
    assert estimate.notes[0] == (
        "products of operands below 10 bits are taken to be made of LUTs; if HLS gave them DSP slices, there would be 198"
    )


@pytest.mark.parametrize(("clock_ns", "told"), [(5.0, False), (2.5, False), (10.0, False), (1.0, True), (20.0, True)])
def test_a_clock_far_from_the_recorded_ones_is_told(clock_ns: float, told: bool) -> None:
    design = replace(DESIGNS["model1_gru_xcvu13p"].design, clock_ns=clock_ns)
    assert (
        any(note.startswith("all recorded designs have a clock of 5 ns") for note in estimate_stock(design).notes)
        is told
    )


@pytest.mark.parametrize("name", ["toptagging_gru_xcu250_rf30", "quickdraw_gru_xcu250"])
def test_block_ram_and_dsp_of_reused_designs_are_exact(name: str) -> None:
    estimate = estimate_stock(DESIGNS[name].design)
    assert estimate.c_synthesis.rounded()["dsp"] == DESIGNS[name].c_synthesis["dsp"]
    assert estimate.c_synthesis.rounded()["bram18"] == DESIGNS[name].c_synthesis["bram18"]


def test_an_lstm_has_more_than_a_gru() -> None:
    gru = estimate_stock(DESIGNS["toptagging_gru_xcu250_rf1"].design)
    lstm = estimate_stock(as_lstm(described("toptagging_gru_xcu250_rf1")))
    for name in ("dsp", "bram18", "lut", "ff"):
        assert getattr(lstm.c_synthesis, name) > getattr(gru.c_synthesis, name), name


def test_streams_need_no_shifts() -> None:
    design = DESIGNS["toptagging_gru_xcu250_rf30"].design
    streamed = estimate_stock(replace(design, io_type="io_stream"))
    assert streamed.c_synthesis.lut < estimate_stock(design).c_synthesis.lut / 2


def test_steps_of_their_own_where_the_state_is_not_static() -> None:
    description = described("toptagging_gru_xcu250_rf1")
    for layer in description["layers"]:
        if "strategy" in layer:
            layer["strategy"] = "nnet::latency"
        if layer["kind"] == "gru_config":
            layer |= {"use_static": "false", "io_type": "nnet::latency"}
    design = parse_design("unrolled", description)
    assert design.pipelined
    estimate = estimate_stock(design)
    assert estimate.interval_cycles == 1
    recurrent = next(layer for layer in design.layers if isinstance(layer, StockRecurrent))
    kept = replace(design, layers=(replace(recurrent, static=True), *design.layers[1:]))
    once, unrolled = estimate_stock(kept).layers[0], estimate.layers[0]
    assert unrolled.c_synthesis.dsp == pytest.approx(20 * once.c_synthesis.dsp)
    assert unrolled.bram18_tables == 20 * once.bram18_tables
    assert unrolled.multipliers == 20 * once.multipliers
    assert any("pipelined as a whole" in note for note in estimate.notes)


def test_layers_add_up_and_are_busy_one_after_another() -> None:
    estimate = estimate_stock(DESIGNS["quickdraw_gru_xcu250"].design)
    assert [layer.name for layer in estimate.layers] == ["config2", "config3", "config5", "config7", "softmax_config8"]
    begins = [layer.busy[0] for layer in estimate.layers]
    assert begins == sorted(begins)
    assert estimate.bottleneck == "config2"
    assert estimate.layers[0].bram18_weights == 768 + 24
    assert estimate.layers[0].bram18_tables == 128 + 64


def test_an_unknown_activation_is_told() -> None:
    design = DESIGNS["model1_gru_xcvu13p"].design
    last = design.layers[-1]
    assert isinstance(last, StockActivation)
    with pytest.raises(StockDesignError) as caught:
        estimate_stock(replace(design, layers=(*design.layers[:-1], replace(last, name="elu_config6", kind="elu"))))
    assert str(caught.value) == (
        "activation 'elu_config6' is of the kind 'elu', and the estimator has formulas for sigmoid, tanh, relu, linear, softmax"
    )
