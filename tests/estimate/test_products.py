"""Matrix products, module by module, against recorded ones."""

from __future__ import annotations

import pytest

from hw_trigger.estimate import products
from hw_trigger.estimate.calibration import calibration
from hw_trigger.estimate.constants import expected
from hw_trigger.estimate.products import Product

DSP48E2 = (27, 18)


def product(n_in: int, n_out: int, reuse: int, bits: int, *, held: bool = True, strategy: str = "Resource") -> Product:
    constants = expected(n_in, n_out, 10, bits, spread=0.4, reuse_factor=reuse)
    return Product(n_in, n_out, reuse, strategy, bits, bits, bits, constants, n_in * n_out, held)


# Recorded modules in C-synthesis: DSP slices, LUTs, flip-flops, cycles; how far the last two may be off.
RECORDED = {
    "rf30 config2_1": (product(6, 60, 30, 16, held=False), (12, 6144, 2487), (31, 32), (0.01, 0.01)),
    "rf30 config2_2": (product(20, 60, 20, 16, held=False), (60, 2382, 1934), (20, 21), (0.01, 0.01)),
    "rf30 config3": (product(20, 64, 20, 16), (64, 3326, 2720), (20, 21), (0.06, 0.02)),
    "rf30 config5": (product(64, 1, 32, 16), (2, 3204, 2027), (32, 33), (0.08, 0.6)),
    "quickdraw config2_1": (product(3, 384, 24, 18, held=False), (48, 20440, 14963), (25, 26), (0.35, 0.01)),
    "quickdraw config2_2": (product(128, 384, 32, 18, held=False), (1536, 458593, 48401), (33, 34), (0.01, 0.01)),
    "quickdraw config3": (product(128, 256, 32, 18), (1024, 307308, 34583), (33, 34), (0.01, 0.01)),
    "quickdraw config7": (product(128, 5, 32, 18), (20, 10626, 7473), (33, 34), (0.01, 0.01)),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_modules(name: str) -> None:
    built, (dsp, lut, ff), cycles, (lut_error, ff_error) = RECORDED[name]
    cost = products.cost(built, DSP48E2, calibration()).c_synthesis
    assert built.multipliers == dsp
    assert cost.dsp == dsp
    assert cycles[0] <= products.cycles(built, 5.0) <= cycles[1]
    assert cost.lut == pytest.approx(lut, rel=lut_error)
    assert cost.ff == pytest.approx(ff, rel=ff_error)


@pytest.mark.parametrize("n_in", [5, 20, 64])
def test_an_unrolled_product_of_a_cycle(n_in: int) -> None:
    assert products.cycles(product(n_in, 4, 1, 18), 5.0) == 1


def test_a_faster_clock_takes_more_cycles() -> None:
    assert products.cycles(product(64, 4, 1, 18), 1.0) > products.cycles(product(64, 4, 1, 18), 5.0)


def test_zeros_save_multipliers_under_latency() -> None:
    dense = Product(4, 8, 4, "Latency", 18, 18, 18, expected(4, 8, 10, 18, spread=1.0, reuse_factor=4), 16)
    assert dense.multipliers == 8 - 16 // 4
    assert dense.weight_blocks == 0


def test_narrow_multipliers_are_luts() -> None:
    cost = products.cost(product(16, 16, 4, 8), DSP48E2, calibration()).c_synthesis
    assert cost.dsp == 0
    assert cost.lut > 64 * 0.65 * 64
    assert products.dsps(product(16, 16, 4, 8), DSP48E2, narrow_in_lut=False) == 64
