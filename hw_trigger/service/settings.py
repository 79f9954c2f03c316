"""The service's settings, made of the configuration's section `serve`: limits, the experiment, and the keys from their file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hw_trigger.config.schema import ServeSection
from hw_trigger.service.batching import BatchLimits
from hw_trigger.service.experiment import Experiment
from hw_trigger.service.security import Digests, read_keys


@dataclass(frozen=True)
class Limits:
    """What requests may be as large as.

    Attributes
    ----------
    body_bytes
        Bytes of a request's body, or of a WebSocket's message.
    windows, samples
        Of one request.
    channels
        Streams that are kept, of all models.
    """

    body_bytes: int = 4 << 20
    windows: int = 4096
    samples: int = 4096
    channels: int = 10_000


@dataclass(frozen=True)
class ServeSettings:
    """Settings of a service.

    Attributes
    ----------
    host, port
        Where it listens; port 0 is any free one.
    models
        Names of the bundles that are served; ``None``: all of the directory.
    variant
        What answers; one of `variants`, which are loaded.
    threads
        Threads that a variant computes a batch with.
    processes
        Whether each variant has a process of its own, or all share the service's.
    batch
        How windows are batched.
    experiment
        A second variant beside the first.
    state
        Directory that streams are kept in; ``None``: in memory.
    limits
        Of requests.
    keys
        SHA-256 of the API keys; none: no key is asked for.
    benchmark
        Whether there is ``/benchmark``.
    drain
        Seconds that ``/ready`` says no before the port closes.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    models: tuple[str, ...] | None = None
    variant: str = "integer"
    variants: tuple[str, ...] = ("integer", "onnx", "float32", "int8-dynamic")
    threads: int = 1
    processes: bool = True
    batch: BatchLimits = field(default_factory=BatchLimits)
    experiment: Experiment | None = None
    state: Path | None = None
    limits: Limits = field(default_factory=Limits)
    keys: Digests = ()
    benchmark: bool = True
    drain: float = 0.0


def read_settings(section: ServeSection) -> ServeSettings:
    """Return the settings that a configuration says.

    Raises
    ------
    KeyFileError
        The file of API keys cannot be read, or is none.
    """
    experiment, batch, limits = section.experiment, section.batch, section.limits
    return ServeSettings(
        host=section.host,
        port=section.port,
        models=section.models,
        variant=section.variant,
        variants=section.variants,
        threads=section.threads,
        processes=section.processes,
        batch=BatchLimits(windows=batch.windows, delay=batch.delay_ms / 1000, queue=batch.queue),
        experiment=None
        if experiment is None
        else Experiment(variant=experiment.variant, share=experiment.share, shadow=experiment.shadow),
        state=section.state,
        limits=Limits(limits.body_bytes, limits.windows, limits.samples, limits.channels),
        keys=() if section.api_keys is None else read_keys(section.api_keys),
        benchmark=section.benchmark,
        drain=section.drain,
    )
