"""The project's manifest, ``project.json``: what the project was generated from, and the hash of each of its files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from hw_trigger.errors import UserError
from hw_trigger.files import to_json
from hw_trigger.hls.settings import HlsSettings, HlsSettingsError
from hw_trigger.projects import ProjectKind, first_problem

FORMAT: Final = "hw_trigger HLS project"
VERSION: Final = 2
MANIFEST = "project.json"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ProjectError(UserError):
    """A directory that is no HLS project, or one whose files are not those that were written."""


KIND = ProjectKind("HLS project", MANIFEST, FORMAT, VERSION, ProjectError)


class Manifest(BaseModel):
    """The whole manifest; `program` is the program's hash, `files` has that of every file but the manifest itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["hw_trigger HLS project"] = FORMAT
    version: Literal[2] = VERSION
    program: Digest
    settings: HlsSettings
    recorded_windows: PositiveInt
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
    ProjectError
        There is none, or one that is damaged or of another version.
    """
    text, document = KIND.read(directory)
    damaged = f"the HLS project {directory} has a damaged {MANIFEST}"
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise ProjectError(f"{damaged}: {first_problem(error)}") from error
    except HlsSettingsError as error:
        raise ProjectError(f"{damaged}: {error}") from error
    for setting in fields(HlsSettings):  # which have defaults, but not here
        if setting.name not in document["settings"]:
            raise ProjectError(f"{damaged}: settings.{setting.name}: Field required")
    return manifest
