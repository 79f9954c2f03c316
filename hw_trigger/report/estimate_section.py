"""The report's section on the estimate: what :mod:`hw_trigger.estimate` found, in the numbers that are shown."""

from __future__ import annotations

from collections.abc import Sequence

from hw_trigger.estimate import result
from hw_trigger.estimate.errors import QuantityError
from hw_trigger.estimate.resources import RESOURCES, Resources
from hw_trigger.parts.database import FIGURES, Part
from hw_trigger.report.estimate_schema import Amount, Amounts, Counts, Device, Duration, Estimate, EstimatedLayer


def estimate_section(found: result.Estimate, errors: Sequence[QuantityError] = ()) -> Estimate:
    """Return an estimate as the report has it: resources and cycles in whole numbers, shares, times at the clock."""
    return Estimate(
        part=found.part,
        device=None if found.device is None else _device(found.device),
        clock_ns=found.clock_ns,
        layers=tuple(_layer(layer, found.clock_ns) for layer in found.layers),
        multipliers=found.multipliers,
        c_synthesis=_amounts(found, "c_synthesis"),
        logic=_amounts(found, "logic"),
        latency=_duration(found, "latency_cycles"),
        interval=_duration(found, "interval_cycles"),
        windows_per_second=found.windows_per_second,
        fits=found.fits,
        fits_at_worst=found.fits_at_worst,
        tightest=found.tightest,
        bottleneck=found.bottleneck,
        notes=found.notes,
        errors=tuple(errors),
    )


def _device(part: Part) -> Device:
    return Device(
        name=part.name,
        family=part.family,
        has=Counts(**{name: getattr(part, name) for name in RESOURCES}),
        sources={name: part.sources[name].document for name in FIGURES},
    )


def _layer(layer: result.LayerEstimate, clock_ns: float) -> EstimatedLayer:
    return EstimatedLayer(
        name=layer.name,
        kind=layer.kind,
        multipliers=layer.multipliers,
        reuse=layer.reuse,
        c_synthesis=_counts(layer.c_synthesis),
        logic=_counts(layer.logic),
        bram18_weights=layer.bram18_weights,
        bram18_tables=layer.bram18_tables,
        bram18_buffers=layer.bram18_buffers,
        first_output_cycles=layer.first_output_cycles,
        step_cycles=layer.step_cycles,
        interval_cycles=layer.interval_cycles,
        interval_us=layer.interval_cycles * clock_ns / 1000,
        busy=layer.busy,
    )


def _counts(resources: Resources) -> Counts:
    return Counts(**resources.rounded())


def _amounts(found: result.Estimate, counting: str) -> Amounts:
    return Amounts(**{name: _amount(found, name, counting) for name in RESOURCES})


def _amount(found: result.Estimate, resource: str, counting: str) -> Amount:
    bar = found.range(resource, counting)
    available = None if found.device is None else int(getattr(found.device, resource))
    # A device without UltraRAM has no share of it.
    share, low, high = (value / available if available else None for value in (bar.value, bar.low, bar.high))
    return Amount(
        value=round(bar.value),
        low=round(bar.low),
        high=round(bar.high),
        available=available,
        share=share,
        share_low=low,
        share_high=high,
    )


def _duration(found: result.Estimate, quantity: str) -> Duration:
    bar = found.range(quantity)
    us = found.clock_ns / 1000
    return Duration(
        cycles=round(bar.value),
        low=round(bar.low),
        high=round(bar.high),
        us=bar.value * us,
        us_low=bar.low * us,
        us_high=bar.high * us,
    )
