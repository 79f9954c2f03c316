"""Reading designs of hls4ml: real projects that it writes, and descriptions of recorded ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from hw_trigger.estimate.hls4ml_design import read_design
from hw_trigger.estimate.recorded import recorded_designs
from hw_trigger.estimate.stock import Number, StockDesignError, StockRecurrent
from hw_trigger.estimate.stock_estimate import estimate_stock

SHARED = Path(__file__).parents[3] / "shared" / "hls_reports"


class Cell(nn.Module):
    def __init__(self, kind: type[nn.LSTM | nn.GRU]) -> None:
        super().__init__()
        self.cell = kind(3, 8, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.cell(x)[0]
        return result


def write_project(where: Path, kind: type[nn.LSTM | nn.GRU], io_type: str = "io_parallel") -> Path:
    import hls4ml

    model = Cell(kind)
    settings = hls4ml.utils.config_from_pytorch_model(
        model,
        (10, 3),
        granularity="name",
        backend="Vitis",
        default_precision="ap_fixed<16,6>",
        channels_last_conversion="off",
    )
    hls4ml.converters.convert_from_pytorch_model(
        model, hls_config=settings, output_dir=str(where), backend="Vitis", io_type=io_type, part="xczu9eg-ffvb1156-2-e"
    ).write()
    return where


@pytest.mark.parametrize(("kind", "name", "rows"), [(nn.LSTM, "lstm", 32), (nn.GRU, "gru", 24)])
def test_a_project_of_hls4ml(tmp_path: Path, kind: type[nn.LSTM], name: str, rows: int) -> None:
    design = read_design(write_project(tmp_path / "project", kind))
    assert (design.part, design.clock_ns, design.io_type) == ("xczu9eg-ffvb1156-2-e", 5.0, "io_parallel")
    (layer,) = design.layers
    assert isinstance(layer, StockRecurrent)
    assert (layer.kind, layer.n_in, layer.n_units, layer.steps) == (name, 3, 8, 10)
    assert (layer.input_product.n_out, layer.state_product.n_in, layer.state_product.n_out) == (rows, 8, rows)
    assert layer.input_product.weight == Number(16, 6)
    estimate = estimate_stock(design)
    assert estimate.device is not None
    assert estimate.device.name == "xczu9eg"
    assert estimate.c_synthesis.dsp > 24


def test_a_streamed_project(tmp_path: Path) -> None:
    design = read_design(write_project(tmp_path / "project", nn.GRU, "io_stream"))
    assert design.io_type == "io_stream"
    assert not design.pipelined


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded reports are not beside the checkout")
def test_the_kept_descriptions_are_the_recorded_ones() -> None:
    for recorded in recorded_designs():
        path = SHARED / recorded.design.name
        assert read_design(path) == recorded.design
        measured = json.loads((path / "design.json").read_text())["measured"]
        assert recorded.c_synthesis["latency_cycles"] == measured["latency_cycles"][1]
        assert recorded.c_synthesis["lut"] == measured["resources"]["LUT"]


def broken(where: Path, text: str) -> Path:
    path = where / "design.json"
    path.write_text(text)
    return path


GOOD = {
    "yaml": {"IOType": "io_parallel"},
    "measured": {"part": "xcu250", "clock_ns": 5},
    "layers": [
        {
            "name": "config2",
            "kind": "dense_config",
            "n_in": 4,
            "n_out": 2,
            "strategy": "nnet::resource",
            "reuse_factor": 2,
            "accum_t": "ap_fixed<16,6>",
            "weight_t": "ap_int<8>",
        }
    ],
}


def with_layer(**changes: object) -> str:
    return json.dumps({**GOOD, "layers": [{**GOOD["layers"][0], **changes}]})  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            json.dumps({"layers": []}),
            "{path} does not describe a design: it needs layers, yaml.IOType, measured.part and measured.clock_ns",
        ),
        (json.dumps({**GOOD, "layers": []}), "design '{folder}' has no layers"),
        (
            json.dumps({**GOOD, "yaml": {"IOType": "io_banana"}}),
            "design '{folder}' has the IOType 'io_banana', and io_parallel or io_stream is needed",
        ),
        (
            json.dumps({**GOOD, "measured": {"part": "xcu250", "clock_ns": -1}}),
            "design '{folder}' has a clock period of -1 ns, and 0.1 to 1000 are possible",
        ),
        (with_layer(reuse_factor=0), "product 'config2' has reuse_factor = 0, and at least 1 is needed"),
        (with_layer(n_in=-6), "product 'config2' has n_in = -6, and at least 1 is needed"),
        (with_layer(reuse_factor="two"), "layer 'config2' has reuse_factor = 'two'; a whole number is needed"),
        (
            with_layer(kind="conv2d_config"),
            (
                "layer 'config2' is of the kind 'conv2d_config', and the estimator has formulas for lstm_config, gru_config, "
                "dense_config, activ_config, relu_config, softmax_config, hard_activ_config"
            ),
        ),
        (
            with_layer(strategy="nnet::distributed_arithmetic"),
            "layer 'config2' has the strategy 'distributed_arithmetic', and the estimator has formulas for latency, resource",
        ),
        (
            with_layer(weight_t="float"),
            "layer 'config2' has weight_t = 'float'; ap_fixed<W,I> or ap_int<W> is needed",
        ),
        (
            with_layer(kind="lstm_config", n_state=2, n_sequence=3),
            "recurrent layer 'config2' lacks its activations: structs named like 'sigmoid_config2_recr' and 'tanh_config2'",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    path = broken(tmp_path, text)
    with pytest.raises(StockDesignError) as caught:
        read_design(path)
    assert str(caught.value) == message.replace("{path}", str(path)).replace("{folder}", tmp_path.name)


def test_no_json(tmp_path: Path) -> None:
    path = broken(tmp_path, "{")
    with pytest.raises(StockDesignError, match=f"^{re.escape(str(path))} is not JSON: .+$"):
        read_design(path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(StockDesignError) as caught:
        read_design(tmp_path / "absent")
    assert str(caught.value) == (
        f"{tmp_path / 'absent'} does not exist; give the directory of an hls4ml project, or a design.json that describes one"
    )
    with pytest.raises(StockDesignError) as caught:
        read_design(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no hls4ml project: it has no firmware/parameters.h"


def test_a_project_with_another_configuration(tmp_path: Path) -> None:
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware/parameters.h").write_text("")
    (tmp_path / "hls4ml_config.yml").write_text("Part: xcu250\n")
    with pytest.raises(StockDesignError) as caught:
        read_design(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'hls4ml_config.yml'} does not have ProjectName, Part, ClockPeriod and IOType as hls4ml writes them"
    )
