"""The estimate of a design in RTL: what each block takes, cycles, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from hw_trigger.estimate.resources import Resources
from hw_trigger.estimate.result import Range
from hw_trigger.parts.database import Part
from hw_trigger.rtl.calculated import LayerCycles

RTL_RESOURCES = ("dsp", "bram18", "lut", "ff")
"""Resources that are estimated: DSP48E2; block RAMs, those of 36 kbit as two; LUTs, also those that are memory; flip-flops."""


@dataclass(frozen=True)
class BlockEstimate:
    """A block of the top module, by its name there; the top's own logic has an empty name."""

    name: str
    kind: str
    resources: Resources


@dataclass(frozen=True)
class RtlEstimate:
    """Estimated cost of a design.

    Attributes
    ----------
    device
        The part that shares are of; ``None`` where there is none.
    blocks
        In the order of the data.
    layers
        Cycles of each layer; exact.
    channels
        Channels that share the design.
    interval_cycles
        From a window to the next one of all channels; exact.
    latency_cycles, after_last_sample_cycles
        From the first channel's first (last) sample to its result; ``None`` without a trigger; exact.
    first_output_cycles
        From the first sample to the first vector that the network puts out; exact.
    errors
        By resource, the factor by which a synthesized figure was at most above or below its estimate.
    """

    device: Part | None
    blocks: tuple[BlockEstimate, ...]
    layers: tuple[LayerCycles, ...]
    channels: int
    interval_cycles: int
    latency_cycles: int | None
    after_last_sample_cycles: int | None
    first_output_cycles: int
    errors: Mapping[str, float]

    @cached_property
    def resources(self) -> Resources:
        """Resources of all blocks."""
        return sum((block.resources for block in self.blocks), Resources())

    def range(self, resource: str) -> Range:
        """Return a resource of the whole design with its error bar."""
        value, factor = getattr(self.resources, resource), self.errors[resource]
        return Range(value, value / factor, value * factor)

    def share(self, resource: str) -> float | None:
        """Return the share of the device's `resource`; ``None`` where there is no device."""
        return None if self.device is None else getattr(self.resources, resource) / getattr(self.device, resource)

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate for JSON: resources in whole numbers, with their bars."""
        bars = {name: self.range(name) for name in RTL_RESOURCES}
        return {
            "part": None if self.device is None else self.device.name,
            "fits": self.fits,
            "resources": {
                name: {key: round(value) for key, value in asdict(bar).items()} for name, bar in bars.items()
            },
            "blocks": {
                block.name: {name: round(getattr(block.resources, name)) for name in RTL_RESOURCES}
                for block in self.blocks
            },
            "layers": [asdict(layer) for layer in self.layers],
            "channels": self.channels,
            "interval_cycles": self.interval_cycles,
            "latency_cycles": self.latency_cycles,
            "after_last_sample_cycles": self.after_last_sample_cycles,
            "first_output_cycles": self.first_output_cycles,
        }

    @property
    def fits(self) -> bool | None:
        """Whether the device has as much; ``None`` where there is no device."""
        if self.device is None:
            return None
        return all(getattr(self.resources, name) <= getattr(self.device, name) for name in RTL_RESOURCES)
