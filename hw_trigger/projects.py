"""What directories of generated projects have in common: a manifest of a format and a version, and files that it vouches for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_file


@dataclass(frozen=True)
class ProjectKind:
    """A kind of project.

    Attributes
    ----------
    name
        What messages call it, for example ``"HLS project"``; with "an" before it.
    manifest
        Name of its manifest.
    format, version
        What the manifest must say of itself.
    error
        Class of the errors raised.
    to_write, to_repair
        What messages add where there is no project, and where a file of one was changed.
    """

    name: str
    manifest: str
    format: str
    version: int
    error: type[UserError]
    to_write: str = ""
    to_repair: str = ""

    def read(self, directory: Path) -> tuple[str, dict[str, Any]]:
        """Return the manifest of the project in a directory: its text, and what that says.

        Raises
        ------
        UserError
            Of the class `error`: there is none, or it is no JSON, or of another format or version.
        """
        try:
            text = (directory / self.manifest).read_text("utf-8")
            document = json.loads(text)
        except OSError as error:
            raise self.error(
                f"{directory} is not an {self.name}: it has no readable {self.manifest}{self.to_write}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise self.error(f"{directory} is not an {self.name}: its {self.manifest} is not JSON") from error
        if not isinstance(document, dict) or document.get("format") != self.format:
            raise self.error(
                f"{directory} is not an {self.name}: the 'format' in its {self.manifest} must be {self.format!r}"
            )
        if document.get("version") != self.version:
            raise self.error(
                f"the {self.name} {directory} has version {document.get('version')!r}, and this release reads {self.version}"
            )
        return text, document

    def check(self, directory: Path, files: Mapping[str, str]) -> None:
        """Compare files with their hashes; those that tools added are left alone.

        Raises
        ------
        UserError
            Of the class `error`: a file was changed or removed since the project was written; the message names the first.
        """
        for name, recorded in files.items():
            path = directory / name
            if not path.is_file() or sha256_file(path) != recorded:
                what = "changed" if path.is_file() else "removed"
                raise self.error(
                    f"the {self.name} {directory} has its file {name!r} {what} since it was written{self.to_repair}"
                )

    def check_replaceable(self, directory: Path) -> None:
        """Check that a project may be written to a directory: it is not there, is empty, or holds one.

        Raises
        ------
        UserError
            Of the class `error`: something else is there.
        """
        if not directory.exists() or (directory / self.manifest).exists():
            return
        if directory.is_file() or any(directory.iterdir()):
            raise self.error(
                f"{directory} exists, and is not an {self.name} that could be replaced; remove it, or choose another"
            )


def first_problem(error: ValidationError) -> str:
    """Return where in a document the first problem is, and what it is."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
