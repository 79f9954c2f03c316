"""One run of a fleet: trained, unless it is trained already. Tasks of a worker's."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from threadpoolctl import threadpool_limits

from hw_trigger.bundle.bundle import Bundle, load_bundle
from hw_trigger.config.schema import Config
from hw_trigger.errors import UserError
from hw_trigger.files import to_json, write_whole
from hw_trigger.models.calibration import calibrate
from hw_trigger.models.export import network_formats
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.spec import NetworkFormats
from hw_trigger.stages.networks import load_float, use_threads
from hw_trigger.stages.provenance import config_digest
from hw_trigger.stages.qat import run_qat
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.telemetry import channel_digest, load_channel
from hw_trigger.stages.training import prepare


@dataclass(frozen=True)
class Trained:
    """What became of a run.

    Attributes
    ----------
    seconds
        That training took; None where that is not known.
    known
        It was trained already.
    formats
        Those that calibration gives, where they were asked for.
    problem
        Why there is no network; empty where there is one.
    """

    run: str
    seconds: float | None = None
    known: bool = False
    formats: NetworkFormats | None = None
    problem: str = ""


def train(config: Config, formats: NetworkFormats | None = None) -> Trained:
    """Train the run of the configuration, unless its bundle is of these settings, of this telemetry and in these formats.

    A mistake of the user's, or telemetry that no network can be trained on, is told as a problem: other runs go on.
    """
    name = config.run_name
    try:
        with threadpool_limits(1):  # a worker has one core
            if (bundle := trained_already(config, formats)) is not None:
                return Trained(name, _seconds(config, bundle), known=True)
            start = time.perf_counter()
            bundle = run_qat(config, Silent(), formats)
            seconds = round(time.perf_counter() - start, 1)
            record = {"program_sha256": bundle.manifest.program_sha256, "seconds": seconds}
            write_whole(_record(config), to_json(record))
            return Trained(name, seconds)
    except UserError as error:
        return Trained(name, problem=str(error))


def calibrated(config: Config) -> Trained:
    """Train the float network of the run, and return the formats that calibration gives; problems as `train`.

    The float network is that of the bundle where there is one; `train` goes on from its checkpoint.
    """
    try:
        with threadpool_limits(1):
            use_threads(config)
            training, bundle = prepare(config, Silent()), trained_already(config)
            model = training.float_network()[0] if bundle is None else load_float(bundle, config)
            formats = calibrate(cast("FloatAutoencoder", model), config.quant, training.train)
            return Trained(config.run_name, known=bundle is not None, formats=formats)
    except UserError as error:
        return Trained(config.run_name, problem=str(error))


def trained_already(config: Config, formats: NetworkFormats | None = None) -> Bundle | None:
    """Return the bundle of the run, None where it is not there, damaged, or of other settings, telemetry or formats.

    Raises
    ------
    UserError
        The telemetry cannot be had.
    """
    channel = load_channel(config, Silent())
    try:
        bundle = load_bundle(config.bundle_path)
    except UserError:
        return None
    manifest = bundle.manifest
    same = manifest.provenance.config_sha256 == config_digest(config) and manifest.channel.sha256 == channel_digest(
        channel
    )
    if not same or (formats is not None and network_formats(bundle.program) != formats):
        return None
    return bundle


def _record(config: Config) -> Path:
    """Return the file that tells how long training took."""
    return config.evaluation_path / "training" / f"{config.run_name}.json"


def _seconds(config: Config, bundle: Bundle) -> float | None:
    """Return how long the training of this bundle took, None where that is not known."""
    try:
        record = json.loads(_record(config).read_text("utf-8"))
        return float(record["seconds"]) if record["program_sha256"] == bundle.manifest.program_sha256 else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
