"""Simulate the RTL project cycle by cycle, prove it bit-exact, and count its cycles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.files import to_json, write_whole
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import DeviationTrigger, Program
from hw_trigger.hls.compiler import compiler_version
from hw_trigger.rtl.project import Project
from hw_trigger.rtl.records import CYCLES, CyclesRecord
from hw_trigger.rtl.simulation.build import build
from hw_trigger.rtl.simulation.cycles import measure
from hw_trigger.rtl.simulation.run import Run
from hw_trigger.rtl.simulation.runtime import Trace
from hw_trigger.rtl.simulation.simulator import Simulator, Waveform
from hw_trigger.rtl.simulation.stimulus import NO_STALLS, Stalls
from hw_trigger.stages.csim import JSON_NAME, MARKDOWN_NAME
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.rtl import SIMULATING, open_rtl
from hw_trigger.stages.rtl_subject import RtlSubject, open_rtl_subject
from hw_trigger.stages.rtl_windows import compare_run, expected, place_of, simulated_streams, simulator_windows
from hw_trigger.stages.rtlsim_tables import ShownTable, channels_table, cycles_table
from hw_trigger.verification.rendering import to_markdown, to_rich, verdict
from hw_trigger.verification.table import VerificationFileError, VerificationTable

GOLDEN, RTL, STALLED = "golden (compiled)", "Verilator", "Verilator, random stalls"

STALLED_WINDOWS = 100
"""Last windows of each channel that are simulated with stalls too, behind those in which a trigger that remembers settles."""

STALLS = Stalls(seed=1, input=0.2, result=0.2, output=0.2, burst=8)

SIMULATION = "simulation"
"""Folder in the project that the compiled simulation lies in."""

WAVE_WINDOWS, SHOWN = 4, 3
"""Windows of each channel in a waveform, and windows whose cycles are recorded one by one."""

TRACES: dict[str, Trace] = {".vcd": "vcd", ".fst": "fst"}


class WaveformError(UserError):
    """A waveform of a kind that is not written."""


@dataclass(frozen=True)
class Simulated:
    """What a simulation found: the table of comparisons, and the cycles."""

    table: VerificationTable
    cycles: CyclesRecord


def run_rtlsim(config: Config, reporter: Reporter, *, wave: Path | None = None, fleet: bool = False) -> Simulated:
    """Simulate the run's RTL project with Verilator, compare every code with the golden model, and count cycles.

    Once without stalls, as many windows as are configured, and once with random pauses of all streams, fewer. Table and cycles
    lie in the project's directory, and go with it.

    Parameters
    ----------
    wave
        A file, ``.vcd`` or ``.fst``, for the waveform of the first windows.
    fleet
        The project is that of the channels of ``evaluate.channels``: each is sent its own test data, and compared with what the
        golden model computes of its own program.

    Raises
    ------
    BundleError, QonnxError, RtlProjectError
        There is no bundle or no project, or the project is of another program.
    MissingPackageError, ToolError, CompilerError
        Verilator or a C++ compiler is missing, or takes too long.
    WaveformError
        The file's ending is none of a waveform.
    """
    require_packages("hw-trigger rtlsim", SIMULATING, "rtl")
    trace = _trace(wave)
    subject = open_rtl_subject(config, reporter, fleet=fleet)
    project = open_rtl(subject)
    streams = simulated_streams(subject, config.rtl.windows, reporter)
    simulator = _build(subject, project, reporter, trace=None)
    with reporter.task(GOLDEN, streams.shape[0] * streams.shape[1]) as advance:
        wanted = expected(subject.programs, streams, advance)
    run = _simulate(simulator, project, streams, reporter, RTL, seconds=config.rtl.seconds)
    few = streams[:, -_stalled(project.program) :]
    stalled = _simulate(simulator, project, few, reporter, STALLED, stalls=STALLS, seconds=config.rtl.seconds)
    table = VerificationTable(
        (
            *compare_run(project.design, wanted, run, (GOLDEN, RTL)),
            *compare_run(project.design, expected(subject.programs, few), stalled, (GOLDEN, STALLED)),
        )
    )
    cycles = _cycles(project, run)
    found = Simulated(table, cycles)
    tables: tuple[ShownTable, ...] = (cycles_table(project.design, cycles),)
    if subject.channels:
        tables = (channels_table(subject.channels, wanted, run), *tables)
    _write(subject, project, found, tables)
    _tell(subject, project, found, tables, reporter)
    if wave is not None:
        traced = _build(subject, project, reporter, trace=trace)
        traced.run(simulator_windows(project.design, streams[:, :WAVE_WINDOWS]), waveform=Waveform(wave))
        reporter.say(f"waveform of the first {min(WAVE_WINDOWS, streams.shape[1])} windows: {wave}")
    return found


def read_rtl_verification(project: Path, program: Program) -> VerificationTable | None:
    """Return the table that `run_rtlsim` left in a project's directory; ``None`` where there is none of this program.

    Raises
    ------
    VerificationFileError
        The file is damaged.
    """
    path = project / JSON_NAME
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text("utf-8"))
        recorded, table = document["provenance"]["program SHA-256"], document["table"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VerificationFileError(f"{path} is damaged; run hw-trigger rtlsim again") from error
    return VerificationTable.from_dict(table) if recorded == serialize.digest(program) else None


def _trace(wave: Path | None) -> Trace | None:
    if wave is None:
        return None
    if wave.suffix not in TRACES:
        raise WaveformError(f"a waveform's file must end in {' or '.join(TRACES)}, and {str(wave)!r} does not")
    return TRACES[wave.suffix]


def _stalled(program: Program) -> int:
    settle = program.trigger.settle if isinstance(program.trigger, DeviationTrigger) else 0
    return settle + STALLED_WINDOWS


def _build(subject: RtlSubject, project: Project, reporter: Reporter, trace: Trace | None) -> Simulator:
    """Compile the simulation, which lies in the project's directory, once for each content."""
    what = "compiling the simulation" + (" with waveforms" if trace else "")
    with reporter.task(f"{what}, where it was not yet", 1) as advance:
        simulator = build(
            project.verilog,
            project.design.interface,
            project.directory / SIMULATION,
            trace=trace,
            seconds=subject.config.rtl.seconds,
        )
        advance(1)
    return simulator


def _simulate(
    simulator: Simulator,
    project: Project,
    streams: Codes,
    reporter: Reporter,
    what: str,
    *,
    stalls: Stalls = NO_STALLS,
    seconds: float,
) -> Run:
    """Simulate the streams of all channels."""
    windows = simulator_windows(project.design, streams)
    with reporter.task(what, streams.shape[1]) as advance:
        run = simulator.run(windows, stalls=stalls, progress=advance, seconds=seconds)
        advance(0, note=f"{run.cycles:,} cycles")
    return run


def _cycles(project: Project, run: Run) -> CyclesRecord:
    """Return what was counted, and when the first windows came and went."""
    interface = project.design.interface
    shape = (-1, interface.steps, interface.channels)
    samples = run.last.input_cycles.reshape(shape)[:, :, 0]
    outputs, results = [], []
    if interface.has_output:
        outputs = run.last.output_cycles.reshape(-1, interface.output_vectors, interface.channels)[
            :SHOWN, :, 0
        ].tolist()
    if interface.score is not None:
        results = run.last.result_cycles.reshape(-1, interface.channels)[:SHOWN, 0].tolist()
    return CyclesRecord(
        windows=len(samples),
        channels=interface.channels,
        cycles=run.cycles,
        found=measure(interface, run),
        samples=tuple((each[0], each[-1]) for each in samples[:SHOWN].tolist()),
        outputs=tuple((each[0], each[-1]) for each in outputs),
        results=tuple(results),
    )


def _write(subject: RtlSubject, project: Project, found: Simulated, tables: tuple[ShownTable, ...]) -> None:
    """Write tables and cycles beside what they speak of, with the configuration and all that computed them."""
    tools = {"Verilator": version("verilator"), "C++ compiler": compiler_version()}
    document = {
        "provenance": {**subject.provenance, **tools},
        "table": found.table.to_dict(),
        "configuration": subject.config.model_dump(mode="json"),
    }
    write_whole(project.directory / JSON_NAME, to_json(document))
    parts = [f"# Verification of {project.top}", to_markdown(found.table), *(each.markdown for each in tables)]
    write_whole(project.directory / MARKDOWN_NAME, "\n\n".join(parts) + "\n")
    write_whole(project.directory / CYCLES, to_json(found.cycles.to_dict()))


def _tell(
    subject: RtlSubject, project: Project, found: Simulated, tables: tuple[ShownTable, ...], reporter: Reporter
) -> None:
    """Show the tables, and say the verdict."""
    table = found.table
    reporter.show(to_markdown(table), to_rich(table))
    for each in tables:
        reporter.show(each.markdown, each.drawing)
    path = project.directory / MARKDOWN_NAME
    for comparison in table.comparisons:
        if comparison.mismatches:
            place = place_of(comparison, project.design, subject.channels)
            reporter.warn(f"{comparison.second} first differs in {comparison.tensor} at {place}")
        elif comparison.note is not None:
            reporter.warn(f"{comparison.tensor}, {comparison.second}: {comparison.note}")
    if table.mismatches:
        reporter.warn(f"VERIFICATION: {verdict(table)} Table: {path}")
    else:
        named = "".join(f" {name}" for name in subject.channels)
        after = f"hw-trigger synth{named}" + ("" if named else ", or hw-trigger report")
        reporter.say(f"{verdict(table)} Table: {path}; next: {after}")
