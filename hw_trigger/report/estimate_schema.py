"""The report's section on the estimate, as data."""

from __future__ import annotations

from typing import Literal

from hw_trigger.estimate.errors import QuantityError
from hw_trigger.report.section import Section


class Counts(Section):
    """Resources of a layer, in whole numbers."""

    dsp: int
    bram18: int
    uram: int
    lut: int
    ff: int


class Amount(Section):
    """A resource of the whole design, with its error bar."""

    value: int
    low: int
    high: int
    available: int | None
    """What the device has; null where it is not known."""
    share: float | None
    share_low: float | None
    share_high: float | None


class Amounts(Section):
    """All resources of the whole design."""

    dsp: Amount
    bram18: Amount
    uram: Amount
    lut: Amount
    ff: Amount


class Duration(Section):
    """A time, with its error bar: in cycles, and in microseconds at the clock that was asked for."""

    cycles: int
    low: int
    high: int
    us: float
    us_low: float
    us_high: float


class Device(Section):
    """The device of the part, and what it has."""

    name: str
    family: str
    has: Counts
    sources: dict[str, str]
    """The documents that publish the figures."""


class EstimatedLayer(Section):
    """One part of the design; see :class:`hw_trigger.estimate.result.LayerEstimate`."""

    name: str
    kind: str
    multipliers: int
    reuse: str
    c_synthesis: Counts
    logic: Counts
    bram18_weights: int
    bram18_tables: int
    bram18_buffers: int
    first_output_cycles: int
    step_cycles: int
    interval_cycles: int
    interval_us: float
    busy: tuple[int, int]
    """First cycle and the one after the last, counted from the window's first sample."""


class Estimate(Section):
    """What the design would cost; see :class:`hw_trigger.estimate.result.Estimate`."""

    origin: Literal["estimated"] = "estimated"
    part: str
    device: Device | None
    clock_ns: float
    layers: tuple[EstimatedLayer, ...]
    multipliers: int
    c_synthesis: Amounts
    """What C-synthesis would report."""
    logic: Amounts
    """What logic synthesis leaves."""
    latency: Duration
    interval: Duration
    """From one window to the next."""
    windows_per_second: float
    fits: bool | None
    """Whether logic synthesis leaves no more than the device has; null where the device is not known."""
    fits_at_worst: bool | None
    """Whether that holds at the upper ends of the error bars, too."""
    tightest: str | None
    """Resource of which the largest share is taken."""
    bottleneck: str
    """Layer that sets the interval."""
    notes: tuple[str, ...]
    errors: tuple[QuantityError, ...]
    """How far off the estimator was on recorded designs that it was not fitted to."""
