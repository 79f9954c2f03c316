"""Many channels and seeds: which they are, and the configuration of each one's run."""

from __future__ import annotations

from hw_trigger.bundle.bundle import MANIFEST
from hw_trigger.bundle.manifest import BundleError, Manifest, from_text
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError, nearest
from hw_trigger.evaluation.store import seed_suffix
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.reporter import Reporter, Silent
from hw_trigger.stages.telemetry import load_channel, open_telemetry
from hw_trigger.telemetry.synthetic import SYNTHETIC_CHANNELS

ALL_CHANNELS = "all"

SHOWN = 5
"""Names that a message tells; of more it tells the number."""


class FleetError(UserError):
    """Channels that cannot be chosen, or runs that cannot be told apart."""


def run_config(config: Config, channel: str, seed: int) -> Config:
    """Return the configuration of the run of one channel with one seed.

    Its name is that of any run of the channel, with ``-shared`` behind it where all networks share their formats, and
    ``-seed<N>`` for another seed than 0.

    Raises
    ------
    FleetError
        The configuration names one run for all channels, or a file that the network is taken from.
    """
    for key in ("run", "onnx"):
        if (value := getattr(config, key)) is not None:
            raise FleetError(f"{key}={value} names one network, and each channel has one of its own: leave it out")
    suffix = f"{'-shared' if config.fleet.shared_formats else ''}{seed_suffix(seed)}"
    one = config.model_copy(update={"channel": channel, "seed": seed})
    return one.model_copy(update={"run": f"{one.run_name}{suffix}"}) if suffix else one


def select_channels(config: Config, reporter: Reporter) -> tuple[str, ...]:
    """Return the names of the channels of ``evaluate.channels``, each once, and check that they can be loaded.

    "all" are those that the telemetry source has without a download; the built-in ones only where it has no others.

    Raises
    ------
    FleetError
        A name is neither a channel's nor a spacecraft's.
    UserError
        A channel cannot be had, or is damaged.
    """
    source = open_telemetry(config, reporter)
    here = source.channels()
    offered = [name for name in here if name not in SYNTHETIC_CHANNELS] or here
    chosen: list[str] = []
    for wanted in config.evaluate.channels:
        if wanted == ALL_CHANNELS:
            chosen += offered
        elif wanted in here:
            chosen.append(wanted)
        else:
            spacecraft = {name: _spacecraft(config, name) for name in here}
            found = [name for name, owner in spacecraft.items() if owner == wanted]
            if not found:
                known = [*here, *sorted(set(spacecraft.values())), ALL_CHANNELS]
                raise FleetError(
                    f"{source.name} has no channel and no spacecraft {wanted!r}{nearest(wanted, known)}; "
                    f"evaluate.channels may have: {', '.join(known)}"
                )
            chosen += found
    names = tuple(dict.fromkeys(chosen))
    for name in names:
        load_channel(config.model_copy(update={"channel": name}), reporter)
    return names


def without_bundle(config: Config, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the runs of these channels, with all seeds, that have no bundle."""
    runs = [run_config(config, channel, seed) for channel in channels for seed in config.evaluate.seeds]
    return tuple(run.run_name for run in runs if not (run.bundle_path / MANIFEST).is_file())


def of_other_settings(config: Config, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the runs of these channels whose bundles were trained with other settings than the configured ones.

    Raises
    ------
    BundleError
        A bundle's manifest cannot be read.
    """
    runs = [run_config(config, channel, seed) for channel in channels for seed in config.evaluate.seeds]
    return tuple(run.run_name for run in runs if bundle_manifest(run).provenance.config_sha256 != config_digest(run))


def bundle_manifest(config: Config) -> Manifest:
    """Return the manifest of the run's bundle; none of the bundle's other files is looked at.

    Raises
    ------
    BundleError
        It cannot be read, or is damaged.
    """
    path = config.bundle_path / MANIFEST
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"cannot read {path}: {error}; `hw-trigger fleet` trains again") from error
    return from_text(text, str(path))


def some_of(names: tuple[str, ...]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _spacecraft(config: Config, channel: str) -> str:
    return load_channel(config.model_copy(update={"channel": channel}), Silent()).spacecraft
