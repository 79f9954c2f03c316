"""From a design to its estimate, in milliseconds: no Verilog is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.rtl.blocks import count
from hw_trigger.estimate.rtl.calibration import (
    DENSE,
    LSTM,
    OTHER,
    TRIGGER,
    Calibration,
    calibration,
    expected,
)
from hw_trigger.estimate.rtl.counted import Counted
from hw_trigger.estimate.rtl.errors import error_factors
from hw_trigger.estimate.rtl.result import BlockEstimate, RtlEstimate
from hw_trigger.fixedpoint.program import Lstm
from hw_trigger.parts.database import Part
from hw_trigger.rtl.calculated import layer_cycles, window_interval
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.latency import passage


def estimate_rtl(design: Design, device: Part | None = None, shares: Calibration | None = None) -> RtlEstimate:
    """Return the estimate of a design: cycles exact, DSP slices and block RAMs by Yosys' rules, LUTs and flip-flops expected.

    Parameters
    ----------
    device
        The part that it is to fit; resources are those of UltraScale+, whatever it is.
    shares
        What synthesis leaves of what is counted; by default as fitted on all recorded designs.
    """
    program, schedule = design.program, design.schedule
    way = passage(program, schedule)
    return RtlEstimate(
        device=device,
        blocks=tuple(
            BlockEstimate(name, kind, resources)
            for (name, resources), kind in zip(
                block_resources(design, shares).items(), block_kinds(design).values(), strict=True
            )
        ),
        layers=layer_cycles(program, schedule),
        channels=schedule.channels,
        interval_cycles=window_interval(program, schedule),
        latency_cycles=way.result,
        after_last_sample_cycles=way.after_last_sample,
        first_output_cycles=way.outputs[0],
        errors=error_factors(),
    )


def block_kinds(design: Design) -> dict[str, str]:
    """Return the kind of each block, for which shares are fitted."""
    program = design.program
    layers = {layer.name: LSTM if isinstance(layer, Lstm) else DENSE for layer in program.layers}
    trigger = None if program.trigger is None else program.trigger.name
    return {name: TRIGGER if name == trigger else layers.get(name, OTHER) for name in count(design)}


def block_resources(design: Design, shares: Calibration | None = None) -> Mapping[str, Resources]:
    """Return the resources that are expected of each block."""
    shares = calibration() if shares is None else shares
    kinds = block_kinds(design)
    counted: dict[str, Counted] = count(design)
    return {name: expected(each, shares[kinds[name]]) for name, each in counted.items()}
