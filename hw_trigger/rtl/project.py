"""The RTL project on disk: Verilog, program, schedule and a page that tells how to use them; whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes, sha256_file, whole_directory
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl import schedule_file
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.manifest import KIND, MANIFEST, Manifest, RtlProjectError, read_manifest, to_text
from hw_trigger.rtl.readme import readme

__all__ = ["Project", "RtlProjectError", "generator_digest", "open_project", "write_project"]

SCHEDULE = "schedule.json"
README = "README.md"

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Project:
    """An RTL project on disk.

    Attributes
    ----------
    directory
        Where it is.
    design
        What it was generated from.
    """

    directory: Path
    design: Design

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.design.name

    @property
    def program(self) -> Program:
        """The program that stands for all channels where only what they have in common counts."""
        return self.design.program

    @cached_property
    def verilog(self) -> str:
        """The design's Verilog.

        Raises
        ------
        RtlProjectError
            The file cannot be read.
        """
        return _read(self.directory, f"{self.top}.v")

    def check(self) -> None:
        """Compare the files with the manifest; those that tools added are left alone.

        Raises
        ------
        RtlProjectError
            A file was changed or removed since the project was written; the message names the first.
        """
        KIND.check(self.directory, read_manifest(self.directory).files)


def write_project(
    wanted: Design,
    directory: Path,
    *,
    extra: Mapping[str, str] = _NOTHING,
    provenance: Mapping[str, str] = _NOTHING,
) -> Project:
    """Write a self-standing RTL project: Verilog, program, schedule, README and manifest.

    Parameters
    ----------
    directory
        Where it exists, it is replaced as a whole, with what tools put there.
    extra
        Further text files, by their paths inside the project, with slashes: no file that the project has already.
    provenance
        What the project was made from and with, for the manifest.

    Raises
    ------
    RtlProjectError
        Something else than a project is in the directory.
    OutputError
        The directory cannot be written.
    """
    from hw_trigger.rtl.top import Top  # Amaranth, which reading a project does not need

    KIND.check_replaceable(directory)
    verilog = Top(wanted).verilog()
    with whole_directory(directory) as scratch:
        texts = {
            f"{wanted.name}.v": verilog,
            SCHEDULE: schedule_file.to_text(wanted.schedule),
            README: readme(wanted),
            **{_program_name(wanted.members, k): serialize.to_text(each) for k, each in enumerate(wanted.members)},
        }
        for name, text in [*texts.items(), *extra.items()]:
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            with (scratch / name).open("x", encoding="utf-8", newline="") as stream:
                stream.write(text)
        manifest = Manifest(
            top=wanted.name,
            programs=[serialize.digest(member) for member in wanted.members],
            with_output=wanted.with_output,
            generator=generator_digest(),
            tools={name: version(name) for name in ("hw_trigger", "amaranth", "pyosys")},
            provenance=dict(provenance),
            files={name: sha256_file(scratch / name) for name in sorted([*texts, *extra])},
        )
        (scratch / MANIFEST).write_text(to_text(manifest), "utf-8")
    return Project(directory, wanted)


def open_project(directory: Path) -> Project:
    """Return the project in a directory.

    Raises
    ------
    RtlProjectError
        There is none, or one that is damaged or of another version.
    """
    manifest = read_manifest(directory)
    members = tuple(_member(directory, manifest, k) for k in range(len(manifest.programs)))
    try:
        schedule = schedule_file.from_text(_read(directory, SCHEDULE))
        found = design(members, schedule, with_output=manifest.with_output)
    except RtlProjectError:
        raise
    except UserError as error:
        raise RtlProjectError(f"the RTL project {directory} has a damaged {SCHEDULE}: {error}") from error
    return Project(directory, found)


def generator_digest() -> str:
    """Return a hash of the code that writes the Verilog: another release's, or a changed checkout's, writes another."""
    sources = sorted(Path(__file__).parent.glob("*.py")) + sorted((Path(__file__).parent / "triggers").glob("*.py"))
    return sha256_bytes("\n".join(f"{path.name} {sha256_file(path)}" for path in sources).encode())


def _program_name(members: tuple[Program, ...] | list[str], number: int) -> str:
    return "program.json" if len(members) == 1 else f"programs/channel_{number}.json"


def _member(directory: Path, manifest: Manifest, number: int) -> Program:
    name = _program_name(manifest.programs, number)
    try:
        program = serialize.from_text(_read(directory, name))
    except RtlProjectError:
        raise
    except (ValueError, UserError) as error:
        raise RtlProjectError(f"the RTL project {directory} has a damaged {name}: {error}") from error
    if serialize.digest(program) != manifest.programs[number]:
        raise RtlProjectError(f"the RTL project {directory} has its file {name!r} changed since it was written")
    return program


def _read(directory: Path, name: str) -> str:
    try:
        return (directory / name).read_text("utf-8")
    except OSError as error:
        raise RtlProjectError(f"the RTL project {directory} has no readable {name}: {error.strerror}") from error
