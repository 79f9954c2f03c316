"""One HLS project for many channels: the firmware once, and for every channel the files that a host loads and its test data.

The project is that of the first channel, with weights behind ports; nothing of its firmware depends on which one that is. The
channels' files are beside it::

    memories.json                    the memories behind the ports: their words, and what is in them
    weights/<channel>/<port>.mem     what they hold for a channel
    weights/<channel>/program.json   its program
    weights/<channel>/windows.txt    its recorded windows, and in expected.txt the codes expected of them
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hw_trigger.errors import UserError
from hw_trigger.fixedpoint import compiled, serialize
from hw_trigger.fixedpoint.family import Family
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.hls.memories import images
from hw_trigger.hls.project import PROGRAM, Project, ProjectError, open_project, write_project
from hw_trigger.hls.settings import HlsSettings, HlsSettingsError
from hw_trigger.hls.testbench import recorded

DIRECTORY = "weights"
"""Directory inside the project that has one directory a channel."""


def write_channels(
    family: Family,
    settings: HlsSettings,
    directory: Path,
    *,
    windows: Mapping[str, Codes],
    extra: Mapping[str, str],
    provenance: Mapping[str, str],
) -> Project:
    """Write the project of a family.

    Parameters
    ----------
    windows
        Of every member: as :func:`hw_trigger.hls.project.write_project` takes them.

    Raises
    ------
    HlsSettingsError
        The settings do not put weights behind ports.
    ProjectError
        A channel's name cannot be that of a directory.
    UserError
        As :func:`hw_trigger.hls.project.write_project`.
    """
    if settings.weights != "ports":
        raise HlsSettingsError(
            f"a firmware for several channels needs the HLS setting weights='ports', not {settings.weights!r}"
        )
    texts = dict(extra)
    for name, program in family.members.items():
        if not re.fullmatch(r"\w[\w.+-]*", name):
            raise ProjectError(
                f"a channel's files cannot be in a directory {name!r}: its name must be letters, digits and _.+-"
            )
        of_channel = {PROGRAM: serialize.to_text(program)} | images(program, settings)
        of_channel |= recorded(windows[name], compiled.run(program, windows[name]))
        texts |= {f"{DIRECTORY}/{name}/{file}": text for file, text in of_channel.items()}
    first = next(iter(family.members))
    return write_project(family.first, settings, directory, windows=windows[first], extra=texts, provenance=provenance)


def open_channels(directory: Path) -> dict[str, Project]:
    """Return the project in a directory as that of each of its channels, by the channels' names.

    They share the firmware, and so what is compiled; each has its own program, memories and recorded windows.

    Raises
    ------
    ProjectError
        There is no project, or not for several channels; or it is damaged.
    """
    project = open_project(directory)
    channels = {}
    for path in sorted((directory / DIRECTORY).glob(f"*/{PROGRAM}")):
        try:
            program = serialize.from_text(path.read_text("utf-8"))
        except (OSError, ValueError, UserError) as error:
            raise ProjectError(
                f"the HLS project {directory} has a damaged {path.relative_to(directory)}: {error}"
            ) from error
        channels[path.parent.name] = replace(project, program=program, data=f"{DIRECTORY}/{path.parent.name}")
    if not channels:
        raise ProjectError(f"the HLS project {directory} is that of one channel: it has no {DIRECTORY}/*/{PROGRAM}")
    return channels
