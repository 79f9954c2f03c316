"""Synthesize the RTL project with open tools: resources by block, the clock, and on request a simulation of the netlist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from rich.table import Table

from hw_trigger.config.schema import Config
from hw_trigger.files import to_json, write_whole
from hw_trigger.markdown import markdown_table
from hw_trigger.rtl.project import Project
from hw_trigger.rtl.records import Clock, NetlistCheck, SynthesisRecord, synthesis_name
from hw_trigger.rtl.settings import RtlSettings
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.synthesis.netlist import netlist_for_simulation
from hw_trigger.rtl.synthesis.resources import Resources
from hw_trigger.rtl.synthesis.routing import place_and_route
from hw_trigger.rtl.synthesis.synthesis import Synthesis, synthesize
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.rtl.synthesis.timing import estimate_timing
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.rtl import ROUTING, SIMULATING, SYNTHESIZING, open_rtl
from hw_trigger.stages.rtl_subject import RtlSubject, open_rtl_subject
from hw_trigger.stages.rtl_windows import compare_run, expected, place_of, simulated_streams, simulator_windows
from hw_trigger.stages.rtlsim import GOLDEN, SIMULATION

NETLIST = "netlist"
NETLIST_WINDOWS = 16
"""Windows that a netlist is simulated with, in all or of each of a fleet's channels; those for the corners come on top."""

TOP = "top"
"""How the part of a design is called that is in no block."""


def run_synth(config: Config, reporter: Reporter, *, netlist: bool = False, fleet: bool = False) -> SynthesisRecord:
    """Synthesize the run's RTL project for ``rtl.target``, and write ``synthesis-<target>.json`` and ``.md`` into it.

    Parameters
    ----------
    fleet
        The project is that of the channels of ``evaluate.channels``.
    netlist
        Simulate the netlist too, and compare every code with the golden model.

    Raises
    ------
    BundleError, QonnxError, RtlProjectError
        There is no bundle or no project, or the project is of another program.
    MissingPackageError
        A package of the extra ``rtl`` is not installed.
    """
    settings = config.rtl
    target = Target(settings.target)
    routes = target is Target.ECP5
    needed = (*SYNTHESIZING, *(ROUTING if routes else ()), *(SIMULATING if netlist else ()))
    require_packages("hw-trigger synth", needed, "rtl")
    subject = open_rtl_subject(config, reporter, fleet=fleet)
    project = open_rtl(subject)
    mapped, record = _route(project, settings, reporter) if routes else _map(project, settings, reporter)
    if netlist:
        record = replace(record, netlist=_check_netlist(subject, project, mapped, reporter))
    name = synthesis_name(target)
    write_whole(project.directory / f"{name}.json", to_json(record.to_dict()))
    write_whole(
        project.directory / f"{name}.md", f"# Synthesis of {project.top} for {target}\n\n{to_markdown(record)}\n"
    )
    reporter.show(to_markdown(record), _drawing(project, record))
    for line in remarks(record):
        reporter.say(line)
    reporter.say(f"synthesis: {project.directory / f'{name}.md'}{'' if fleet else '; next: hw-trigger report'}")
    return record


def _map(project: Project, settings: RtlSettings, reporter: Reporter) -> tuple[Synthesis, SynthesisRecord]:
    """Map the design with Yosys and estimate its clock."""
    directory = project.directory / synthesis_name(settings.target)
    with reporter.task(f"Yosys for {settings.target}", 1) as advance:
        mapped = synthesize(project.verilog, project.top, settings.target, directory, seconds=settings.seconds)
        advance(1)
    with reporter.task("longest path", 1) as advance:
        timing = estimate_timing(mapped)
        advance(1)
    clock = None
    if timing.ns:
        where = f"{timing.ns:.2f} ns, {timing.levels} levels of logic, from {timing.start} to {timing.end}"
        clock = Clock(round(timing.mhz, 1), "estimated", f"{timing.origin}: {where}")
    return mapped, SynthesisRecord(
        target=mapped.target,
        device=None,
        tools={"Yosys": _version(mapped.yosys)},
        seconds=mapped.seconds,
        total=mapped.total,
        blocks=mapped.blocks,
        clock=clock,
        netlist=None,
    )


def _route(project: Project, settings: RtlSettings, reporter: Reporter) -> tuple[Synthesis, SynthesisRecord]:
    """Map, place and route the design for an ECP5."""
    directory = project.directory / synthesis_name(settings.target)
    with reporter.task(f"Yosys and nextpnr for ECP5 {settings.device}", 1) as advance:
        routed = place_and_route(
            project.verilog,
            project.top,
            settings.device,
            directory,
            target_mhz=settings.clock_mhz,
            seconds=settings.seconds,
        )
        advance(1)
    used = ", ".join(f"{name} {count:,} of {routed.available[name]:,}" for name, count in routed.used.items())
    return routed.synthesis, SynthesisRecord(
        target=routed.synthesis.target,
        device=routed.device,
        tools={"Yosys": _version(routed.synthesis.yosys), "nextpnr": routed.nextpnr},
        seconds=round(routed.synthesis.seconds + routed.seconds, 1),
        total=routed.synthesis.total,
        blocks=routed.synthesis.blocks,
        clock=Clock(routed.mhz, "routed", f"placed and routed with {routed.target_mhz:g} MHz as the aim; used: {used}"),
        netlist=None,
    )


def _check_netlist(subject: RtlSubject, project: Project, mapped: Synthesis, reporter: Reporter) -> NetlistCheck:
    """Simulate a netlist on a few windows, and compare every code with the golden model's."""
    settings = subject.config.rtl
    streams = simulated_streams(subject, NETLIST_WINDOWS, reporter)
    text = "\n".join(path.read_text("utf-8") for path in netlist_for_simulation(mapped))
    with reporter.task("compiling the netlist's simulation", 1) as advance:
        directory = project.directory / SIMULATION / NETLIST
        simulator = build(text, project.design.interface, directory, seconds=settings.seconds)
        advance(1)
    with reporter.task("netlist", streams.shape[1]) as advance:
        run = simulator.run(simulator_windows(project.design, streams), progress=advance, seconds=settings.seconds)
        advance(0, note=f"{run.cycles:,} cycles")
    comparisons = compare_run(project.design, expected(subject.programs, streams), run, (GOLDEN, NETLIST))
    for comparison in comparisons:
        if comparison.mismatches:
            reporter.warn(
                f"VERIFICATION: {comparison.mismatches:,} of {comparison.codes:,} codes of {comparison.tensor} differ in the "
                f"netlist, first at {place_of(comparison, project.design, subject.channels)}"
            )
    return NetlistCheck(
        comparisons[0].windows, sum(each.codes for each in comparisons), sum(each.mismatches for each in comparisons)
    )


def _version(text: str) -> str:
    """Return the number of Yosys' version: what it says of itself has its name before it, and its compiler behind."""
    return text.removeprefix("Yosys ").split(" ")[0]


def columns(resources: Sequence[Resources]) -> tuple[str, ...]:
    """Return the names of the resources of which there are any, and of those that people look for first."""
    always = {"lut", "ff", "dsp"}
    names = [each.name for each in fields(Resources)]
    return tuple(name for name in names if name in always or any(getattr(each, name) for each in resources))


def to_markdown(record: SynthesisRecord) -> str:
    """Return the resources by block as a table, and the remarks below it. No newline at the end."""
    header, rows = _rows(record)
    table = markdown_table(header, rows, right=tuple(range(1, len(header))))
    return "\n\n".join([table, *(f"{line}." for line in remarks(record))])


def remarks(record: SynthesisRecord) -> tuple[str, ...]:
    """Return what there is to say beside the resources: tools, clock, and the netlist's verification."""
    tools = ", ".join(f"{name} {version}" for name, version in record.tools.items())
    lines = [f"synthesized with {tools} in {record.seconds:,.0f} s"]
    if record.clock is not None:
        lines.append(f"clock: {record.clock.mhz:,.1f} MHz, {record.clock.detail}")
    if record.netlist is not None:
        found = record.netlist
        lines.append(
            f"netlist simulated on {found.windows:,} windows: {found.mismatches:,} mismatches in {found.codes:,} codes"
        )
    return tuple(lines)


def _rows(record: SynthesisRecord) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the table of resources: its header, a row for each block, and one for the whole."""
    named: Mapping[str, Resources] = {name or TOP: each for name, each in record.blocks.items()}
    shown = columns([record.total])
    rows = {**(named if len(named) > 1 else {}), "all": record.total}
    return ("block", *shown), [
        (name, *(f"{getattr(each, column):,}" for column in shown)) for name, each in rows.items()
    ]


def _drawing(project: Project, record: SynthesisRecord) -> Table:
    """Return the same table for a Rich console."""
    header, rows = _rows(record)
    result = Table(title=f"Resources of {project.top} on {record.target}")
    for number, name in enumerate(header):
        result.add_column(name, justify="right" if number else "left")
    for row in rows:
        result.add_row(*row)
    return result
