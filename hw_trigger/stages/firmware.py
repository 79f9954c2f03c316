"""One firmware for a fleet: the HLS project of many channels, and the proof that it computes each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.table import Table

from hw_trigger.bundle.bundle import CONFIG, MANIFEST
from hw_trigger.config.compose import to_yaml
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.files import sha256_bytes, to_json, write_whole
from hw_trigger.fixedpoint import serialize
from hw_trigger.fixedpoint.family import Family, family
from hw_trigger.fixedpoint.formats import Codes
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls import csim
from hw_trigger.hls.channels import DIRECTORY, open_channels, write_channels
from hw_trigger.hls.compiler import build, find_compiler
from hw_trigger.hls.manifest import read_manifest
from hw_trigger.hls.memories import read_description
from hw_trigger.hls.project import Project
from hw_trigger.hls.reuse import doubts
from hw_trigger.markdown import markdown_table
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.provenance import versions
from hw_trigger.stages.recorded import chosen_windows, load_test
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.runs import FleetError, run_config, select_channels

JSON_NAME, MARKDOWN_NAME = "channels.json", "channels.md"

HEADINGS = ("channel", "windows", "alarms", "codes compared", "mismatches")


@dataclass(frozen=True)
class ChannelProof:
    """What C-simulation found of one channel: codes compared with the golden model's, those that differ, and the first one."""

    channel: str
    windows: int
    alarms: int
    compared: int
    mismatches: int
    first: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the channel, under :data:`HEADINGS`."""
        numbers = (self.windows, self.alarms, self.compared, self.mismatches)
        return (self.channel, *(f"{number:,}" for number in numbers))


@dataclass(frozen=True)
class Firmware:
    """A firmware for many channels.

    Attributes
    ----------
    directory
        Of its HLS project.
    proofs
        One a channel.
    memory_bits
        Of the memories that hold one channel's weights and state.
    missing
        Channels that have no bundle and so are not served.
    """

    directory: Path
    proofs: tuple[ChannelProof, ...]
    memory_bits: int
    missing: tuple[str, ...]

    @property
    def mismatches(self) -> int:
        """Codes that differ, of all channels."""
        return sum(proof.mismatches for proof in self.proofs)


def run_firmware(config: Config, reporter: Reporter) -> Firmware:
    """Write one HLS project for the fleet's channels, and simulate every channel's recorded windows with the one executable.

    The bundles are those of a fleet that was trained with shared formats, of the first of its seeds. A project that is there and
    is the one that would be written is kept, with what tools added to it.

    Raises
    ------
    FleetError
        A channel is not known, or none has a bundle.
    FamilyError
        The bundles' programs differ in more than their constants.
    HlsSettingsError, ReuseFactorError
        The settings do not fit the programs.
    CompilerError, SimulationError
        There is no C++ compiler, or a simulation crashed.
    UserError
        A channel or a bundle cannot be had.
    """
    fleet = config.fleet.model_copy(update={"shared_formats": True})
    config = config.model_copy(update={"fleet": fleet, "hls": replace(config.hls, weights="ports")})
    find_compiler()
    runs, missing = _runs(config, reporter)
    with reporter.task("reading bundles and telemetry", len(runs)) as advance:
        programs, windows = {}, {}
        for channel, one in runs.items():
            advance(0, note=channel)
            bundle, own = open_bundle(one)
            _, samples = load_test(bundle, own, reporter)
            programs[channel] = bundle.program
            windows[channel] = chosen_windows(
                bundle.program, samples.windows(bundle.program.steps), config.csim.windows
            )
            advance(1)
    members = family(programs)
    for doubt in doubts(members.first, config.hls):
        reporter.warn(doubt)
    _write(config, members, windows, reporter)
    proofs = _prove(config, programs, reporter)
    found = Firmware(
        config.firmware_path,
        proofs,
        sum(memory.total_bits for memory in read_description(config.firmware_path)),
        missing,
    )
    _tell(found, reporter)
    return found


def _runs(config: Config, reporter: Reporter) -> tuple[dict[str, Config], tuple[str, ...]]:
    """Return the runs that have a bundle, by channel, and the channels that have none."""
    runs = {name: run_config(config, name, config.evaluate.seeds[0]) for name in select_channels(config, reporter)}
    missing = tuple(name for name, one in runs.items() if not (one.bundle_path / MANIFEST).is_file())
    train = "train it with: hw-trigger fleet fleet.shared_formats=true"
    if len(missing) == len(runs):
        first = runs[missing[0]]
        raise FleetError(f"channel {missing[0]!r} has no bundle {first.bundle_path}, nor has another; {train}")
    for name in missing:
        reporter.warn(f"NOT SERVED: channel {name!r} has no bundle {runs[name].bundle_path}; {train}")
    return {name: one for name, one in runs.items() if name not in missing}, missing


def _write(config: Config, members: Family, windows: Mapping[str, Codes], reporter: Reporter) -> None:
    """Write the project, unless it is there."""
    content = [
        f"{name} {serialize.digest(program)} {sha256_bytes(windows[name].tobytes())}"
        for name, program in members.members.items()
    ]
    provenance = {"channels SHA-256": sha256_bytes("\n".join(content).encode()), **versions()}
    if _up_to_date(config, provenance):
        return
    with reporter.task(f"writing the HLS project of {len(content)} channels", 1) as advance:
        write_channels(
            members,
            config.hls,
            config.firmware_path,
            windows=windows,
            extra={CONFIG: to_yaml(config)},
            provenance=provenance,
        )
        advance(1)


def _up_to_date(config: Config, provenance: Mapping[str, str]) -> bool:
    try:
        for project in open_channels(config.firmware_path).values():
            project.check()
            return (read_manifest(project.directory).provenance, project.settings) == (provenance, config.hls)
    except UserError:  # there is none, or it is damaged: it is written anew
        pass
    return False


def _prove(config: Config, programs: Mapping[str, Program], reporter: Reporter) -> tuple[ChannelProof, ...]:
    """Simulate every channel's recorded windows, and compare them with what the golden model computes of its bundle's program.

    Several channels are simulated at a time, as a stream is one process's.
    """
    channels = open_channels(config.firmware_path)
    with reporter.task("compiling the firmware", 1) as advance:
        build(next(iter(channels.values())), "csim")
        advance(1)
    proofs = []
    with (
        reporter.task("C-simulation, channels", len(channels)) as advance,
        ThreadPoolExecutor(config.csim.jobs) as pool,
    ):
        for proof in pool.map(_proof, channels, channels.values(), [programs[name] for name in channels]):
            proofs.append(proof)
            advance(1, note=f"{proof.channel}: {proof.mismatches} mismatches")
    return tuple(proofs)


def _proof(name: str, project: Project, program: Program) -> ChannelProof:
    simulation = csim.run(replace(project, program=program), project.windows(), jobs=1)
    fired = simulation.found.trigger
    windows, alarms = len(simulation.found.output), 0 if fired is None else int(fired.sum())
    return ChannelProof(name, windows, alarms, simulation.compared, simulation.mismatches, simulation.first)


def _tell(found: Firmware, reporter: Reporter) -> None:
    """Write the table beside the project, and say the verdict."""
    table = markdown_table(HEADINGS, [proof.cells for proof in found.proofs], right=(1, 2, 3, 4))
    reporter.show(table, _drawing(found.proofs))
    sizes = f"{found.memory_bits:,} bits ({found.memory_bits / 8192:.1f} KiB) of memory a channel"
    verdict = (
        f"{found.mismatches} mismatches in {sum(proof.compared for proof in found.proofs):,} codes of {len(found.proofs)} "
        f"channels, one executable; {sizes}"
    )
    write_whole(
        found.directory / MARKDOWN_NAME,
        f"# One firmware for {len(found.proofs)} channels\n\n{table}\n\n{verdict}.\n",
    )
    document = {"memory_bits": found.memory_bits, "channels": [asdict(proof) for proof in found.proofs]}
    write_whole(found.directory / JSON_NAME, to_json(document))
    if found.mismatches:
        for proof in found.proofs:
            if proof.first:
                reporter.warn(f"channel {proof.channel!r}: {proof.first}")
        reporter.warn(f"VERIFICATION: {verdict}; table: {found.directory / MARKDOWN_NAME}")
    else:
        reporter.say(f"{verdict}; what a host loads: {found.directory / DIRECTORY}/<channel>")


def _drawing(proofs: Sequence[ChannelProof]) -> Table:
    """Return the table for a Rich console, channels with mismatches in red."""
    result = Table(title=f"One firmware for {len(proofs)} channels")
    for heading in HEADINGS:
        result.add_column(heading, justify="left" if heading == "channel" else "right")
    for proof in proofs:
        result.add_row(*proof.cells, style="red" if proof.mismatches else None)
    return result
