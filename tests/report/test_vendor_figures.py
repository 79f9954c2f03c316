"""Vendor reports beside the estimate: each counting beside its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import Sizes, random_program

from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.result import Estimate
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.vendor_figures import estimated_figures, side_by_side
from hw_trigger.vendor import records
from hw_trigger.vendor.find import VendorReports


@pytest.fixture(scope="module")
def found() -> Estimate:
    program = random_program(2, Sizes(20, 1, (20,), 4, (20,)), widths=(12, 12))
    return estimate(program, HlsSettings(strategy="Resource", recurrent_reuse_factor=20))


def _reports() -> VendorReports:
    performance = records.Performance(records.Span(90, 95.0, 100), records.Span(40, 45.0, 50))
    encoder = records.ModuleReport("lstm_config3_s", performance, records.Resources(dsp=10, bram18=4, lut=500, ff=300))
    design = records.ModuleReport(
        "top",
        performance,
        records.Resources(dsp=12, bram18=5, lut=900, ff=700),
        instances=(records.Instance("u1", encoder.name),),
    )
    return VendorReports(
        directory=Path("project"),
        synthesis=records.SynthesisReport("Vitis HLS", "2024.1", "xcvu13p", design, modules=(encoder,)),
        cosim=records.CosimReport((records.CosimRun("Verilog", "Pass", performance),)),
        exports=(),
        logic=records.LogicSynthesisReport(
            "2024.1", "top", "xcvu13p", "Synthesized", records.Resources(dsp=11, lut=400), records.Resources()
        ),
        timing=None,
        missing=("implementation",),
        remarks=("a remark",),
        files=("csynth.xml",),
    )


def test_each_counting_beside_its_own(found: Estimate) -> None:
    result = side_by_side(found, _reports(), {"encoder_0": "config3"})
    assert (result.files, result.missing, result.remarks) == (("csynth.xml",), ("implementation",), ("a remark",))
    rows = {(row.module, row.quantity, row.origin): row for row in result.rows}
    encoder = next(layer for layer in found.layers if layer.name == "encoder_0")
    fifo = next(layer for layer in found.layers if layer.kind == "fifo")
    wanted = {
        ("design", "lut", "C synthesis"): (found.c_synthesis.lut, 900),
        ("design", "lut", "logic synthesis"): (found.logic.lut, 400),
        ("design", "latency_cycles", "C synthesis"): (found.latency_cycles, 100),
        ("design", "interval_cycles", "co-simulation"): (found.interval_cycles, 50),
        ("encoder_0", "ff", "C synthesis"): (encoder.c_synthesis.ff, 300),
        ("encoder_0", "interval_cycles", "C synthesis"): (encoder.interval_cycles, 50),
        ("other", "lut", "C synthesis"): (fifo.c_synthesis.lut, 400),
    }
    for key, (estimated, vendor) in wanted.items():
        assert (rows[key].estimated, rows[key].vendor) == (estimated, vendor)
        deviation = rows[key].deviation_percent
        assert deviation is not None
        assert deviation == pytest.approx(100 * (estimated / vendor - 1))
    # What a vendor does not tell is in no row.
    assert ("design", "ff", "logic synthesis") not in rows


@pytest.mark.parametrize("counting", ["c_synthesis", "logic"])
def test_modules_add_up_to_the_design(found: Estimate, counting: str) -> None:
    figures = dict(estimated_figures(found, counting))
    design = figures.pop("design")
    for name in RESOURCES:
        assert sum(module[name] for module in figures.values()) == pytest.approx(design[name])
    assert set(figures) == {"scaling", "encoder_0", "latent", "decoder_0", "output", "trigger", "other"}
