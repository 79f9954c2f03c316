"""From an RTL project and what tools left in it to the report's section on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hw_trigger.estimate.result import Estimate
from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.estimate.rtl.result import RtlEstimate
from hw_trigger.fixedpoint.program import Program
from hw_trigger.report.rtl_schema import (
    CycleCount,
    Rtl,
    RtlAmount,
    RtlClock,
    RtlEstimated,
    RtlLayer,
    RtlNetlist,
    RtlResources,
    RtlSimulation,
    RtlSynthesis,
    Stamps,
)
from hw_trigger.rtl.calculated import bottleneck, busy, layer_cycles, output_step, window_interval
from hw_trigger.rtl.design import design
from hw_trigger.rtl.latency import passage
from hw_trigger.rtl.records import CyclesRecord, SynthesisRecord
from hw_trigger.rtl.schedule import Schedule
from hw_trigger.rtl.simulation.cycles import Interval
from hw_trigger.verification.rendering import verdict
from hw_trigger.verification.table import VerificationTable


@dataclass(frozen=True)
class RtlFigures:
    """What there is of a run's RTL.

    Attributes
    ----------
    top
        Name of the top module.
    schedule
        Multipliers and channels.
    with_output
        What the network puts out has a port.
    cycles, verification
        Of the simulation; ``None`` where there was none.
    syntheses
        By target.
    """

    top: str
    schedule: Schedule
    with_output: bool = False
    cycles: CyclesRecord | None = None
    verification: VerificationTable | None = None
    syntheses: tuple[SynthesisRecord, ...] = ()


def rtl_section(found: RtlFigures, program: Program, estimate: Estimate | None) -> Rtl:
    """Return the section; the estimate, where there is one, stands beside the cycles."""
    schedule = found.schedule
    expected = estimate_rtl(design((program,), schedule, with_output=found.with_output))
    simulation = None
    if found.cycles is not None and found.verification is not None:
        simulation = _simulation(found.cycles, found.verification)
    return Rtl(
        top=found.top,
        channels=schedule.channels,
        pack=schedule.pack,
        multipliers=schedule.multipliers,
        busy=busy(program, schedule),
        bottleneck=bottleneck(program, schedule),
        layers=tuple(RtlLayer(**asdict(each)) for each in layer_cycles(program, schedule)),
        counts=_counts(found, program, estimate),
        estimated=RtlEstimated(
            dsp=_amount(expected, "dsp"),
            bram18=_amount(expected, "bram18"),
            lut=_amount(expected, "lut"),
            ff=_amount(expected, "ff"),
        ),
        simulation=simulation,
        syntheses=tuple(_synthesis(each) for each in found.syntheses),
        missing={
            name: command
            for name, command, there in (
                ("simulation", "make rtlsim", simulation is not None),
                ("syntheses", "make synth", bool(found.syntheses)),
            )
            if not there
        },
    )


def _amount(found: RtlEstimate, resource: str) -> RtlAmount:
    bar = found.range(resource)
    return RtlAmount(value=round(bar.value), low=round(bar.low), high=round(bar.high))


def _counts(found: RtlFigures, program: Program, estimate: Estimate | None) -> tuple[CycleCount, ...]:
    cycles, schedule = None if found.cycles is None else found.cycles.found, found.schedule
    way = passage(program, schedule)
    every = [
        (
            "from a window to the next" + (" of all channels" if schedule.channels > 1 else ""),
            None if cycles is None else cycles.window,
            window_interval(program, schedule),
            None if estimate is None else estimate.interval_cycles,
        ),
        (
            "from an output to the next of the same window",
            None if cycles is None else cycles.step,
            output_step(program, schedule),
            None,
        ),
        (
            "from a window's first sample to its result",
            None if cycles is None else cycles.first_result,
            way.result,
            None if estimate is None else estimate.latency_cycles,
        ),
        (
            "from its last sample to its result",
            None if cycles is None else cycles.after_last_sample,
            way.after_last_sample,
            None,
        ),
        (
            "from its first sample to the network's first output",
            None if cycles is None else cycles.first_output,
            way.outputs[0],
            None,
        ),
    ]
    return tuple(_count(*each) for each in every if any(figure is not None for figure in each[1:]))


def _count(what: str, simulated: Interval | int | None, calculated: int | None, estimated: float | None) -> CycleCount:
    mean, least, most = (
        (simulated.mean, simulated.least, simulated.most) if isinstance(simulated, Interval) else (simulated,) * 3
    )
    return CycleCount(
        what=what,
        simulated=mean,
        least=least,
        most=most,
        calculated=calculated,
        estimated=None if estimated is None else round(estimated),
    )


def _simulation(cycles: CyclesRecord, table: VerificationTable) -> RtlSimulation:
    first = cycles.samples[0][0]
    stamps = tuple(
        Stamps(
            samples=(samples[0] - first, samples[1] - first),
            outputs=(cycles.outputs[k][0] - first, cycles.outputs[k][1] - first) if cycles.outputs else None,
            result=cycles.results[k] - first if cycles.results else None,
        )
        for k, samples in enumerate(cycles.samples)
    )
    return RtlSimulation(
        windows=cycles.windows,
        cycles=cycles.cycles,
        codes=table.codes,
        mismatches=table.mismatches,
        verdict=verdict(table),
        stamps=stamps,
    )


def _synthesis(found: SynthesisRecord) -> RtlSynthesis:
    blocks = found.blocks if len(found.blocks) > 1 else {}
    return RtlSynthesis(
        target=found.target.value,
        device=found.device,
        tools=dict(found.tools),
        seconds=found.seconds,
        total=RtlResources(**asdict(found.total)),
        blocks={name: RtlResources(**asdict(each)) for name, each in blocks.items()},
        clock=None if found.clock is None else RtlClock.model_validate(asdict(found.clock)),
        netlist=None if found.netlist is None else RtlNetlist(**asdict(found.netlist)),
    )
