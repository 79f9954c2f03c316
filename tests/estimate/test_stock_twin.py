"""A program's network made of stock layers."""

from __future__ import annotations

from support.programs import Sizes, random_program

from hw_trigger.estimate.stock import StockProduct, StockRecurrent
from hw_trigger.estimate.stock_estimate import estimate_stock
from hw_trigger.estimate.stock_twin import stock_twin
from hw_trigger.hls.settings import HlsSettings, LayerReuse

PROGRAM = random_program(3, Sizes(12, 2, (8, 4), 3, (8,)), widths=(6, 9))
SETTINGS = HlsSettings(
    strategy="Resource", recurrent_reuse_factor=4, part="xczu9eg", layers={"latent": LayerReuse(reuse_factor=2)}
)


def test_sizes_types_and_factors() -> None:
    design = stock_twin(PROGRAM, SETTINGS)
    assert (design.part, design.clock_ns, design.io_type) == ("xczu9eg", 5.0, "io_stream")
    first, second, latent, decoder, output = design.layers
    assert isinstance(first, StockRecurrent)
    assert isinstance(second, StockRecurrent)
    assert isinstance(latent, StockProduct)
    assert isinstance(decoder, StockRecurrent)
    assert isinstance(output, StockProduct)
    assert (first.n_in, first.n_units, first.return_sequence, second.return_sequence) == (2, 8, True, False)
    assert (first.input_product.n_out, first.state_product.reuse_factor) == (32, 4)
    assert (latent.n_in, latent.n_out, latent.reuse_factor, latent.steps, output.steps) == (4, 3, 2, 1, 12)
    lstm = PROGRAM.layers[0]
    assert first.data.width == max(number.width for number in (lstm.hidden, lstm.cell, *lstm.gates))  # type: ignore[union-attr]


def test_its_estimate() -> None:
    found = estimate_stock(stock_twin(PROGRAM, SETTINGS))
    assert [layer.name for layer in found.layers] == [layer.name for layer in PROGRAM.layers]
    assert found.layers[4].interval_cycles == 12
    assert found.interval_cycles == max(layer.interval_cycles for layer in found.layers)
