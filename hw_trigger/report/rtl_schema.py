"""The report's section on the RTL, as data: schedule, cycles and resources, each figure with its origin."""

from __future__ import annotations

from typing import Literal

from hw_trigger.report.section import Section


class RtlLayer(Section):
    """A layer's multipliers and cycles, in closed form."""

    name: str
    kind: str
    shape: str
    """Rows by columns of each product that are worked on in a cycle."""
    multipliers: int
    step_cycles: int
    """From a step to the next one, of whichever channel."""
    interval_cycles: int
    """From a window to the next one of all channels, were the layer alone."""
    busy: float
    """Share of its multipliers' cycles that are multiplications of the layer, in steady state."""


class CycleCount(Section):
    """Cycles from one event to another, as they were found in three ways; null where there is no such figure."""

    what: str
    simulated: float | None
    """Mean, where they differ."""
    least: int | None
    most: int | None
    calculated: int | None
    estimated: int | None
    """By the estimator, of the HLS design of one channel."""


class Stamps(Section):
    """Simulated cycles of one window of the first channel, counted from the first window's first sample."""

    samples: tuple[int, int]
    """First and last sample taken."""
    outputs: tuple[int, int] | None
    """First and last vector that the network puts out; null where it has no port."""
    result: int | None


class RtlSimulation(Section):
    """What was simulated, and that it is bit-exact."""

    origin: Literal["simulated"] = "simulated"
    windows: int
    """Of each channel, without stalls."""
    cycles: int
    codes: int
    """Compared with the golden model, with and without stalls."""
    mismatches: int
    verdict: str
    stamps: tuple[Stamps, ...]


class RtlResources(Section):
    """Cells of a block, or of the whole design."""

    lut: int
    lutram: int
    srl: int
    ff: int
    carry: int
    muxf: int
    dsp: int
    bram18: int
    bram36: int
    uram: int


class RtlClock(Section):
    """The clock that a netlist allows."""

    origin: Literal["estimated", "routed"]
    mhz: float
    detail: str


class RtlNetlist(Section):
    """A netlist that was simulated and compared with the golden model."""

    origin: Literal["simulated"] = "simulated"
    windows: int
    codes: int
    mismatches: int


class RtlAmount(Section):
    """An estimated resource of the whole design, with its error bar."""

    value: int
    low: int
    high: int


class RtlEstimated(Section):
    """What the design is estimated to take of UltraScale+, before synthesis; block RAMs of 36 kbit count as two."""

    origin: Literal["estimated"] = "estimated"
    dsp: RtlAmount
    bram18: RtlAmount
    lut: RtlAmount
    """With those that are memory and shift registers."""
    ff: RtlAmount


class RtlSynthesis(Section):
    """A synthesis with open tools."""

    origin: Literal["synthesized"] = "synthesized"
    target: str
    device: str | None
    tools: dict[str, str]
    seconds: float
    total: RtlResources
    blocks: dict[str, RtlResources]
    """By block of the top module, the top's own under an empty name; empty where they were not told apart."""
    clock: RtlClock | None
    netlist: RtlNetlist | None


class Rtl(Section):
    """The RTL project: its schedule, in closed form, and what simulation and synthesis found."""

    origin: Literal["calculated"] = "calculated"
    top: str
    channels: int
    pack: bool
    multipliers: int
    busy: float
    """Share of all multipliers' cycles that are multiplications of a layer, in steady state."""
    bottleneck: str
    layers: tuple[RtlLayer, ...]
    counts: tuple[CycleCount, ...]
    estimated: RtlEstimated
    simulation: RtlSimulation | None
    syntheses: tuple[RtlSynthesis, ...]
    missing: dict[str, str]
    """For what is missing of it, the command that gives it."""
