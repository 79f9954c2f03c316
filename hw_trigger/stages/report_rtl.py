"""What a report takes from the run's RTL project."""

from __future__ import annotations

from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program
from hw_trigger.report.rtl_section import RtlFigures
from hw_trigger.rtl.project import open_project
from hw_trigger.rtl.records import read_cycles, read_syntheses
from hw_trigger.stages.rtlsim import read_rtl_verification


def read_rtl(config: Config, program: Program) -> RtlFigures | None:
    """Return what there is of a program's RTL; ``None`` where there is no project, or one of another program.

    Raises
    ------
    RtlProjectError, VerificationFileError
        What simulation or synthesis left in the project is damaged.
    """
    try:
        project = open_project(config.rtl_path)
    except UserError:
        return None
    if any(serialize.digest(member) != serialize.digest(program) for member in project.design.members):
        return None
    return RtlFigures(
        top=project.top,
        schedule=project.design.schedule,
        with_output=project.design.with_output,
        cycles=read_cycles(project.directory),
        verification=read_rtl_verification(project.directory, program),
        syntheses=read_syntheses(project.directory),
    )
