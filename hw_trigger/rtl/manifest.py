"""The manifest of an RTL project, ``manifest.json``: what it was generated from and with, and the hash of each of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw_trigger.errors import UserError
from hw_trigger.files import to_json
from hw_trigger.projects import ProjectKind, first_problem

FORMAT: Final = "hw_trigger RTL project"
VERSION: Final = 1
MANIFEST = "manifest.json"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RtlProjectError(UserError):
    """A directory that is no RTL project, or one whose files are not those that were written."""


KIND = ProjectKind(
    "RTL project",
    MANIFEST,
    FORMAT,
    VERSION,
    RtlProjectError,
    to_write="; `hw-trigger rtl` writes one",
    to_repair="; run hw-trigger rtl again",
)


class Manifest(BaseModel):
    """The whole manifest.

    `programs` has the hash of the program of all channels, or of each channel's; `generator` that of the code that wrote the
    Verilog; `files` that of every file but the manifest itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["hw_trigger RTL project"] = FORMAT
    version: Literal[1] = VERSION
    top: str
    programs: list[Digest] = Field(min_length=1)
    with_output: bool
    generator: Digest
    tools: dict[str, str]
    provenance: dict[str, str]
    files: dict[str, Digest]


def to_text(manifest: Manifest) -> str:
    """Return the manifest as JSON text."""
    return to_json(manifest.model_dump(mode="json"))


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of the project in a directory.

    Raises
    ------
    RtlProjectError
        There is none, or one that is damaged or of another version.
    """
    text, _ = KIND.read(directory)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise RtlProjectError(
            f"the RTL project {directory} has a damaged {MANIFEST}: {first_problem(error)}"
        ) from error
