"""The report's section on the estimate has the estimate's figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.programs import Sizes, random_program

from hw_trigger.estimate.errors import published_errors
from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.resources import RESOURCES
from hw_trigger.estimate.result import Estimate
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.report.estimate_section import estimate_section


@pytest.fixture(scope="module")
def found() -> Estimate:
    settings = HlsSettings(strategy="Resource", recurrent_reuse_factor=20, clock_ns=4.0)
    return estimate(random_program(2, Sizes(20, 1, (20,), 4, (20,)), widths=(12, 12)), settings)


@pytest.mark.parametrize("counting", ["c_synthesis", "logic"])
@pytest.mark.parametrize("resource", RESOURCES)
def test_amounts(found: Estimate, resource: str, counting: str) -> None:
    amount = getattr(getattr(estimate_section(found), counting), resource)
    bar = found.range(resource, counting)
    assert (amount.value, amount.low, amount.high) == (round(bar.value), round(bar.low), round(bar.high))
    assert found.device is not None
    assert amount.available == getattr(found.device, resource)
    assert amount.share == found.share(resource, counting)
    assert amount.share_high == bar.high / amount.available


def test_times_and_layers(found: Estimate) -> None:
    section = estimate_section(found, published_errors())
    assert section.latency.cycles == found.latency_cycles
    assert section.latency.us == pytest.approx(found.latency_us) == found.latency_cycles * 0.004
    assert section.interval.low < section.interval.cycles < section.interval.high
    assert section.interval.us_high == found.range("interval_cycles").high * 0.004
    assert section.windows_per_second == found.windows_per_second
    assert (section.fits, section.fits_at_worst, section.tightest, section.bottleneck) == (
        found.fits,
        found.fits_at_worst,
        found.tightest,
        found.bottleneck,
    )
    for given, layer in zip(section.layers, found.layers, strict=True):
        assert given.logic.model_dump() == layer.logic.rounded()
        assert given.c_synthesis.model_dump() == layer.c_synthesis.rounded()
        assert (given.name, given.busy, given.step_cycles) == (layer.name, layer.busy, layer.step_cycles)
    assert section.errors == published_errors()
    assert section.device is not None
    assert section.device.sources["dsp"].startswith("AMD ")


def test_an_unknown_device_has_no_shares(found: Estimate) -> None:
    section = estimate_section(replace(found, device=None))
    assert (section.device, section.fits, section.fits_at_worst, section.tightest) == (None, None, None, None)
    assert (section.logic.dsp.available, section.logic.dsp.share) == (None, None)
    assert section.logic.dsp.value > 0


def test_a_device_without_a_resource_has_no_share_of_it(found: Estimate) -> None:
    assert found.device is not None
    section = estimate_section(replace(found, device=replace(found.device, uram=0)))
    assert (section.logic.uram.available, section.logic.uram.share) == (0, None)
