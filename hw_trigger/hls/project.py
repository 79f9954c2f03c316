"""The HLS project on disk: written whole or not at all, standing alone, the same bytes for the same inputs."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import numpy as np

from hw_trigger.errors import UserError
from hw_trigger.files import sha256_file, whole_directory
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.golden import Execution
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.graph import build_graph, node_names
from hw_trigger.hls.manifest import KIND, MANIFEST, Manifest, ProjectError, read_manifest, to_text
from hw_trigger.hls.memories import DESCRIPTION, describe
from hw_trigger.hls.rendering import render
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.hls.testbench import EXPECTED, TB_DATA, WINDOWS, columns, from_columns, write_testbench

__all__ = [
    "BUILD_OPTIONS",
    "BUILD_STEPS",
    "PROGRAM",
    "Project",
    "ProjectError",
    "build_options",
    "open_project",
    "write_project",
]

BUILD_STEPS = ("reset", "csim", "synth", "cosim", "validation", "export", "vsynth", "fifo_opt")
PROGRAM = "program.json"
BUILD_OPTIONS = "build_opt.tcl"
"""Which steps hls4ml's build script for Vitis HLS takes: meant to be edited, so that the manifest does not vouch for it."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Project:
    """An HLS project on disk.

    Attributes
    ----------
    directory
        Where it is.
    program, settings
        What it was generated from.
    data
        Directory inside the project with the recorded windows, and with the files of the memories where weights are behind ports:
        another one, with another program, where a project serves several channels (:mod:`hw_trigger.hls.channels`).
    """

    directory: Path
    program: Program
    settings: HlsSettings
    data: str = TB_DATA

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
        program = self.program
        codes = self._read(f"{self.data}/{WINDOWS}", program.steps * program.n_features)
        return codes.reshape(-1, program.steps, program.n_features)

    def expected(self) -> Execution:
        """Return what the golden model computed of the recorded windows."""
        return from_columns(self.program, self._read(f"{self.data}/{EXPECTED}", columns(self.program)))

    def check(self) -> None:
        """Compare the files with the manifest; those that tools added are left alone.

        Raises
        ------
        ProjectError
            A file was changed or removed since the project was written; the message names the first.
        """
        KIND.check(self.directory, read_manifest(self.directory).files)

    def _read(self, name: str, wanted: int) -> Codes:
        try:
            lines = (self.directory / name).read_text("utf-8").splitlines()
            if not lines:
                raise ValueError("it is empty")
            codes = np.loadtxt(lines, np.int64, ndmin=2)
        except OSError as error:
            raise ProjectError(f"the HLS project {self.directory} has no readable {name}: {error.strerror}") from error
        except ValueError as error:
            raise ProjectError(f"the HLS project {self.directory} has no readable {name}: {error}") from error
        if codes.shape[1] != wanted:
            raise ProjectError(
                f"the HLS project {self.directory} has {codes.shape[1]} codes a line in {name}, and {wanted} are needed"
            )
        return codes


def write_project(
    program: Program,
    settings: HlsSettings,
    directory: Path,
    *,
    windows: Codes,
    extra: Mapping[str, str] = _NOTHING,
    provenance: Mapping[str, str] = _NOTHING,
) -> Project:
    """Write a self-standing Vitis or Vivado HLS project: firmware, testbench, recorded windows, build files, manifest.

    Parameters
    ----------
    directory
        Where it exists, it is replaced as a whole, with what tools put there.
    windows
        Raw codes of ``program.raw`` for the testbench, shape ``(n, steps, n_features)``, one window at least; what is expected
        of them is computed here. A trigger that remembers takes them for a stream from its start.
    extra
        Further text files, by their paths inside the project, with slashes: no file that the project has already.
    provenance
        What the project was made from and with, for the manifest.

    Raises
    ------
    ReuseFactorError, HlsSettingsError
        The settings do not fit the program.
    RoundingError, NamesError
        The program's formats or names cannot be had in C++.
    WindowsError, ProjectError
        The windows do not fit the program, or there are none; or something else than a project is in the directory.
    OutputError
        The directory cannot be written.
    """
    expected = compiled.run(program, windows)
    if not len(windows):
        raise ProjectError("an HLS project needs one recorded window at least, for its testbench")
    KIND.check_replaceable(directory)
    with whole_directory(directory) as scratch:
        with _quiet():
            graph = build_graph(program, settings, scratch)
            graph.config.config["Stamp"] = serialize.digest(program)[:8]
            graph.config.backend.writer.write_hls(graph)
        _forget_place(scratch / "hls4ml_config.yml")
        write_testbench(graph, program, np.asarray(windows), expected, scratch)
        if settings.backend == "Vitis":
            (scratch / BUILD_OPTIONS).write_text(build_options("csim", "synth"))
        if settings.weights == "ports":
            (scratch / DESCRIPTION).write_text(describe(graph))
        (scratch / PROGRAM).write_text(serialize.to_text(program), "utf-8")
        for name, text in extra.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            _write_new(scratch / name, text)
        manifest = Manifest(
            program=serialize.digest(program),
            settings=settings,
            recorded_windows=len(windows),
            tools={name: version(name) for name in ("hw_trigger", "hls4ml")},
            provenance=dict(provenance),
            files=_hashes(scratch),
        )
        _write_new(scratch / MANIFEST, to_text(manifest))
    return Project(directory, program, settings)


def open_project(directory: Path) -> Project:
    """Return the project in a directory.

    Raises
    ------
    ProjectError
        There is none, or one that is damaged or of another version.
    """
    manifest = read_manifest(directory)
    try:
        program = serialize.from_text((directory / PROGRAM).read_text("utf-8"))
    except OSError as error:
        raise ProjectError(f"the HLS project {directory} has no readable {PROGRAM}: {error.strerror}") from error
    except (ValueError, UserError) as error:
        raise ProjectError(f"the HLS project {directory} has a damaged {PROGRAM}: {error}") from error
    if serialize.digest(program) != manifest.program:
        raise ProjectError(f"the HLS project {directory} has its file {PROGRAM!r} changed since it was written")
    return Project(directory, program, manifest.settings)


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


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as stream:
        stream.write(text)


def _hashes(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file, by its path."""
    return {
        path.relative_to(directory).as_posix(): sha256_file(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != BUILD_OPTIONS
    }
