"""What a load is put on: a service that runs already, or one that is started for it; and windows in the units it takes."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import requests
from numpy.typing import NDArray

from hw_trigger.service.process import service_process


@dataclass(frozen=True)
class Target:
    """A service, and the model of it that is asked.

    Attributes
    ----------
    model, variants, steps, n_features
        As ``/v1/models`` has them.
    """

    url: str
    model: str
    variants: tuple[str, ...]
    steps: int
    n_features: int

    def windows(self, count: int, seed: int = 0) -> NDArray[np.float32]:
        """Return consecutive windows of a noisy sine, ``(count, steps, n_features)``, within -1 and 1."""
        samples = self.samples(count + self.steps - 1, seed)
        views = np.lib.stride_tricks.sliding_window_view(samples, self.steps, axis=0)
        return np.ascontiguousarray(views.swapaxes(1, 2))

    def samples(self, count: int, seed: int = 0) -> NDArray[np.float32]:
        """Return consecutive samples of it, ``(count, n_features)``."""
        noise = np.random.default_rng(seed).normal(0.0, 0.02, (count, self.n_features))
        wave = 0.8 * np.sin(np.arange(count) / 9.0)[:, None]
        return (wave + noise).astype(np.float32)


def target_of(url: str) -> Target:
    """Return a running service's first model."""
    answer = requests.get(f"{url}/v1/models", timeout=10)
    answer.raise_for_status()
    model = answer.json()["models"][0]
    names = tuple(variant["name"] for variant in model["variants"])
    return Target(url, model["id"], names, model["steps"], model["n_features"])


@contextlib.contextmanager
def started(bundle: Path, *overrides: str) -> Iterator[Target]:
    """Start the service on one bundle, on a free port, and end it behind the block."""
    bundle = bundle.resolve()
    settings = (f"paths.models={bundle.parent}", f"serve.models=[{bundle.name}]", *overrides)
    with tempfile.TemporaryDirectory() as scratch, service_process(Path(scratch) / "log", *settings) as service:
        yield target_of(service.url)


@contextlib.contextmanager
def chosen(url: str | None, bundle: Path | None, *overrides: str) -> Iterator[Target]:
    """Yield the service at `url`, or one that is started on `bundle`."""
    if url is not None:
        yield target_of(url.rstrip("/"))
    elif bundle is not None:
        with started(bundle, *overrides) as target:
            yield target
    else:
        raise SystemExit("give --url of a running service, or --bundle of a model to start one with")


def npy(values: NDArray[np.float32]) -> bytes:
    """Return an array as an ``.npy`` file."""
    content = BytesIO()
    np.save(content, values, allow_pickle=False)
    return content.getvalue()


def machine() -> str:
    """Return what the figures were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"machine: {model}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"
