"""What vendor reports say. Figures that a report does not tell are ``None``: never a 0 in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Resources:
    """What a module takes, or what a part has.

    Attributes
    ----------
    dsp
        DSP48 or DSP58 slices.
    bram18
        Block RAMs of 18 Kbit; one of 36 Kbit counts twice.
    uram
        UltraRAMs; reports of parts without them may not tell.
    lut, ff
        Look-up tables and flip-flops.
    """

    dsp: int | None = None
    bram18: int | None = None
    uram: int | None = None
    lut: int | None = None
    ff: int | None = None


@dataclass(frozen=True)
class Span:
    """Least, average and greatest number of clock cycles."""

    minimum: int | None = None
    average: float | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class Performance:
    """Latency and initiation interval, in clock cycles."""

    latency: Span = Span()
    interval: Span = Span()


@dataclass(frozen=True)
class Clock:
    """Periods in nanoseconds: asked for, estimated by C synthesis, and kept in reserve for routing."""

    target_ns: float | None = None
    estimated_ns: float | None = None
    uncertainty_ns: float | None = None


@dataclass(frozen=True)
class Instance:
    """One use of a module in another.

    Attributes
    ----------
    name
        Of the instance; the summary ``csynth.rpt`` does not tell it.
    resources
        Of this instance, where the report of the module around it tells.
    """

    name: str | None
    module: str
    resources: Resources | None = None


@dataclass(frozen=True)
class ModuleReport:
    """C synthesis of one module (a function that was not inlined), with all that is inside it.

    Attributes
    ----------
    pipeline
        In the tool's words, for example ``"none"``, ``"function"``, ``"dataflow"``.
    by_kind
        Resources by the rows of the table ("DSP", "Expression", "FIFO", "Instance", "Memory", "Multiplexer", "Register"),
        from the module's own ``*_csynth.rpt``; else empty. They add up to `resources`.
    instances
        Modules used in this one, directly.
    """

    name: str
    performance: Performance
    resources: Resources
    pipeline: str | None = None
    by_kind: Mapping[str, Resources] = field(default_factory=dict)
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True)
class SynthesisReport:
    """C synthesis.

    Attributes
    ----------
    tool, version
        ``"Vivado HLS"`` or ``"Vitis HLS"``, and for example ``"2019.2"``.
    project
        Name of the HLS project, which ``csynth.xml`` does not tell.
    design
        The top function; in the report of a single module, that module.
    available
        What the part has.
    modules
        The modules below the design.
    """

    tool: str
    version: str
    part: str
    design: ModuleReport
    clock: Clock = Clock()
    available: Resources = Resources()
    modules: tuple[ModuleReport, ...] = ()
    project: str | None = None

    def module(self, name: str) -> ModuleReport | None:
        """Return the design or the module of a name, or ``None``."""
        return next((module for module in (self.design, *self.modules) if module.name == name), None)

    def parents(self, name: str) -> tuple[str, ...]:
        """Return the names of the modules, the design among them, that use a module."""
        return tuple(
            module.name
            for module in (self.design, *self.modules)
            if any(instance.module == name for instance in module.instances)
        )


@dataclass(frozen=True)
class CosimRun:
    """Co-simulation in one language.

    Attributes
    ----------
    rtl
        ``"Verilog"`` or ``"VHDL"``.
    status
        ``"Pass"``, ``"Fail"``, or what else the tool wrote.
    total_cycles
        Of the whole simulation; older versions do not tell.
    """

    rtl: str
    status: str
    performance: Performance
    total_cycles: int | None = None


@dataclass(frozen=True)
class CosimReport:
    """Co-simulation; a language that was not simulated (``NA``) is left out."""

    runs: tuple[CosimRun, ...]


Stage = Literal["post-synthesis", "post-implementation"]


@dataclass(frozen=True)
class RtlModule:
    """One cell of the netlist after logic synthesis or implementation, with all that is inside it.

    Attributes
    ----------
    cell
        Its path, the names of the cells around it divided by slashes.
    module
        Name of its module.
    """

    cell: str
    module: str
    resources: Resources


@dataclass(frozen=True)
class ExportReport:
    """Logic synthesis or implementation that the HLS tool ran on its own output, out of context.

    Attributes
    ----------
    stage
        What `resources` were counted after; the XML files of old versions do not tell.
    version
        Of Vivado.
    required_ns, synthesis_ns, implementation_ns, achieved_ns
        Clock period: asked for, and reached after synthesis, after implementation, and after the last of the two. A design
        without a path from register to register has none.
    timing_met
        Whether the last stage reached the period; ``None`` where there is no such path.
    modules
        Cells of the netlist, from the XML files of new versions.
    """

    stage: Stage | None
    version: str | None
    part: str | None
    resources: Resources
    available: Resources = Resources()
    required_ns: float | None = None
    synthesis_ns: float | None = None
    implementation_ns: float | None = None
    achieved_ns: float | None = None
    timing_met: bool | None = None
    modules: tuple[RtlModule, ...] = ()


@dataclass(frozen=True)
class LogicSynthesisReport:
    """Vivado's ``report_utilization``.

    Attributes
    ----------
    design, device
        In Vivado's words; the device is written without the dashes of the part.
    state
        ``"Synthesized"``, ``"Routed"``, ...
    carry
        CARRY8 of UltraScale, CARRY4 of the 7 series.
    """

    version: str
    design: str
    device: str
    state: str
    resources: Resources
    available: Resources
    carry: int | None = None


@dataclass(frozen=True)
class TimingReport:
    """Vivado's ``report_timing_summary``: worst and total slack of setup and of hold, in nanoseconds."""

    version: str
    design: str
    device: str
    wns_ns: float
    tns_ns: float
    whs_ns: float
    ths_ns: float


Report = SynthesisReport | CosimReport | ExportReport | LogicSynthesisReport | TimingReport
