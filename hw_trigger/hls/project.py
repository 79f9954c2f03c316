"""The HLS project on disk: written whole or not at all, standing alone, the same bytes for the same inputs."""

from __future__ import annotations

import contextlib
import io
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_file, to_json, whole_directory
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.graph import build_graph, node_names
from hw_trigger.hls.rendering import render
from hw_trigger.hls.settings import HlsSettings, LayerReuse
from hw_trigger.hls.testbench import EXPECTED, WINDOWS, from_columns, write_testbench

FORMAT = "hw_trigger HLS project"
VERSION = 1
BUILD_STEPS = ("reset", "csim", "synth", "cosim", "validation", "export", "vsynth", "fifo_opt")
MANIFEST = "project.json"
PROGRAM = "program.json"
BUILD_OPTIONS = "build_opt.tcl"
"""Which steps hls4ml's build script for Vitis HLS takes: meant to be edited, so that the manifest does not vouch for it."""


class ProjectError(UserError):
    """A directory that is no HLS project, or one whose files are not those that were written."""


@dataclass(frozen=True, eq=False)
class Project:
    """An HLS project on disk.

    Attributes
    ----------
    directory
        Where it is.
    program, settings
        What it was generated from.
    """

    directory: Path
    program: Program
    settings: HlsSettings

    @property
    def top(self) -> str:
        """Name of the top function."""
        return self.settings.project_name

    @property
    def layers(self) -> dict[str, str]:
        """Names in C++ of scaling, layers and trigger, by their names in the program."""
        return node_names(self.program)

    def windows(self) -> Codes:
        """Return the recorded windows, raw codes ``(n, steps, n_features)``."""
        return self._read(WINDOWS).reshape(-1, self.program.steps, self.program.n_features)

    def expected(self) -> Execution:
        """Return what the golden model computed of the recorded windows."""
        return from_columns(self.program, self._read(EXPECTED))

    def check(self) -> None:
        """Compare the files with the manifest; those that tools added are left alone.

        Raises
        ------
        ProjectError
            A file was changed or removed since the project was written; the message names the first.
        """
        for name, recorded in _manifest(self.directory)["files"].items():
            path = self.directory / name
            if not path.is_file() or sha256_file(path) != recorded:
                what = "changed" if path.is_file() else "removed"
                raise ProjectError(
                    f"the HLS project {self.directory} has its file {name!r} {what} since it was written"
                )

    def _read(self, name: str) -> Codes:
        try:
            return np.loadtxt(self.directory / name, np.int64, ndmin=2)
        except (OSError, ValueError) as error:
            raise ProjectError(f"the HLS project {self.directory} has no readable {name}: {error}") from error


def write_project(program: Program, settings: HlsSettings, directory: Path, *, windows: Codes) -> Project:
    """Write a self-standing Vitis or Vivado HLS project: firmware, testbench, recorded windows, build files, manifest.

    Parameters
    ----------
    directory
        Where it exists, it is replaced as a whole, with what tools put there.
    windows
        Raw codes of ``program.raw`` for the testbench, shape ``(n, steps, n_features)``, one window at least; what is expected
        of them is computed here.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    WindowsError, ProjectError
        The windows do not fit the program, or there are none; or something else than a project is in the directory.
    OutputError
        The directory cannot be written.
    """
    expected = compiled.run(program, windows)
    if not len(windows):
        raise ProjectError("an HLS project needs one recorded window at least, for its testbench")
    if directory.exists() and not (directory / MANIFEST).exists() and (directory.is_file() or any(directory.iterdir())):
        raise ProjectError(
            f"{directory} exists, and is not an HLS project that could be replaced; remove it, or choose another"
        )
    with whole_directory(directory) as scratch:
        with _quiet():
            graph = build_graph(program, settings, scratch)
            graph.config.config["Stamp"] = serialize.digest(program)[:8]
            graph.config.backend.writer.write_hls(graph)
        _forget_place(scratch / "hls4ml_config.yml")
        write_testbench(graph, program, np.asarray(windows), expected, scratch)
        if settings.backend == "Vitis":
            (scratch / BUILD_OPTIONS).write_text(build_options("csim", "synth"))
        (scratch / PROGRAM).write_text(serialize.to_text(program))
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "program": serialize.digest(program),
            "settings": asdict(settings),
            "recorded_windows": len(windows),
            "tools": {name: version(name) for name in ("hw_trigger", "hls4ml")},
            "files": _hashes(scratch),
        }
        (scratch / MANIFEST).write_text(to_json(manifest))
    return Project(directory, program, settings)


def open_project(directory: Path) -> Project:
    """Return the project in a directory.

    Raises
    ------
    ProjectError
        There is none, or one of another version.
    """
    manifest = _manifest(directory)
    settings = dict(manifest["settings"])
    settings["layers"] = {name: LayerReuse(**reuse) for name, reuse in settings["layers"].items()}
    try:
        program = serialize.from_text((directory / PROGRAM).read_text())
    except OSError as error:
        raise ProjectError(f"the HLS project {directory} has no readable {PROGRAM}: {error.strerror}") from error
    if serialize.digest(program) != manifest["program"]:
        raise ProjectError(f"the HLS project {directory} has its file {PROGRAM!r} changed since it was written")
    return Project(directory, program, HlsSettings(**settings))


def build_options(*steps: str) -> str:
    """Return the script that tells hls4ml's build script for Vitis HLS which steps to take."""
    return render("build_opt.tcl.jinja", options={name: int(name in steps) for name in BUILD_STEPS})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep hls4ml's prints and warnings to itself."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _forget_place(config: Path) -> None:
    """Take the place where it was written out of hls4ml's record of its configuration."""
    config.write_text(re.sub(r"^OutputDir: .*(\n  .*)*", "OutputDir: .", config.read_text(), flags=re.MULTILINE))


def _hashes(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file, by its path."""
    return {
        path.relative_to(directory).as_posix(): sha256_file(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != BUILD_OPTIONS
    }


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
    except OSError as error:
        raise ProjectError(f"{directory} is not an HLS project: it has no readable {MANIFEST}") from error
    except ValueError as error:
        raise ProjectError(f"{directory} is not an HLS project: its {MANIFEST} is not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ProjectError(f"{directory} is not an HLS project: the 'format' in its {MANIFEST} must be {FORMAT!r}")
    if manifest.get("version") != VERSION:
        raise ProjectError(
            f"the HLS project {directory} has version {manifest.get('version')!r}, and this release reads {VERSION}"
        )
    return manifest
