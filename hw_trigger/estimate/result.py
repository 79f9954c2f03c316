"""The estimate of a design: resources, cycles, whether it fits the part, what holds it up, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hw_trigger.estimate.resources import RESOURCES, Resources
from hw_trigger.parts.database import Part


@dataclass(frozen=True)
class Range:
    """An estimated figure with its error bar.

    Attributes
    ----------
    low, high
        Bounds within which the figures of designs lie that the estimator was not fitted to, as far as they were recorded.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LayerEstimate:
    """Estimated cost of one part of the design.

    Attributes
    ----------
    name, kind
        Name in the program, and what it is, for example scaling, lstm, gru, dense, activation, trigger, fifo.
    multipliers
        Multiplications done side by side, wherever they are made.
    reuse
        Its reuse factors as they are to be shown, for example ``"2, 64"``; empty where it has none.
    c_synthesis, logic
        Resources, in both countings.
    bram18_weights, bram18_tables, bram18_buffers
        What the block RAMs (of C-synthesis) hold: weights, copies of activation tables, FIFOs or arrays.
    first_output_cycles
        From its first input to its first output.
    step_cycles
        Cycles a step.
    interval_cycles
        From one window to the next, were it alone.
    busy
        First and last cycle of the window's processing, counted from the window's first sample, end excluded.
    """

    name: str
    kind: str
    multipliers: int
    reuse: str
    c_synthesis: Resources
    logic: Resources
    bram18_weights: int
    bram18_tables: int
    bram18_buffers: int
    first_output_cycles: int
    step_cycles: int
    interval_cycles: int
    busy: tuple[int, int]

    @property
    def timed(self) -> bool:
        """Whether it takes part in the pipeline; a mere FIFO does not."""
        return self.interval_cycles > 0


@dataclass(frozen=True)
class Estimate:
    """Estimated cost of a design.

    Attributes
    ----------
    part, device
        The part as it was asked for, and its device; ``None`` where the database does not know it.
    clock_ns
        The clock period that was asked for. Whether it is met is not estimated.
    layers
        In the order of the data.
    interval_cycles, latency_cycles
        From one window to the next, and from a window's first sample to its result, with a sample a cycle.
    errors
        By quantity (``"dsp"``, ..., ``"latency_cycles"``, ``"interval_cycles"``) of each counting, the factor by which a recorded
        figure was at most above or below its estimate; see :mod:`hw_trigger.estimate.errors`.
    dsp_at_most
        DSP slices if HLS gave one to products of narrow operands, too; 0 where there are none.
    narrow_luts
        LUTs that would be saved by that.
    notes
        What a reader should know: what was assumed, what is not estimated.
    """

    part: str
    device: Part | None
    clock_ns: float
    layers: tuple[LayerEstimate, ...]
    interval_cycles: int
    latency_cycles: int
    errors: Mapping[str, Mapping[str, float]]
    dsp_at_most: float = 0.0
    narrow_luts: float = 0.0
    notes: tuple[str, ...] = ()

    @cached_property
    def c_synthesis(self) -> Resources:
        """Resources as C-synthesis would report them."""
        return sum((layer.c_synthesis for layer in self.layers), Resources())

    @cached_property
    def logic(self) -> Resources:
        """Resources that logic synthesis leaves."""
        return sum((layer.logic for layer in self.layers), Resources())

    @property
    def multipliers(self) -> int:
        """Multiplications done side by side."""
        return sum(layer.multipliers for layer in self.layers)

    @property
    def interval_us(self) -> float:
        """Microseconds from one window to the next, at the clock that was asked for."""
        return self.interval_cycles * self.clock_ns / 1000

    @property
    def latency_us(self) -> float:
        """Microseconds from a window's first sample to its result."""
        return self.latency_cycles * self.clock_ns / 1000

    @property
    def windows_per_second(self) -> float:
        """Windows a second."""
        return 1e9 / (self.interval_cycles * self.clock_ns)

    @property
    def bottleneck(self) -> str:
        """Name of the layer that sets the interval."""
        return max(self.layers, key=lambda layer: layer.interval_cycles).name

    def range(self, quantity: str, counting: str = "c_synthesis") -> Range:
        """Return a quantity of the whole design with its error bar: a resource, ``latency_cycles`` or ``interval_cycles``."""
        value = getattr(getattr(self, counting), quantity) if quantity in RESOURCES else getattr(self, quantity)
        factor = self.errors[counting][quantity]
        low, high = value / factor, value * factor
        # Whether narrow products get DSP slices is not certain: both ends allow for it.
        if quantity == "dsp":
            high = max(high, self.dsp_at_most)
        elif quantity == "lut":
            low = max(0.0, value - self.narrow_luts) / factor
        return Range(value, low, high)

    def share(self, resource: str, counting: str = "logic") -> float | None:
        """Return the share of the device's `resource`; ``None`` where the device is not known or has none of it."""
        available = 0 if self.device is None else getattr(self.device, resource)
        return getattr(getattr(self, counting), resource) / available if available else None

    @property
    def tightest(self) -> str | None:
        """Resource of which the design takes the largest share; ``None`` where the device is not known."""
        shares = {name: share for name in RESOURCES if (share := self.share(name)) is not None}
        return max(shares, key=lambda name: shares[name]) if shares else None

    @property
    def fits(self) -> bool | None:
        """Whether logic synthesis is expected to leave no more than the device has; ``None`` where it is not known."""
        if self.device is None:
            return None
        return all(getattr(self.logic, name) <= getattr(self.device, name) for name in RESOURCES)

    @property
    def fits_at_worst(self) -> bool | None:
        """Whether it fits even with every resource at the upper end of its error bar; ``None`` where the device is not known."""
        if self.device is None:
            return None
        return all(self.range(name, "logic").high <= getattr(self.device, name) for name in RESOURCES)
