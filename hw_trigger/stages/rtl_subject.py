"""What an RTL project is written of: the program of one run, or those of several channels of a fleet, which share one engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hw_trigger.bundle.bundle import MANIFEST
from hw_trigger.config.schema import Config
from hw_trigger.files import sha256_bytes
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.family import family
from hw_trigger.fixedpoint.program import Program
from hw_trigger.rtl.design import Design, design
from hw_trigger.rtl.settings import chosen_schedule
from hw_trigger.stages.provenance import versions
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.runs import FleetError, run_config, select_channels
from hw_trigger.stages.subject import Subject, open_subject


@dataclass(frozen=True, eq=False)
class RtlSubject:
    """Programs, and where they are from.

    Attributes
    ----------
    config
        The configuration that goes with them; its ``rtl.channels`` are the streams of the design.
    subjects
        The one run, whose program all streams have; or one for each stream.
    channels
        Names of the telemetry's channels, one for each stream; none where there is one run.
    directory
        Of the RTL project.
    """

    config: Config
    subjects: tuple[Subject, ...]
    channels: tuple[str, ...]
    directory: Path

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs as they were trained, which the golden model computes."""
        return tuple(subject.program for subject in self.subjects)

    @property
    def members(self) -> tuple[Program, ...]:
        """The programs as a design has them: with gain and offset in common formats, where they are several."""
        if not self.channels:
            return self.programs
        return tuple(family(dict(zip(self.channels, self.programs, strict=True))).members.values())

    @property
    def provenance(self) -> dict[str, str]:
        """What the project was made from, and with."""
        if not self.channels:
            return self.subjects[0].provenance
        digests = zip(self.channels, map(serialize.digest, self.programs), strict=True)
        content = "\n".join(f"{name} {digest}" for name, digest in digests)
        return {
            "channels": ", ".join(self.channels),
            "channels SHA-256": sha256_bytes(content.encode()),
            **versions(),
        }

    def design(self) -> Design:
        """Return the configured design.

        Raises
        ------
        FamilyError
            The programs differ in more than their constants.
        RtlSettingsError, ScheduleError
            The settings do not fit the program.
        """
        settings = self.config.rtl
        return design(self.members, chosen_schedule(self.programs[0], settings), with_output=settings.with_output)


def open_rtl_subject(config: Config, reporter: Reporter, *, fleet: bool) -> RtlSubject:
    """Return what the configuration names.

    Parameters
    ----------
    fleet
        Take the channels of ``evaluate.channels``, in their order, each from its bundle of a fleet with shared formats, of the
        first seed. The design then has as many streams as they are, whatever ``rtl.channels`` says.

    Raises
    ------
    BundleError, QonnxError
        There is no bundle, or it is damaged, or the QONNX file has no exact program.
    FleetError
        A channel is not known or has no bundle, or there is only one.
    UserError
        A channel cannot be had.
    """
    if not fleet:
        subject = open_subject(config)
        return RtlSubject(subject.config, (subject,), (), config.rtl_path)
    names = select_channels(config, reporter)
    if len(names) == 1:
        raise FleetError(
            f"{names[0]!r} is a single channel, and several are needed to interleave them; for the design of one write "
            f"channel={names[0]}"
        )
    shared = config.fleet.model_copy(update={"shared_formats": True})
    config = config.model_copy(update={"fleet": shared, "rtl": replace(config.rtl, channels=len(names))})
    subjects = tuple(_member(config, name) for name in names)
    return RtlSubject(config, subjects, names, config.paths.rtl / f"interleaved-{config.evaluate.name}")


def _member(config: Config, channel: str) -> Subject:
    """Return a channel's bundle."""
    run = run_config(config, channel, config.evaluate.seeds[0])
    if not (run.bundle_path / MANIFEST).is_file():
        raise FleetError(
            f"channel {channel!r} has no bundle {run.bundle_path}; train it with: hw-trigger fleet fleet.shared_formats=true"
        )
    return open_subject(run)
