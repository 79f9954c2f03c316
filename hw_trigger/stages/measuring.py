"""All rows of the table on one channel; what is in the store is not measured again. A task of a worker's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, cast

from threadpoolctl import threadpool_limits

from hw_trigger.bundle.bundle import FLOAT_WEIGHTS, NETWORK, QUANTIZED_WEIGHTS, Bundle
from hw_trigger.bundle.manifest import BundleError, Manifest
from hw_trigger.config.schema import Config
from hw_trigger.detection.evaluation import Protocol
from hw_trigger.detection.scores import ScoreKind, causal_alarms, sample_scores
from hw_trigger.errors import UserError
from hw_trigger.evaluation.baseline import ThresholdRule, detect
from hw_trigger.evaluation.record import Detection, Record, measure
from hw_trigger.evaluation.rows import ROWS, Role, Row, RowKey, detector_of
from hw_trigger.evaluation.store import Store
from hw_trigger.evaluation.version import DETECTORS, NETWORKS, measuring_version
from hw_trigger.files import sha256_bytes, to_json
from hw_trigger.models.export import with_error_trigger
from hw_trigger.models.float_autoencoder import FloatAutoencoder
from hw_trigger.models.fused_cell import fuse
from hw_trigger.models.quant_autoencoder import QuantAutoencoder
from hw_trigger.stages.bundles import open_bundle
from hw_trigger.stages.networks import load_float, load_quantized
from hw_trigger.stages.reporter import Silent
from hw_trigger.stages.runs import bundle_manifest, run_config
from hw_trigger.stages.scoring import Scored, float_scores, integer_scores, quantized_scores
from hw_trigger.stages.telemetry import channel_digest, digitize, load_channel
from hw_trigger.stages.thresholds import choose_threshold
from hw_trigger.telemetry.channel import Channel, facts

PARTS: Final[tuple[Literal["training", "test"], ...]] = ("training", "test")


@dataclass(frozen=True)
class Measurement:
    """The records of one channel.

    Attributes
    ----------
    measured
        So many were not in the store.
    problem
        Why there are no records; empty where there are.
    """

    channel: str
    records: tuple[Record, ...] = ()
    measured: int = 0
    problem: str = ""


def measure_channel(config: Config, channel: str) -> Measurement:
    """Measure all configured rows with all seeds on a channel, and put each record into the store as it is done.

    A mistake of the user's, or telemetry that a detector cannot be fitted to, is told as a problem: other channels go on.
    """
    try:
        with threadpool_limits(1):  # a worker has one core
            return _measure(config, channel)
    except UserError as error:
        return Measurement(channel, problem=str(error))


def protocol_of(config: Config) -> Protocol:
    """Return what is the same for all detectors."""
    window = config.evaluate.window
    return Protocol(buffer=window, gap=window, sample_period=config.data.sample_period)


def store_of(config: Config) -> Store:
    """Return the store of the evaluation."""
    return Store(config.evaluation_path / "records")


def _measure(config: Config, name: str) -> Measurement:
    channel = load_channel(config.model_copy(update={"channel": name}), Silent())
    store, records, measured = store_of(config), [], 0
    for row, seed, network in _wanted(config, channel):
        key = _key(config, channel, row, seed, network)
        record = store.load(row.key, name, seed, key)
        if record is None:
            detection = network.detect(row.key) if network else _detect(config, channel, row, seed)
            found = measure(detection, channel.labels, protocol_of(config))
            degenerate = facts(channel, config.evaluate.window).degenerate
            record = Record(
                row.key, name, channel.spacecraft, degenerate, seed, found.causal, found.events, found.spread
            )
            store.save(record, key)
            measured += 1
        records.append(record)
    return Measurement(name, tuple(records), measured)


def _wanted(config: Config, channel: Channel) -> Iterator[tuple[Row, int, _Network | None]]:
    """Yield rows with their seeds, and the network behind each that has one."""
    rows = [row for key, row in ROWS.items() if key in config.evaluate.rows]
    for seed in config.evaluate.seeds:
        network = _Network(run_config(config, channel.name, seed), channel)
        for row in rows:
            if row.seeded or seed == config.evaluate.seeds[0]:
                yield row, seed if row.seeded else 0, network if row.role is Role.NETWORK else None


def _key(config: Config, channel: Channel, row: Row, seed: int, network: _Network | None) -> str:
    """Return a digest of all that the record depends on."""
    given = [row.key, seed, channel_digest(channel), repr(protocol_of(config)), repr(_rule(config))]
    given.append(str(config.evaluate.baseline_window))
    given.append(measuring_version(DETECTORS if network is None else NETWORKS))
    return sha256_bytes(to_json([*given, *(network.digests if network else ())]).encode())


def _rule(config: Config) -> ThresholdRule:
    return ThresholdRule(config.trigger.sigmas, config.trigger.false_alarms_per_day)


def _detect(config: Config, channel: Channel, row: Row, seed: int) -> Detection:
    detector = detector_of(row, config.evaluate.baseline_window, seed)
    return detect(detector, channel, _rule(config), protocol_of(config))


@dataclass(frozen=True)
class _Network:
    """The networks of one run on its channel; nothing is loaded before it is needed."""

    config: Config
    channel: Channel

    @cached_property
    def manifest(self) -> Manifest:
        found = bundle_manifest(self.config)
        if found.channel.sha256 != channel_digest(self.channel):
            raise BundleError(
                f"the bundle {self.config.bundle_path} was trained on other telemetry of channel {self.channel.name!r}, or on "
                "other columns; `hw-trigger fleet` trains again"
            )
        return found

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(self.manifest.files.get(name, "") for name in (NETWORK, FLOAT_WEIGHTS, QUANTIZED_WEIGHTS))

    @cached_property
    def opened(self) -> tuple[Bundle, Config]:
        bundle, trained = open_bundle(self.config)
        trained.autoencoder()  # refuses another kind
        return bundle, trained

    @cached_property
    def float_model(self) -> FloatAutoencoder:
        return cast("FloatAutoencoder", load_float(*self.opened))

    @cached_property
    def quantized_model(self) -> QuantAutoencoder:
        model = cast("QuantAutoencoder", load_quantized(*self.opened))
        fuse(model)  # the same outputs in a quarter of the time
        return model

    def detect(self, row: RowKey) -> Detection:
        bundle, _ = self.opened
        raw = digitize(self.channel, "test", bundle.scaling).windows(bundle.program.steps)
        scorers: dict[RowKey, Callable[[], Scored]] = {
            "float-error": self._window_error,
            "float": lambda: float_scores(self.float_model, bundle.program, raw),
            "qat": lambda: quantized_scores(self.quantized_model, bundle.program, raw),
            "integer": lambda: integer_scores(bundle.program, raw, threads=1),
        }
        return _of_samples(scorers[row]())

    def _window_error(self) -> Scored:
        """Return the mean square errors of the float network, with a threshold of their own from training windows."""
        bundle, trained = self.opened
        program = with_error_trigger(bundle.program)
        train, test = (
            float_scores(self.float_model, program, samples.windows(program.steps))
            for samples in (digitize(self.channel, part, bundle.scaling) for part in PARTS)
        )
        kind = trained.model_copy(update={"trigger": trained.trigger.model_copy(update={"kind": "error"})})
        threshold = choose_threshold(kind, program, train.scores).value
        return Scored(test.scores, test.scores > threshold, program.steps, threshold)


def _of_samples(scored: Scored) -> Detection:
    """Give each sample the score and the alarm of the window that ends with it, and the window-spread score."""
    causal, spread = (sample_scores(scored.scores, scored.steps, kind) for kind in ScoreKind)
    return Detection(causal, scored.threshold, causal_alarms(scored.alarms, scored.steps), spread)
